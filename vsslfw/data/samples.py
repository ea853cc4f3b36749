"""From stored features to batches of one: the pre-training clips, the fine-tuning windows, the test windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from vsslfw.data.store import FeatureEntry
from vsslfw.data.windows import test_windows, train_windows
from vsslfw.interfaces import SequenceCorruption
from vsslfw.plan import IGNORE, CorruptionPlan
from vsslfw.seeds import Stream
from vsslfw.types import Batch


class Clips(Protocol):
    """Where pre-training clips come from: cached views, or frames that are decoded anew."""

    def __len__(self) -> int: ...

    def read(self, index: int, stream: Stream) -> tuple[Tensor, Tensor | None, Tensor]:
        """Features (K,D) to be shown, clean features (K,D) where they differ, and times (K,) seconds."""


@dataclass(frozen=True)
class CachedClips:
    """Clips of the feature store; the view (one random crop) is drawn anew each time (paper, section 4; reading 5)."""

    entries: Sequence[FeatureEntry]

    def __len__(self) -> int:
        return len(self.entries)

    def read(self, index: int, stream: Stream) -> tuple[Tensor, None, Tensor]:
        """One view of a clip, the same for input and target."""
        entry = self.entries[index]
        view = int((stream / "view").generator().integers(entry.views))
        features, times = entry.read(view)
        return features, None, times


@dataclass(frozen=True)
class PretrainSamples:
    """Corrupted clips: sample(index, epoch) -> Batch of one, the same for the same (index, epoch).

    ``loss_on``: "real" counts every real frame (eq. 1), "corrupted" only those masked or moved (reading 4). ``shuffled``: the clip's
    frames stand in random order before the noise, in what is shown and in what must be restored alike.
    """

    clips: Clips
    corruptions: Sequence[SequenceCorruption]
    positions: int
    pad_feature: Tensor
    stream: Stream
    loss_on: str = "real"
    shuffled: bool = False

    def __len__(self) -> int:
        return len(self.clips)

    def sample(self, index: int, epoch: int) -> Batch:
        """One clip under one fresh corruption plan."""
        stream = self.stream / epoch / index
        features, clean, times = self.clips.read(index, stream)
        if self.shuffled:
            order = torch.from_numpy((stream / "frame order").generator().permutation(len(features)))
            features, clean = features[order], None if clean is None else clean[order]
        plan = corrupt(CorruptionPlan.clean(len(features), self.positions), self.corruptions, stream)
        if self.loss_on == "corrupted":
            plan = plan.with_target(np.where(plan.masked | plan.moved, plan.target, IGNORE))
        batch = batch_of_one(features, times, plan, self.pad_feature, index)
        batch.seeds = torch.tensor([(stream / "feature").seed()])
        if clean is not None:
            batch.clean = _padded(clean, self.pad_feature, self.positions).unsqueeze(0)
        return batch


def corrupt(plan: CorruptionPlan, corruptions: Sequence[SequenceCorruption], stream: Stream) -> CorruptionPlan:
    """Apply sequence-level corruptions in order; each draws from its own stream."""
    for number, corruption in enumerate(corruptions):
        plan = corruption(plan, (stream / "corruption" / number).generator())
    return plan


@dataclass(frozen=True)
class LabelledVideo:
    """A labelled video as the classifier meets it: its features, the index of its class, and its weight in the loss."""

    entry: FeatureEntry
    label: int
    weight: float = 1.0


@dataclass(frozen=True)
class FinetuneSamples:
    """Windows of labelled videos, uncorrupted: one random window a video an epoch, or all windows (reading 8)."""

    videos: Sequence[LabelledVideo]
    positions: int
    pad_feature: Tensor
    stream: Stream
    windows: str = "random"

    def __len__(self) -> int:
        return len(self._fixed()) if self.windows == "all" else len(self.videos)

    def _fixed(self) -> list[tuple[int, int, int]]:
        generator = self.stream.generator()
        return [
            (number, start, stop)
            for number, video in enumerate(self.videos)
            for start, stop in train_windows(video.entry.length, self.positions, "all", generator)
        ]

    def sample(self, index: int, epoch: int) -> Batch:
        """One window with its label and weight."""
        if self.windows == "all":
            number, start, stop = self._fixed()[index]
        else:
            generator = (self.stream / epoch / index).generator()
            number = index
            start, stop = train_windows(self.videos[number].entry.length, self.positions, "random", generator)[0]
        video = self.videos[number]
        batch = window_batch(video.entry, start, stop, self.positions, self.pad_feature, index)
        batch.labels = torch.tensor([video.label])
        batch.weights = torch.tensor([video.weight])
        return batch


def video_batches(entry: FeatureEntry, positions: int, pad_feature: Tensor, *, stride: int, right_align: bool) -> list[Batch]:
    """The test windows of a whole video, a Batch of one each."""
    windows = test_windows(entry.length, positions, stride, right_align)
    return [window_batch(entry, start, stop, positions, pad_feature, number) for number, (start, stop) in enumerate(windows)]


def window_batch(entry: FeatureEntry, start: int, stop: int, positions: int, pad_feature: Tensor, index: int) -> Batch:
    """Features start..stop-1 of a video, uncorrupted, padded to ``positions``."""
    features, times = entry.read(0, start, stop)
    return batch_of_one(features, times, CorruptionPlan.clean(len(features), positions), pad_feature, index)


def batch_of_one(features: Tensor, times: Tensor, plan: CorruptionPlan, pad_feature: Tensor, index: int) -> Batch:
    """(K,D) features under a plan of T positions -> Batch with B = 1; the PAD feature stands behind the K real frames."""
    padded_times = torch.zeros(len(plan), dtype=torch.float64)
    padded_times[: len(times)] = times
    return Batch(
        features=_padded(features, pad_feature, len(plan)).unsqueeze(0),
        source=torch.from_numpy(plan.source.copy()).unsqueeze(0),
        target=torch.from_numpy(plan.target.copy()).unsqueeze(0),
        valid=torch.from_numpy(plan.valid).unsqueeze(0),
        times=padded_times.unsqueeze(0),
        index=torch.tensor([index]),
    )


def _padded(features: Tensor, pad_feature: Tensor, positions: int) -> Tensor:
    padded = pad_feature.to(features.dtype).repeat(positions, 1)
    padded[: len(features)] = features
    return padded
