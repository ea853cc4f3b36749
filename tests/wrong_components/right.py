"""A right component of each kind, as simple as it can be: what the wrong ones are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from vsslfw.builtin.synthetic_emu import SyntheticEMU
from vsslfw.heads import mean_over_real
from vsslfw.interfaces import (
    Backbone,
    Detector,
    Executor,
    FeatureCorruption,
    FrameCorruption,
    Head,
    SequenceCorruption,
    SequenceEncoder,
)
from vsslfw.plan import IGNORE, CorruptionPlan
from vsslfw.types import Batch, Loss
from vsslfw.weights import seeded


class Brightness(FrameCorruption):
    """frames (K,H,W,3) uint8 -> the same shape, all of them brighter or darker.

    strength: the most by which they change, in grey levels.
    """

    def __init__(self, *, strength: int = 40) -> None:
        self.strength = strength

    def __call__(self, frames: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
        change = int(generator.integers(-self.strength, self.strength + 1))
        return (frames.astype(np.int64) + change).clip(0, 255).astype(np.uint8)


class Rotation(SequenceCorruption):
    """plan -> plan that starts in the middle, and ends with what stood before it.

    least: the fewest positions by which it turns.
    """

    def __init__(self, *, least: int = 1) -> None:
        self.least = least

    def __call__(self, plan: CorruptionPlan, generator: np.random.Generator) -> CorruptionPlan:
        if plan.length < 2:
            return plan
        return plan.showing(np.roll(plan.source[: plan.length], -int(generator.integers(self.least, max(self.least + 1, plan.length)))))


class Noise(FeatureCorruption):
    """features (T,D), valid (T,) -> (T,D) with noise at valid positions.

    std: how much, in the units of the features.
    """

    def __init__(self, *, std: float = 0.1) -> None:
        self.std = std

    def __call__(self, features: Tensor, valid: Tensor, generator: np.random.Generator) -> Tensor:
        noise = torch.from_numpy(generator.standard_normal(tuple(features.shape), dtype=np.float32)).to(features)
        return torch.where(valid.unsqueeze(-1), features + self.std * noise, features)


class Mosaic(Backbone):
    """frames (N,3,16,16) -> (N,8): one convolution, and a linear layer on its means over the quarters.

    width: channels of the convolution.
    """

    feature_dim = 8
    frame_size = (16, 16)

    def __init__(self, *, width: int = 4) -> None:
        super().__init__()
        with seeded(3):
            self.convolution = nn.Conv2d(3, width, 3)
            self.linear = nn.Linear(4 * width, self.feature_dim)
        self.freeze()

    def forward(self, frames: Tensor) -> Tensor:
        quarters = functional.adaptive_avg_pool2d(self.convolution(frames).relu(), 2)
        features: Tensor = self.linear(quarters.flatten(1))
        return features


class MeanEncoder(SequenceEncoder):
    """features (B,T,D), valid (B,T) -> (B,T,E): each position beside the mean over all.

    hidden_dim: E.
    max_positions: the longest sequence.
    dropout: probability of dropping a number.
    """

    def __init__(self, feature_dim: int, *, hidden_dim: int = 8, max_positions: int = 12, dropout: float = 0.1) -> None:
        super().__init__()
        self.hidden_dim, self.max_positions = hidden_dim, max_positions
        self.positions = nn.Parameter(torch.randn(max_positions, hidden_dim) * 0.1)
        self.inwards, self.outwards = nn.Linear(feature_dim, hidden_dim), nn.Linear(2 * hidden_dim, hidden_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        if features.shape[1] > self.max_positions:
            raise ValueError(f"a sequence of {features.shape[1]} positions does not fit in max_positions = {self.max_positions}")
        own = (self.inwards(features) + self.positions[: features.shape[1]]).tanh()
        hidden: Tensor = self.outwards(self.dropout(torch.cat([own, mean_over_real(own, valid).unsqueeze(1).expand_as(own)], -1)))
        return hidden


class Restore(Head):
    """hidden (B,T,E) -> features (B,T,D), one linear layer; the squared error to the clean feature.

    dropout: probability of dropping a number.
    """

    task = "pretext"

    def __init__(self, hidden_dim: int, output_dim: int, *, dropout: float = 0.1) -> None:
        super().__init__()
        self.dropout, self.linear = nn.Dropout(dropout), nn.Linear(hidden_dim, output_dim)

    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        restored: Tensor = self.linear(self.dropout(hidden))
        return restored

    def loss(self, output: Tensor, batch: Batch) -> Loss:
        counts = batch.target != IGNORE
        weight = counts * (torch.ones_like(counts[:, :1].float()) if batch.weights is None else batch.weights.unsqueeze(1))
        error = (output.float() - batch.targets()).masked_fill(~counts.unsqueeze(-1), 0.0)
        return Loss({"loss": (error.square().sum(-1) * weight).sum()}, weight.sum())


class Decide(Head):
    """hidden (B,T,E) -> logits (B,K): the mean over real positions, one linear layer, cross-entropy.

    dropout: probability of dropping a number.
    """

    task = "classification"

    def __init__(self, hidden_dim: int, output_dim: int, *, dropout: float = 0.1) -> None:
        super().__init__()
        self.dropout, self.linear = nn.Dropout(dropout), nn.Linear(hidden_dim, output_dim)

    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        logits: Tensor = self.linear(self.dropout(mean_over_real(hidden, valid)))
        return logits

    def loss(self, output: Tensor, batch: Batch) -> Loss:
        assert batch.labels is not None
        weight = torch.ones_like(output[:, 0]).float() if batch.weights is None else batch.weights
        return Loss({"loss": (functional.cross_entropy(output.float(), batch.labels, reduction="none") * weight).sum()}, weight.sum())


class Wanderer(Detector):
    """A box that wanders through the picture.

    period: seconds until it is back.
    """

    def __init__(self, *, period: float = 20.0) -> None:
        self.period = period

    def boxes(self, video_id: str, times: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64] | None:
        height, width = size
        left = width / 4 * (1 + np.sin(2 * np.pi * times / self.period))
        zero = np.zeros_like(left)
        return np.stack([left, zero + height / 8, left + width / 3, zero + height], axis=1)


class Videos(SyntheticEMU):
    """Made videos, few and small.

    subjects, seed, level, seizures_per_subject, seizure_s, contextual_per_subject, contextual_s, fps, size: as `SyntheticEMU` has them.
    """


class LeaveOneOut:
    """Each subject is tested once.

    least: the fewest subjects that it takes.
    """

    def __init__(self, *, least: int = 2) -> None:
        self.least = least

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        names = sorted(set(groups))
        if len(names) < self.least:
            raise ValueError(f"there are {len(names)} subjects, and at least {self.least} are needed")
        for name in names:
            yield np.flatnonzero(groups != name), np.flatnonzero(groups == name)


class Threads(Executor):
    """In as many threads as there are jobs.

    patience: seconds that it waits for a result.
    """

    def __init__(self, *, patience: float = 60.0) -> None:
        self.patience = patience

    def run(
        self, function: Callable[[Any], Any], tasks: Iterable[Any], *, jobs: int, total: int | None = None
    ) -> Iterator[tuple[Any, Any]]:
        tasks = list(tasks)
        with ThreadPoolExecutor(jobs) as pool:
            for task, future in [(task, pool.submit(function, task)) for task in tasks]:
                yield task, future.result(self.patience)


RIGHT: dict[str, type] = {
    "corruption/frame": Brightness,
    "corruption/sequence": Rotation,
    "corruption/feature": Noise,
    "backbone": Mosaic,
    "encoder": MeanEncoder,
    "head/pretext": Restore,
    "head/classification": Decide,
    "detector": Wanderer,
    "dataset": Videos,
    "validation": LeaveOneOut,
    "executor": Threads,
}
