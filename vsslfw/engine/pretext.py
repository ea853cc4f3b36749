"""Has pre-training learnt anything? Its error on held-out clips, beside three answers that need no learning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from vsslfw.engine.models import PretextModel, in_precision_of
from vsslfw.engine.precision import Precision, evaluating
from vsslfw.engine.samples import Samples, in_order
from vsslfw.plan import IGNORE
from vsslfw.types import Batch

ANSWERS = ("model", "copy", "mean", "interpolation")
PLACES = ("all", "masked", "moved", "untouched")


def evaluate_pretext(
    model: PretextModel,
    samples: Samples,
    *,
    mean_feature: Tensor,
    batch_size: int = 16,
    device: str = "cpu",
    precision: Precision = "float32",
) -> dict[str, Any]:
    """Mean over real frames of the squared L2 error (eq. 1), for each of `ANSWERS`, over each of `PLACES`; plain data.

    ``{"clips": n, "frames": {place: count}, "model": {place: error}, "copy": ..., "mean": ..., "interpolation": ...,
    "spread": {"model": s, "targets": s}}``; an error is None where no frame counts. Samples are those of epoch 0.

    ``copy`` answers with what the encoder is shown (the MASK feature where masked), ``mean`` with ``mean_feature`` (D,) of
    the training clips, ``interpolation`` with the line over time between the nearest positions that are not masked. A
    position counts if it has a target; it is ``moved`` if another clean frame is shown there than its target.
    ``spread`` is how far answers at one position differ from clip to clip (root mean square, see `check_not_collapsed`).
    """
    mean_feature = mean_feature.to(device).float()
    frames = torch.zeros(len(PLACES), dtype=torch.float64)
    errors = torch.zeros(len(ANSWERS), len(PLACES), dtype=torch.float64)
    spreads = {"model": _Spread(), "targets": _Spread()}
    clips = 0
    with evaluating(model, device, precision):
        for batch in in_order(samples, batch_size):
            batch = in_precision_of(model.mask, batch.to(device))
            shown = model.corrupted(batch)
            answers = {
                "model": model.restore(shown, batch.valid).float(),
                "copy": shown.float(),
                "mean": mean_feature.expand_as(shown),
                "interpolation": interpolate(shown.float(), batch.valid & (batch.source >= 0), batch.times),
            }
            targets = batch.targets().float()
            places = torch.stack(_places(batch)).double()  # (4,B,T)
            for row, name in enumerate(ANSWERS):
                error = (answers[name] - targets).square().sum(-1, dtype=torch.float64)  # (B,T)
                errors[row] += (error * places).sum((1, 2)).cpu()
            frames += places.sum((1, 2)).cpu()
            counted = places[0] > 0
            spreads["model"].add(answers["model"] - mean_feature, counted)
            spreads["targets"].add(targets - mean_feature, counted)
            clips += len(batch)
    return {
        "clips": clips,
        "frames": dict(zip(PLACES, map(int, frames), strict=True)),
        **{name: _means(errors[row], frames) for row, name in enumerate(ANSWERS)},
        "spread": {name: spread.root_mean_square() for name, spread in spreads.items()},
    }


def interpolate(shown: Tensor, known: Tensor, times: Tensor) -> Tensor:
    """(B,T,D), known (B,T) bool, times (B,T) seconds -> (B,T,D): the line between the nearest known positions.

    Before the first and behind the last known position it holds that one; a clip with none stays as it is shown.
    """
    positions = shown.shape[1]
    own = torch.arange(positions, device=shown.device).expand_as(known)
    before = torch.where(known, own, -1).cummax(1).values
    after = torch.where(known, own, positions).flip(1).cummin(1).values.flip(1)
    left = torch.where(before >= 0, before, after)
    right = torch.where(after < positions, after, before)
    nothing = ~known.any(1, keepdim=True)
    left, right = torch.where(nothing, own, left), torch.where(nothing, own, right)
    start, end = times.gather(1, left), times.gather(1, right)
    share = torch.where(end > start, (times - start) / (end - start).clamp_min(1e-9), 0.0).to(shown.dtype).unsqueeze(-1)
    at: Callable[[Tensor], Tensor] = lambda index: shown.gather(1, index.unsqueeze(-1).expand_as(shown))  # noqa: E731
    return torch.lerp(at(left), at(right), share)


def _means(errors: Tensor, frames: Tensor) -> dict[str, float | None]:
    return {place: float(error / count) if count else None for place, error, count in zip(PLACES, errors, frames, strict=True)}


def _places(batch: Batch) -> list[Tensor]:
    """(B,T) bool for each of `PLACES`."""
    counts = batch.valid & (batch.target != IGNORE)
    frame = batch.source >= 0
    return [counts, counts & ~frame, counts & frame & (batch.source != batch.target), counts & (batch.source == batch.target)]


class _Spread:
    """Variance over clips at each position and dimension, added up batch by batch in float64."""

    def __init__(self) -> None:
        self.count: Tensor | float = 0.0
        self.sum: Tensor | float = 0.0
        self.squares: Tensor | float = 0.0

    def add(self, values: Tensor, counted: Tensor) -> None:
        """(B,T,D) values at the (B,T) positions that count."""
        kept = values.double() * counted.unsqueeze(-1)
        self.count = self.count + counted.double().sum(0).unsqueeze(-1)
        self.sum = self.sum + kept.sum(0)
        self.squares = self.squares + kept.square().sum(0)

    def root_mean_square(self) -> float | None:
        """Over positions that at least two clips have; None if there is none."""
        count, total, squares = (torch.as_tensor(value) for value in (self.count, self.sum, self.squares))
        if count.ndim == 0 or not bool((count > 1).any()):
            return None
        variance = (squares - total.square() / count.clamp_min(1)) / count.clamp_min(1)
        return float(variance[(count > 1).squeeze(-1)].clamp_min(0).mean().sqrt())
