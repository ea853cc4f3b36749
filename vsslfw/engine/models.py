"""Encoder and head together: what is pre-trained, and what is fine-tuned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from vsslfw.interfaces import FeatureCorruption, Head, SequenceEncoder
from vsslfw.types import Batch, Loss


class PretextModel(nn.Module):
    """Restores clean features: forward(batch) -> (B,T,D). Paper, section 3.2 and eq. (1).

    ``mask_feature`` (D,) stands where a plan says MASK: the feature of the MASK image, or the start of a vector that is
    learned with the rest (``learned_mask``; design reading 1). ``feature_corruptions`` act after the plan, each sample
    with its own generator, seeded by ``batch.seeds``.
    """

    def __init__(
        self,
        encoder: SequenceEncoder,
        head: Head,
        *,
        mask_feature: Tensor,
        learned_mask: bool = False,
        feature_corruptions: Sequence[FeatureCorruption] = (),
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head
        self.feature_corruptions = list(feature_corruptions)
        self.mask: Tensor
        start = mask_feature.detach().clone().float()
        if learned_mask:
            self.mask = nn.Parameter(start)
        else:
            self.register_buffer("mask", start)

    def corrupted(self, batch: Batch) -> Tensor:
        """(B,T,D) what the encoder is shown: features put in place by the plan, then the feature-level corruptions."""
        shown = in_precision_of(self.mask, batch).corrupted(self.mask)
        if not self.feature_corruptions:
            return shown
        if batch.seeds is None:
            raise ValueError("feature-level corruptions need batch.seeds")
        rows = []
        for row, valid, seed in zip(shown, batch.valid, batch.seeds.tolist(), strict=True):
            generator = np.random.default_rng(seed)
            for corrupt in self.feature_corruptions:
                row = corrupt(row, valid, generator)
            rows.append(row)
        return torch.stack(rows)

    def forward(self, batch: Batch) -> Tensor:
        """The restored features (B,T,D)."""
        return self.restore(self.corrupted(batch), batch.valid)

    def restore(self, shown: Tensor, valid: Tensor) -> Tensor:
        """(B,T,D), (B,T) -> (B,T,D): the same for input that is corrupted already."""
        restored: Tensor = self.head(self.encoder(shown, valid), valid)
        return restored

    def step(self, batch: Batch) -> Loss:
        """The loss of a batch, as sums and the count they average over."""
        return self.head.loss(self(batch), in_precision_of(self.mask, batch))


class Classifier(nn.Module):
    """Tells classes apart: forward(features (B,T,D), valid (B,T)) -> logits (B,K). Paper, section 3.3 and eq. (2).

    With ``frozen_encoder`` the head alone is trained.
    """

    def __init__(self, encoder: SequenceEncoder, head: Head, *, frozen_encoder: bool = False) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head
        self.frozen_encoder = frozen_encoder
        encoder.requires_grad_(not frozen_encoder)

    def train(self, mode: bool = True) -> Classifier:
        """As any module, but a frozen encoder stays in eval mode: its dropout would be noise that nothing learns to bear."""
        super().train(mode)
        if self.frozen_encoder:
            self.encoder.eval()
        return self

    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        """(B,T,D), (B,T) -> logits (B,K)."""
        features = features.to(next(self.parameters()).dtype)
        logits: Tensor = self.head(self.encoder(features, valid), valid)
        return logits

    def step(self, batch: Batch) -> Loss:
        """The loss of a batch, as sums and the count they average over."""
        return self.head.loss(self(batch.features, batch.valid), batch)


def in_precision_of(tensor: Tensor, batch: Batch) -> Batch:
    """The batch with features in ``tensor``'s dtype: the store may hold them in float16, arithmetic never does."""
    clean = None if batch.clean is None else batch.clean.to(tensor.dtype)
    return replace(batch, features=batch.features.to(tensor.dtype), clean=clean)
