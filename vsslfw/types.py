"""The shapes that travel between the parts. B batch, T positions, D feature, E hidden, K classes; times in seconds."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import torch
from torch import Tensor

from vsslfw.plan import IGNORE, MASK, PAD, CorruptionPlan

__all__ = ["IGNORE", "MASK", "PAD", "Batch", "CorruptionPlan", "Loss"]


@dataclass
class Batch:
    """features (B,T,D), source (B,T), target (B,T), valid (B,T) bool, times (B,T) seconds, labels (B,) or none.

    One type, from the feature store to the head. ``features`` holds what may be shown to the encoder, in clean order, and
    the PAD feature behind each clip's K real frames; ``source`` and ``target`` are the corruption plans
    (`vsslfw.plan.CorruptionPlan`), the identity in fine-tuning.
    """

    features: Tensor
    source: Tensor
    target: Tensor
    valid: Tensor
    times: Tensor
    labels: Tensor | None = None
    """(B,) int64 class index; none in pre-training."""
    weights: Tensor | None = None
    """(B,) weight of each sample in the loss (the class weights of the training fold); none counts each as 1."""
    clean: Tensor | None = None
    """(B,T,D) what must be restored, where frame-level corruption makes it differ from ``features``; none means the same."""
    index: Tensor | None = None
    """(B,) int64 position of each sample in its data set."""
    seeds: Tensor | None = None
    """(B,) int64 seed of each sample's stream for feature-level corruptions."""

    def __len__(self) -> int:
        return len(self.features)

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on another device."""
        return self._map(lambda tensor: tensor.to(device))

    def __getitem__(self, rows: slice) -> Batch:
        """The samples in ``rows``."""
        return self._map(lambda tensor: tensor[rows])

    def _map(self, change) -> Batch:  # type: ignore[no-untyped-def]
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{name: change(value) for name, value in values.items() if value is not None})

    def corrupted(self, mask_feature: Tensor) -> Tensor:
        """(B,T,D) what the encoder sees: ``features`` gathered by ``source``, ``mask_feature`` (D,) where it says MASK."""
        own = torch.arange(self.source.shape[1], device=self.source.device)
        index = torch.where(self.source >= 0, self.source, own)  # PAD positions hold the PAD feature already
        shown = self.features.gather(1, index.unsqueeze(-1).expand_as(self.features))
        return torch.where((self.source == MASK).unsqueeze(-1), mask_feature.to(shown.dtype), shown)

    def targets(self) -> Tensor:
        """(B,T,D) the clean feature that belongs at each position; meaningless where ``target`` is IGNORE."""
        clean = self.features if self.clean is None else self.clean
        return clean.gather(1, self.target.clamp_min(0).unsqueeze(-1).expand_as(clean))


class Loss(NamedTuple):
    """``sums``: scalars summed over a batch, of which ``"loss"`` is minimised; ``count``: what they average over.

    Sum and count instead of a mean make gradient accumulation and data parallel training exact.
    """

    sums: dict[str, Tensor]
    count: Tensor  # type: ignore[assignment]  # tuple.count is of no use here
