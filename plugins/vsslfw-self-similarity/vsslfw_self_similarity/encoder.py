"""The encoder: lag profiles and where in the sequence they are, through convolutions over time."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from vsslfw.interfaces import Examples, SequenceEncoder
from vsslfw_self_similarity.profile import lag_profile

PLACE = 3
"""Channels that say how far into the sequence a position is."""


class SelfSimilarity(SequenceEncoder):
    """features (B,T,D), valid (B,T) -> (B,T,E): the lag profile of each position, and residual dilated convolutions over time.

    A frame's features are used in one way alone: how far they are from those of the frames around it (`lag_profile`). So what
    the encoder learns is about rhythm and its course, and cannot be about the room, the bed, the clothes or the camera. The idea
    of reading repetition off a temporal self-similarity is that of Dwibedi et al., "Counting out time", CVPR 2020, section 3.

    It cannot restore a frame, since it never sees one: train it with ``pretrain.source`` "none".

    hidden_dim: E, the width of every layer.
    layers: residual convolutions, each looking twice as far as the one before.
    lags: the longest time between two compared frames, in frames: longer than the slowest cycle to be seen.
    smooth: positions over which a distance is averaged; odd.
    kernel: positions that a convolution sees; odd.
    max_positions: the longest sequence, T.
    dropout: probability behind each residual convolution, in [0, 1).
    """

    check_with: ClassVar[Examples] = (
        {"hidden_dim": 16, "layers": 2, "lags": 5, "smooth": 3, "kernel": 3, "max_positions": 24},
        {"hidden_dim": 8, "layers": 0, "lags": 30, "smooth": 1, "max_positions": 24},
    )

    def __init__(
        self,
        feature_dim: int,
        *,
        hidden_dim: int = 256,
        layers: int = 2,
        lags: int = 24,
        smooth: int = 5,
        kernel: int = 5,
        max_positions: int = 256,
        dropout: float = 0.1,
    ) -> None:
        for name, value, least in (
            ("hidden_dim", hidden_dim, 1),
            ("layers", layers, 0),
            ("lags", lags, 1),
            ("smooth", smooth, 1),
            ("kernel", kernel, 1),
            ("max_positions", max_positions, 1),
        ):
            if value < least:
                raise ValueError(f"{name} is {value}; it must be at least {least}")
        for name, value in (("smooth", smooth), ("kernel", kernel)):
            if value % 2 == 0:
                raise ValueError(f"{name} is {value}; it must be odd, so that a position has as many neighbours before it as behind it")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout is {dropout}; it must be at least 0 and below 1")
        super().__init__()
        self.hidden_dim = hidden_dim
        self.max_positions = max_positions
        self.lags = lags
        self.smooth = smooth
        self.stem = nn.Conv1d(lags + PLACE, hidden_dim, 2 * kernel - 1, padding=kernel - 1)
        self.stem_norm = nn.LayerNorm(hidden_dim)
        reach = [2**layer for layer in range(layers)]
        self.layers = nn.ModuleList(nn.Conv1d(hidden_dim, hidden_dim, kernel, padding=d * (kernel // 2), dilation=d) for d in reach)
        self.norms = nn.ModuleList(nn.LayerNorm(hidden_dim) for _ in reach)
        self.dropout = nn.Dropout(dropout)

    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        """(B,T,D) float, (B,T) bool -> (B,T,E). ValueError if T is above max_positions."""
        positions = features.shape[1]
        if positions > self.max_positions:
            raise ValueError(f"a sequence of {positions} positions does not fit in max_positions = {self.max_positions}")
        pad = ~valid.unsqueeze(-1)
        profile = lag_profile(features, valid, lags=self.lags, smooth=self.smooth).to(features.dtype)
        seen = torch.cat([profile, place(valid).to(features.dtype)], dim=-1).masked_fill(pad, 0.0)  # (B,T,lags+3)
        hidden = nn.functional.gelu(self.stem_norm(_over_time(self.stem, seen))).masked_fill(pad, 0.0)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            hidden = (hidden + self.dropout(nn.functional.gelu(norm(_over_time(layer, hidden))))).masked_fill(pad, 0.0)
        return hidden


def place(valid: Tensor) -> Tensor:
    """(B,T) bool -> (B,T,3): how far into the real part of the sequence a position is, from -1 to 1, and its cosine and sine."""
    real = valid.float()
    share = 2 * real.cumsum(1) / real.sum(1, keepdim=True).clamp(min=1) - 1
    return torch.stack([share, (torch.pi * share).cos(), (torch.pi * share).sin()], dim=-1)


def _over_time(convolution: nn.Module, hidden: Tensor) -> Tensor:
    """(B,T,C) -> (B,T,E): a convolution along T."""
    out: Tensor = convolution(hidden.transpose(1, 2)).transpose(1, 2)
    return out
