"""What a report is made of: plain values that the pipeline fills. Ids are pseudonyms, or not, before they get here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from vsslfw.evaluation.audits import AuditLine
from vsslfw.evaluation.predictions import Occlusion, Prediction, WindowAnswer
from vsslfw.sections import Section

SYNTHETIC = "Made video, no patient: nothing here is evidence about patients."
"""The banner of a run on synthetic data."""

History = Sequence[Mapping[str, Any]]
"""One mapping an epoch, as `vsslfw.engine` returns it: at least ``epoch`` and ``loss``."""


@dataclass(frozen=True)
class VideoLine:
    """A video of the manifest that took part."""

    video: str
    subject: str
    role: Literal["labelled", "contextual"]
    label: str | None
    """The true class; none for a contextual video."""
    seconds: float
    """Length that was used (from start_s to end_s)."""
    note: str = ""
    """Anything to know about it, such as frames that could not be decoded."""


@dataclass(frozen=True)
class LeftOut:
    """A video of the manifest that did not take part, and why."""

    video: str
    subject: str
    role: str
    reason: str


@dataclass(frozen=True)
class HeldOut:
    """Pretext loss per real frame on clips that pre-training did not see: the model beside trivial answers."""

    losses: Mapping[str, Mapping[str, float | None]]
    """Place (``masked``, ``moved``, ``untouched``, ``all``) -> answer (``model``, ``copy``, ``mean``, ``interpolation``) -> mean
    loss. Every answer but ``model`` counts as trivial; none where a place has no frame."""
    frames: Mapping[str, int] = field(default_factory=dict)
    """Place -> how many frames the mean is over."""
    clips: int = 0
    """How many clips were held out."""


@dataclass(frozen=True)
class Pretraining:
    """One pre-training; folds that admit the same clips share it."""

    name: str
    source: str
    """``pretrain.source`` of the recipe."""
    subjects: str
    """``pretrain.subjects`` of the recipe."""
    folds: Sequence[str]
    """Names of the folds that start from it."""
    clips: int
    """Clips admitted, those held out included."""
    clip_subjects: int
    """Subjects whom those clips show."""
    hours: float
    """Total length of the clips."""
    history: History
    held_out: HeldOut | None = None


@dataclass(frozen=True)
class Tile:
    """One position of the corrupted example, of those that are shown."""

    position: int
    shows: str
    """``own``: its own frame; ``moved``: another; ``mask``; ``pad``."""
    source: int | None
    """The clean frame that stands there; none for MASK and PAD."""
    clean: str = ""
    """The clean frame of this position as a ``data:`` URI; empty if pictures are not shown."""
    corrupted: str = ""
    """What the encoder is given there, likewise."""


@dataclass(frozen=True)
class Example:
    """A clip before and after its corruption (the paper's Fig. 2)."""

    source: Sequence[int]
    """The whole plan: for each position the clean frame that stands there, -1 for MASK, -2 for PAD."""
    tiles: Sequence[Tile]
    fps: float
    held_out: bool
    """The clip was kept aside from training."""
    pictures: bool
    """The tiles hold pictures."""
    note: str = ""
    """Why there are no pictures, or which corruptions a plan cannot show."""


@dataclass(frozen=True)
class FoldLine:
    """The fine-tuning of one fold."""

    name: str
    train_videos: int
    test_videos: int
    test_subjects: Sequence[str]
    history: History
    reused: bool = False
    """Taken from an earlier run with the same key."""


@dataclass(frozen=True)
class StageLine:
    """A stage of the run, and whether its result was there already."""

    name: str
    outcome: Literal["reused", "computed"]
    detail: str = ""
    key: str = ""
    """Digest that names its result."""
    seconds: float | None = None
    """Wall time; none if it was reused."""


@dataclass(frozen=True)
class PluginLine:
    """An installed plugin."""

    name: str
    distribution: str
    version: str
    state: str = "ok"
    """ok; or that it is left out or broken, and why."""


@dataclass(frozen=True)
class ReportData:
    """All that a report shows. Everything is text to be escaped: no field may hold markup."""

    name: str
    """The recipe's name: the title."""
    run: str
    """Name of the run folder."""
    synthetic: bool
    """True if the videos are made: the banner and a stamp on the page say so."""
    identified: bool
    """True if ids are the manifest's own (``--identify``): the page says that it must be kept private."""
    metrics: Mapping[str, Any]
    """What `vsslfw.evaluation.metrics.compute_metrics` returned."""
    predictions: Sequence[Prediction]
    videos: Sequence[VideoLine]
    left_out: Sequence[LeftOut]
    pretrainings: Sequence[Pretraining]
    """Empty if the encoder starts from scratch (``pretrain.source`` none)."""
    folds: Sequence[FoldLine]
    audits: Sequence[AuditLine]
    stages: Sequence[StageLine]
    recipe: str
    """The resolved recipe as text."""
    recipe_source: str
    """Where the recipe came from: a path or the name of a shipped one."""
    profile: str
    digest: str
    """Digest of the resolved recipe."""
    seed: int
    command: str = ""
    """The command line that made the run."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Library, interpreter and device -> version."""
    plugins: Sequence[PluginLine] = ()
    example: Example | None = None
    """None without pre-training."""
    provenance: Mapping[str, str] = field(default_factory=dict)
    """Anything else that made this result: component -> distribution and version, manifest and split digests, weights, dates."""
    windows: Sequence[WindowAnswer] = ()
    """The answer for each window, for the timelines."""
    occlusions: Sequence[Occlusion] = ()
    """Which moments mattered; empty if that was switched off."""
    properties: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Video -> column -> value: the manifest's own columns and the properties of the file, for stratification."""
    sections: Sequence[Section] = ()
    """What plugins add."""
    kind: Literal["validation", "external"] = "validation"
    """``external``: a model that was fitted before answers the videos of another site."""

    @property
    def shows_patients(self) -> bool:
        """Frames of recorded video are on the page: it must be kept private."""
        return not self.synthetic and self.example is not None and self.example.pictures
