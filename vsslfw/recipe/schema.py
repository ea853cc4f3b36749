"""Every key of a recipe, with its type and, where the paper leaves a choice open, the default reading.

What the paper states (epochs, learning rates, the components) has no default here: a recipe says it, as
``recipes/seizure_bart.py`` does. "Reading n" is entry n of docs/recipes.md, "What the paper leaves open".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


@dataclass(frozen=True)
class Slot:
    """Marks a key that holds a component, ``dict(type="NAME", ...)``, of this kind (and, for a head, of this task)."""

    kind: str
    task: str | None = None


ComponentDict = dict[str, Any]
Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(gt=0)]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Precision = Literal["float32", "bfloat16"]


class Section(BaseModel):
    """Frozen, and no key that is not named here."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Labels(Section):
    """Which labels of the manifest are the classes."""

    classes: Annotated[tuple[Text, ...], Field(min_length=2)] | None = None
    """The classes, in order; None: every label in the manifest, sorted. Reading 10."""
    positive: Text | None = None
    """The class that precision, recall and F1 are about; None: the first."""


class Video(Section):
    """How a file becomes frames."""

    fps: Positive = 25.0
    """Frames per second, taken by presentation time. Section 4."""
    resize: tuple[Count, Count] | None = None
    """(H, W) before the crop; None: the paper's 128 x 171 for a crop of 112 x 112, and in proportion for other crops. Section 4."""
    max_lost: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Share of a video's frames that may be missing (damaged, never recorded, nobody in them) before the video is left out."""
    on_unreadable: Literal["stop_if_emptied", "leave_out"] = "stop_if_emptied"
    """What to do if leaving unreadable videos out would empty a class or a subject: stop, or go on without."""


class Contextual(Section):
    """The clips of unlabelled video that pre-training sees."""

    clip_s: Positive = 10.0
    """Length of a clip in seconds. Section 4."""
    clips: Count | None = None
    """At most this many clips; None: as many as fit. The paper has about 13,000. Section 4."""
    skip_blank: bool = True
    """Draw no clip where a recording is black or frozen: a camera that is covered or off, a recorder that hangs."""


class Extract(Section):
    """How features are computed and stored."""

    views: Count | Literal["online"] = "online"
    """Crops: that many cached ones a clip, or "online": a new one each time. Reading 5."""
    dtype: Literal["float16", "float32"] = "float16"
    """How features are stored."""
    precision: Precision = "float32"
    """How the backbone computes."""
    batch_size: Count = 64
    """Frames that go through the backbone at once."""


class Optimiser(Section):
    """AdamW. Section 4, "Training details"."""

    lr: Positive
    """Learning rate at the start (after warm-up)."""
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    """Decoupled weight decay."""
    schedule: Literal["linear", "constant"] = "linear"
    """"linear": down to 0 at the end. Section 4."""
    warmup: Share = 0.0
    """Share of all steps in which the rate rises from 0 to lr. Reading 12."""
    clip_norm: Positive | None = None
    """Largest norm of the gradient; None: no clipping. Reading 12."""


class Pretrain(Section):
    """The pretext task: restore a corrupted sequence. Section 3.2."""

    source: Literal["contextual", "labelled-train-fold", "none"] = "contextual"
    """Video to learn from; "none": from scratch. Readings 13 and 15."""
    subjects: Literal["all", "exclude-test-subject"] = "all"
    """Whose contextual video a fold's pre-training may see. Reading 13."""
    region: Annotated[ComponentDict, Slot("detector")] = {"type": "whole_frame"}
    """Which part of the picture. Reading 14."""
    head: Annotated[ComponentDict, Slot("head", "pretext")]
    """The pretext head. Eq. (1)."""
    mask: Literal["image", "learned"] = "image"
    """MASK: the constant image through the backbone, or a learned vector. Reading 1."""
    frame_order: Literal["kept", "shuffled"] = "kept"
    """"shuffled": a control. The frames of each clip stand in random order before the noise: what follows what cannot be learnt."""
    loss_on: Literal["real", "corrupted"] = "real"
    """Positions that count in the loss: all real frames, or only corrupted ones. Reading 4."""
    epochs: Count
    """Passes over the clips."""
    batch_size: Count = 16
    """Clips an optimiser step. Reading 14."""
    micro_batch: Count | None = None
    """Clips in memory at once; their gradients add up to batch_size. Only the draws of dropout differ. None: batch_size."""
    optimiser: Optimiser
    """AdamW."""
    precision: Precision = "float32"
    """How the encoder computes."""
    held_out: Share = 0.05
    """Share of the clips kept out of training, to measure what was learnt."""


class Finetune(Section):
    """The classification task: projection + encoder + head are trained, the backbone stays frozen (reading 6)."""

    region: Annotated[ComponentDict, Slot("detector")] = {"type": "whole_frame"}
    """Which part of the picture. Reading 14."""
    head: Annotated[ComponentDict, Slot("head", "classification")]
    """The classifier. Eq. (2), readings 7 and 10."""
    epochs: Count
    """Passes over the labelled videos; the last one is the result. Reading 12."""
    batch_size: Count = 16
    """Windows an optimiser step. Section 4."""
    micro_batch: Count | None = None
    """Windows in memory at once; their gradients add up to batch_size. Only the draws of dropout differ. None: batch_size."""
    optimiser: Optimiser
    """AdamW."""
    precision: Precision = "float32"
    """How the encoder computes."""
    class_weights: Literal["videos", "subjects", "none"] = "videos"
    """What the class weights count, in the training fold. Reading 11."""
    windows: Literal["random", "all"] = "random"
    """Of a long video: one random window an epoch, or all. Reading 8."""
    trained: Literal["all", "head"] = "all"
    """What is trained: projection, encoder and head (reading 6), or the head alone on an encoder that stays as it is."""
    label_fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the training subjects of each class whose labels are used, at least one; a smaller share lies within a larger one."""
    seeds: Count = 1
    """Fine-tune each fold with that many seeds and average their probabilities; a seed never counts as a further observation."""


class Evaluate(Section):
    """How a whole video is predicted."""

    stride: Count | None = None
    """Positions from one window to the next; None: as many as there are positions. Reading 8."""
    right_align: bool = True
    """The last window ends with the video (when that is long enough). Reading 8."""
    aggregate: Literal["mean_probability"] = "mean_probability"
    """How the windows of a video make one prediction. Reading 9."""
    threshold: Literal["half", "inner-folds"] = "half"
    """Of two classes: from .5 on, or from where the balanced accuracy in inner folds of the training videos is best."""
    occlusion_s: Positive | None = 1.0
    """Seconds that are hidden at a time to find which moments of a video mattered; None: not looked for."""


class Statistics(Section):
    """How sure the figures are, and what they are compared with. Nothing of it changes a prediction."""

    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Of the intervals."""
    resamples: Annotated[int, Field(ge=0)] = 500
    """Of the subjects, for the standard errors; 0: no intervals."""
    prevalence: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Share of the positive class where the model would be used: PPV and NPV are stated for it too. None: only for the tested videos."""
    baselines: bool = True
    """Simple probes over the same folds, and the shortcut table."""
    permutations: Annotated[int, Field(ge=0)] = 1000
    """Of the subjects' labels, for the probes' null; all distinct ones if there are fewer."""
    model_permutations: Annotated[int, Field(ge=0)] = 0
    """The same for the whole model, which is fine-tuned anew each time: at least 20 are of use."""
    strata: list[Text] | None = None
    """Columns of the manifest to break the result down by; None: every column with 2 to 12 values."""


class Settings(Section):
    """A resolved recipe."""

    name: Text
    """What runs and reports are called: letters, digits, ``.``, ``_`` and ``-``."""
    seed: Annotated[int, Field(ge=0)] = 0
    """The root of every random stream."""
    plugins: list[Text] = []
    """Plugins that it needs: files (``./my_plugin.py``, relative to the recipe), or the names of installed ones. They are executed."""
    data: Annotated[ComponentDict, Slot("dataset")]
    """Where the videos come from; ``--data PATH`` sets it to dict(type="videos_csv", path=PATH)."""
    labels: Labels = Labels()
    video: Video = Video()
    contextual: Contextual = Contextual()
    positions: Count = 256
    """T: positions of a sequence. Section 4."""
    backbone: Annotated[ComponentDict, Slot("backbone")]
    """Frame -> feature. Section 3.2."""
    extract: Extract = Extract()
    corruption: list[Annotated[ComponentDict, Slot("corruption")]]
    """The noise of pre-training: frame level first, then sequence, then feature. Section 4."""
    encoder: Annotated[ComponentDict, Slot("encoder")]
    """Sequence -> hidden states. Section 4."""
    pretrain: Pretrain
    finetune: Finetune
    evaluate: Evaluate = Evaluate()
    statistics: Statistics = Statistics()
    validation: Annotated[ComponentDict, Slot("validation")] = {"type": "loso"}
    """How videos are split into training and test. Section 4."""
    executor: Annotated[ComponentDict, Slot("executor")] = {"type": "local"}
    """Where the folds run."""
