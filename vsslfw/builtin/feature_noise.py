"""Gaussian noise on the features that the encoder is about to see."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vsslfw.interfaces import FeatureCorruption


class FeatureNoise(FeatureCorruption):
    """features (T,D), valid (T,) -> (T,D) with independent Gaussian noise on every number at a valid position.

    Not in the paper. MASK positions are valid and get noise too.

    std: standard deviation of the noise, in the units of the features.
    """

    def __init__(self, *, std: float = 0.1) -> None:
        if not std >= 0:
            raise ValueError(f"std is {std}; it must be 0 or more")
        self.std = std

    def __call__(self, features: Tensor, valid: Tensor, generator: np.random.Generator) -> Tensor:
        """Add noise drawn from ``generator``: the same on every device."""
        noise = torch.from_numpy(generator.standard_normal(tuple(features.shape), dtype=np.float32)).to(features)
        return torch.where(valid.unsqueeze(-1), features + self.std * noise, features)
