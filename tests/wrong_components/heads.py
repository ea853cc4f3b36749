"""What goes wrong in heads of both tasks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from vsslfw.types import Batch, Loss
from wrong_components.right import Decide, Restore
from wrong_components.table import caught_by

PRETEXT, CLASSIFICATION = "head/pretext", "head/classification"


@caught_by("check_shapes", PRETEXT)
class RestoresInHiddenSize(Restore):
    def __init__(self, hidden_dim: int, output_dim: int, *, dropout: float = 0.1) -> None:
        super().__init__(hidden_dim, hidden_dim, dropout=dropout)


@caught_by("check_shapes", CLASSIFICATION)
class TwoClassesAlone(Decide):
    def __init__(self, hidden_dim: int, output_dim: int, *, dropout: float = 0.1) -> None:
        super().__init__(hidden_dim, 2, dropout=dropout)


@caught_by("check_loss", PRETEXT)
class CallsItAnError(Restore):
    def loss(self, output: Tensor, batch: Batch) -> Loss:
        sums, count = super().loss(output, batch)
        return Loss({"error": sums["loss"]}, count)


@caught_by("check_loss", CLASSIFICATION)
class NeedsWeights(Decide):
    def loss(self, output: Tensor, batch: Batch) -> Loss:
        assert batch.labels is not None
        losses = functional.cross_entropy(output, batch.labels, reduction="none") * batch.weights
        return Loss({"loss": losses.sum()}, batch.weights.sum())  # type: ignore[union-attr]


@caught_by("check_loss_adds_up", PRETEXT)
class MeanOfTheBatch(Restore):
    def loss(self, output: Tensor, batch: Batch) -> Loss:
        sums, count = super().loss(output, batch)
        return Loss({"loss": sums["loss"] / count}, torch.ones(()))


@caught_by("check_loss_adds_up", CLASSIFICATION)
class MeanOfTheClips(Decide):
    def loss(self, output: Tensor, batch: Batch) -> Loss:
        sums, count = super().loss(output, batch)
        return Loss({"loss": sums["loss"] / count}, count)


@caught_by("check_weights", PRETEXT)
class ForgetsTheWeights(Restore):
    def loss(self, output: Tensor, batch: Batch) -> Loss:
        return super().loss(output, replace(batch, weights=None))


@caught_by("check_weights", CLASSIFICATION)
class WeighsTheSumAlone(Decide):
    def loss(self, output: Tensor, batch: Batch) -> Loss:
        return Loss(super().loss(output, batch).sums, torch.tensor(float(len(batch))))


@caught_by("check_prefers_the_truth", PRETEXT)
class RestoresWhatStandsThere(Restore):
    def loss(self, output: Tensor, batch: Batch) -> Loss:
        places = torch.arange(batch.target.shape[1], device=batch.target.device).expand_as(batch.target)
        return super().loss(output, replace(batch, target=torch.where(batch.target >= 0, places, batch.target)))


@caught_by("check_prefers_the_truth", PRETEXT)
class RestoresTheCorruptedFeatures(Restore):
    def loss(self, output: Tensor, batch: Batch) -> Loss:
        return super().loss(output, replace(batch, clean=None))


@caught_by("check_prefers_the_truth", CLASSIFICATION)
class LacksAMinusSign(Decide):
    """Eq. (2) as it is printed."""

    def loss(self, output: Tensor, batch: Batch) -> Loss:
        sums, count = super().loss(output, batch)
        return Loss({"loss": -sums["loss"]}, count)


@caught_by("check_padding", PRETEXT)
class SeesTheMeanOfAll(Restore):
    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        return super().forward(hidden + hidden.mean(1, keepdim=True), valid)


@caught_by("check_padding", CLASSIFICATION)
class PoolsPadToo(Decide):
    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        return super().forward(hidden, torch.ones_like(valid))


@caught_by("check_ignored", PRETEXT)
class MultipliesByZero(Restore):
    """NaN times 0 is NaN."""

    def loss(self, output: Tensor, batch: Batch) -> Loss:
        kept = batch.valid & (batch.target >= 0)
        weight = kept * (torch.ones_like(kept[:, :1].float()) if batch.weights is None else batch.weights.unsqueeze(1))
        return Loss({"loss": ((output - batch.targets()).square().sum(-1) * weight).sum()}, weight.sum())


@caught_by("check_ignored", PRETEXT)
class CountsEveryRealFrame(Restore):
    def loss(self, output: Tensor, batch: Batch) -> Loss:
        return super().loss(output, replace(batch, target=torch.where(batch.valid, batch.target.clamp_min(0), -1)))


def _leaking(hidden: Tensor) -> Tensor:
    """Adds nothing to the answer, and a gradient to PAD."""
    leak = 1e-3 * hidden.sum((1, 2))
    return leak - leak.detach()


@caught_by("check_padding_gradients", PRETEXT)
class LearnsFromPad(Restore):
    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        return super().forward(hidden, valid) + _leaking(hidden)[:, None, None]


@caught_by("check_padding_gradients", CLASSIFICATION)
class DecidesFromPad(Decide):
    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        logits = super().forward(hidden, valid)
        return logits + _leaking(hidden).unsqueeze(1) * torch.arange(logits.shape[1], device=logits.device)


@caught_by("check_all_padding", PRETEXT)
class DividesByItsLength(Restore):
    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        return super().forward(hidden, valid) / valid.sum(1)[:, None, None]


@caught_by("check_all_padding", CLASSIFICATION)
class AveragesNothing(Decide):
    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        logits: Tensor = self.linear(hidden.masked_fill(~valid.unsqueeze(-1), 0.0).sum(1) / valid.sum(1, keepdim=True))
        return logits


@caught_by("check_gradients", PRETEXT)
class KeepsASpareLayer(Restore):
    def __init__(self, hidden_dim: int, output_dim: int, *, dropout: float = 0.1) -> None:
        super().__init__(hidden_dim, output_dim, dropout=dropout)
        self.spare = nn.Linear(2, 2)


@caught_by("check_gradients", CLASSIFICATION)
class KeepsASpareAnswer(Decide):
    def __init__(self, hidden_dim: int, output_dim: int, *, dropout: float = 0.1) -> None:
        super().__init__(hidden_dim, output_dim, dropout=dropout)
        self.spare = nn.Linear(2, 2)


def _dropped(head: Any, hidden: Tensor) -> Tensor:
    kept = torch.from_numpy(np.random.default_rng().random(hidden.shape[-1]) > 0.5).to(hidden)
    return hidden * kept if head.training else hidden


@caught_by("check_dropout", PRETEXT)
class DropsByNumpy(Restore):
    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        return super().forward(_dropped(self, hidden), valid)


@caught_by("check_dropout", CLASSIFICATION)
class DropsByNumpyToo(Decide):
    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        return super().forward(_dropped(self, hidden), valid)
