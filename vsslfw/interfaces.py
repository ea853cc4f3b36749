"""The contracts. Everything that can be swapped by name is one of these.

Shapes: B batch, T positions, N frames, L frames a clip, D feature, E hidden, K classes. Sizes are (H, W), times in seconds.
Parameters of a component are the keyword-only arguments of its ``__init__``, with type annotations: the recipe is checked
against them. What the framework itself knows (``feature_dim``, ``hidden_dim``, ``output_dim``) is passed by position. A parameter
that is a path is annotated `Location`: keys and records then hold its content, or its file name, and never the path.
``check_with`` lists the parameters that the conformance kit (`vsslfw.testing`) builds a component with: small ones, no files; an
empty tuple means that it needs files, and only its class is checked. ``expected_failures``, name of a check -> reason, may stand on
a class that breaks a rule on purpose.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vsslfw.locations import Location as Location  # what a parameter that is a path is annotated with
from vsslfw.plan import CorruptionPlan
from vsslfw.types import Batch, Loss

Level = Literal["frame", "sequence", "feature"]
Examples = tuple[dict[str, Any], ...]
"""Parameters to check a component with, a dict for each time that it is built."""


class Dataset(ABC):
    """Something that can name its videos: it returns the path of a manifest (``videos.csv``, docs/data.md)."""

    cache_version: ClassVar[int] = 1
    check_with: ClassVar[Examples] = ({},)
    synthetic: ClassVar[bool] = False
    """True if the videos are made, not recorded: every artefact of a run then says so."""
    told: Callable[[int, int], None] | None = None
    """Set while `manifest` is called in a run: a data set that makes its videos may tell it (videos done, of how many)."""

    @abstractmethod
    def manifest(self, folder: Path) -> Path:
        """Return the manifest's path; a data set that makes its videos writes them below ``folder`` (once)."""


@dataclass(frozen=True)
class Watched:
    """A video that a detector may look at: from ``start_s`` to ``end_s`` of a file, in seconds from its first picture (none: its end).

    ``size`` is the (H, W) of the upright picture; ``duration_s`` is as declared.
    """

    video_id: str
    subject_id: str
    path: Path
    size: tuple[int, int]
    duration_s: float
    start_s: float = 0.0
    end_s: float | None = None


class Detector(ABC):
    """Finds the patient: boxes (N, 4) as x1, y1, x2, y2 in pixels of the upright picture, at given times."""

    cache_version: ClassVar[int] = 1
    check_with: ClassVar[Examples] = ({},)

    @abstractmethod
    def boxes(self, video_id: str, times: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64] | None:
        """(N, 4) boxes at ``times`` (N,) seconds in a video of ``size`` (H, W); none means the whole picture.

        A row of NaN says that nobody is there: the frame is left out, and counts as lost (``video.max_lost``).
        """

    def prepare(self, video_ids: Sequence[str]) -> str:
        """Told once of every video of the manifest, before any is decoded; returns what a person should know, or nothing.

        UserError if what the detector was given does not fit these videos.
        """
        return ""

    def watch(self, video: Watched) -> None:
        """Told of a video's file, in every process, before its `fingerprint` or `boxes` are asked for.

        A detector that looks at pictures notes it here, and looks when `boxes` are first asked for. The default does nothing.
        UserError if what the detector was given does not fit this video.
        """
        return

    def fingerprint(self, video_id: str) -> str:
        """What the boxes of this video depend on, beyond the recipe: part of the key of its features."""
        return ""

    def shares(self, video_id: str) -> Mapping[str, float]:
        """What share of the times that were looked at has a box of its own, and what became of the others, for the records of a run.

        Of the names "found", "hold", "whole_frame" and "drop", adding up to 1. The default says nothing.
        """
        return {}

    def trained_on(self, video_id: str) -> bool | None:
        """Whether what finds this video's patient was trained on its subject; none, the default: not known.

        Asked in every run, after `watch`, whether this video's `boxes` were asked for or its features were there already.
        """
        return None


@dataclass(frozen=True)
class BackboneSpec:
    """What a backbone is once it is built: D, the (H, W) of its frames, the L frames of a clip and the stride of clips."""

    feature_dim: int
    frame_size: tuple[int, int]
    clip_length: int = 1
    clip_stride: int = 1


class Backbone(nn.Module, ABC):
    """forward(frames (N,3,H,W), or (N,L,3,H,W) if clip_length > 1) -> (N, D). Frozen, and always in eval mode.

    Frames are RGB in [0, 1], normalised by ``mean`` and ``std``.
    """

    cache_version: ClassVar[int] = 1
    check_with: ClassVar[Examples] = ({},)
    feature_dim: int
    frame_size: tuple[int, int]
    """(H, W) of the crop that it is given."""
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    clip_length: int = 1
    """L: frames that make one feature. T counts clips where it is above 1, and times are clip centres."""
    clip_stride: int = 1
    """Frames from the start of one clip to the start of the next."""

    @classmethod
    def spec(cls, **parameters: Any) -> BackboneSpec | None:
        """What these parameters would build, without building it: a recipe is checked against it before weights are read.

        The default is what the class declares, with the ``frame_size`` parameter if there is one; none if it does not declare
        ``feature_dim``. A class whose shapes depend on its parameters overrides this, and raises ValueError or UserError for
        parameters that it would refuse.
        """
        size = parameters.get("frame_size", getattr(cls, "frame_size", None))
        size = (size, size) if isinstance(size, int) else size
        dim = getattr(cls, "feature_dim", None)
        return BackboneSpec(dim, tuple(size), cls.clip_length, cls.clip_stride) if dim and size else None

    @abstractmethod
    def forward(self, frames: Tensor) -> Tensor:
        """(N,3,H,W) or (N,L,3,H,W) float -> (N,D) float."""

    def freeze(self) -> Backbone:
        """Turn gradients off and eval mode on, for good."""
        self.requires_grad_(False)
        return self.eval()

    def train(self, mode: bool = True) -> Backbone:
        """Stay in eval mode: a training step of the model around it must not wake BatchNorm (design reading 6)."""
        super().train(False)
        return self

    def fingerprint(self) -> str:
        """Digest of the architecture's name, its ``cache_version`` and its weights: part of the key of its features.

        Parameters, ``mean``, ``std`` and the clip's shape are in the key anyway. A class that reads anything else from a file (the
        number of heads, say) must cover it here.
        """
        digest = hashlib.sha256(f"{type(self).__module__}:{type(self).__qualname__}:{self.cache_version}".encode())
        for name, tensor in sorted(self.state_dict().items()):
            digest.update(f"{name}:{tuple(tensor.shape)}:{tensor.dtype}".encode())
            digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        return digest.hexdigest()


class Corruption(ABC):
    """A noising function of the input (never of the target). One of the three subclasses below says where it acts."""

    level: ClassVar[Level]
    cache_version: ClassVar[int] = 1
    check_with: ClassVar[Examples] = ({},)


class SequenceCorruption(Corruption):
    """(plan, generator) -> plan. Acts on the plan alone, so features are computed once."""

    level = "sequence"
    changes_length: ClassVar[bool] = False
    """True if it leaves MASK in a freed tail, which noises behind it would shuffle like frames: it belongs last, as a note says."""

    @abstractmethod
    def __call__(self, plan: CorruptionPlan, generator: np.random.Generator) -> CorruptionPlan:
        """Return a new plan. ``plan.target`` stays.

        `CorruptionPlan.showing` makes it from what the real positions show, at any length: the freed tail of a noise that
        shortens the sequence becomes MASK, and what a noise adds beyond K is cut.
        """


class FeatureCorruption(Corruption):
    """(features (T,D), valid (T,), generator) -> (T,D). Acts on the sequence that the encoder is about to see."""

    level = "feature"

    @abstractmethod
    def __call__(self, features: Tensor, valid: Tensor, generator: np.random.Generator) -> Tensor:
        """Return new features; positions that are not ``valid`` stay as they are."""


class FrameCorruption(Corruption):
    """(frames (K,H,W,3) uint8, generator) -> the same shape. Acts before the backbone, so extraction is online."""

    level = "frame"

    @abstractmethod
    def __call__(self, frames: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
        """Return new frames, one for each."""


class SequenceEncoder(nn.Module, ABC):
    """Built as ``Encoder(feature_dim, *, ...)``; forward(features (B,T,D), valid (B,T)) -> (B,T,E)."""

    cache_version: ClassVar[int] = 1
    check_with: ClassVar[Examples] = ({},)
    hidden_dim: int
    max_positions: int

    @abstractmethod
    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        """(B,T,D) float, (B,T) bool -> (B,T,E). What stands at PAD positions must never change a real one."""


class Head(nn.Module, ABC):
    """Built as ``Head(hidden_dim, output_dim, *, ...)``; forward(hidden (B,T,E), valid (B,T)) -> output."""

    cache_version: ClassVar[int] = 1
    check_with: ClassVar[Examples] = ({},)
    task: ClassVar[Literal["pretext", "classification"]]
    """``pretext``: output_dim is D, output (B,T,D). ``classification``: output_dim is K, output (B,K) logits."""

    @abstractmethod
    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        """(B,T,E), (B,T) bool -> the output."""

    @abstractmethod
    def loss(self, output: Tensor, batch: Batch) -> Loss:
        """Sums over the batch and the count they average over; respects ``batch.weights``."""


class ValidationScheme(Protocol):
    """scikit-learn's splitter protocol; any scikit-learn splitter can be registered as it is.

    The same videos must give the same splits each time: one that draws needs a ``random_state``.
    """

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Yield (train, test) indices of the labelled videos.

        X (n,) object array: the manifest's row of each video, a dict of text with ``video_id``, ``subject_id``, ``label`` and
        every column of its own (``site``, say). y (n,) int: its class. groups (n,): its subject. ValueError says why these
        videos cannot be split.
        """
        ...


class Executor(ABC):
    """Runs the folds: calls a function on many tasks and hands each result over as soon as it is there."""

    check_with: ClassVar[Examples] = ({},)

    @abstractmethod
    def run(
        self, function: Callable[[Any], Any], tasks: Iterable[Any], *, jobs: int, total: int | None = None
    ) -> Iterator[tuple[Any, Any]]:
        """Yield (task, result) as tasks finish. The first exception of a task is raised; what had finished is kept.

        At most ``jobs`` tasks run at a time. ``total`` (default: the number of tasks) counts those that an earlier run has
        done too. How a task is computed, the number of its threads for one, may depend on ``jobs`` and ``total`` and never on
        how many tasks are left: a resumed run gives identical results.
        """


CONTRACTS: dict[str, type] = {
    "dataset": Dataset,
    "detector": Detector,
    "backbone": Backbone,
    "corruption": Corruption,
    "encoder": SequenceEncoder,
    "head": Head,
    "validation": ValidationScheme,
    "executor": Executor,
}
"""Kind -> contract, in the order of `vsslfw.registry.KINDS`."""
