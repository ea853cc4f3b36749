"""A recurrent head: the order of the moments counts (Cho et al., EMNLP 2014; both directions: Schuster and Paliwal, 1997)."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from vsslfw.heads import ClassificationHead, dropout_layer, mean_over_real, real
from vsslfw.interfaces import Examples


class Gru(ClassificationHead):
    """hidden (B,T,E) -> logits (B,K): gated recurrent units over real positions, pooling, dropout, one linear layer.

    The recurrence runs in the precision of its weights, under autocast too: 256 steps in bfloat16 would add up their rounding.

    units: G, the size of the state of each direction.
    layers: how many lie on top of each other.
    bidirectional: read each sequence in both directions, so that 2 G numbers reach the linear layer; False reads forwards alone.
    pooling: "last" state of each direction, which has seen every real position; "mean" of the states at real positions.
    dropout: probability of dropping a number before the linear layer, in [0, 1).
    """

    check_with: ClassVar[Examples] = ({"units": 8}, {"units": 4, "layers": 2, "bidirectional": False, "pooling": "mean"})

    def __init__(
        self,
        hidden_dim: int,
        output_dim: int,
        *,
        units: int = 128,
        layers: int = 1,
        bidirectional: bool = True,
        pooling: Literal["last", "mean"] = "last",
        dropout: float = 0.5,
    ) -> None:
        for name, value in (("units", units), ("layers", layers)):
            if value < 1:
                raise ValueError(f"{name} is {value}; it must be at least 1")
        if pooling not in ("last", "mean"):
            raise ValueError(f'pooling is "{pooling}"; it must be "last" or "mean"')
        super().__init__()
        self.pooling = pooling
        self.directions = 2 if bidirectional else 1
        self.gru = nn.GRU(hidden_dim, units, layers, batch_first=True, bidirectional=bidirectional)
        self.dropout = dropout_layer(dropout)
        self.linear = nn.Linear(self.directions * units, output_dim)

    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        """(B,T,E), (B,T) bool -> (B,K) logits."""
        states, last = self._read(real(hidden, valid), valid)
        pooled = mean_over_real(states, valid) if self.pooling == "mean" else last
        logits: Tensor = self.linear(self.dropout(pooled))
        return logits

    def _read(self, hidden: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """(B,T,E) with 0 at PAD, (B,T) -> the states (B,T,G or 2G), 0 at PAD, and the last ones (B,G or 2G), 0 in a row of PAD alone."""
        # PAD fills the tail (`vsslfw.plan`), so packing leaves it out of both directions. A row of PAD alone cannot be packed:
        # it reads one zero, and its states are then put to 0.
        lengths = valid.sum(1).clamp_min(1).cpu()
        with torch.autocast(hidden.device.type, enabled=False):
            packed = pack_padded_sequence(hidden.to(self.linear.weight.dtype), lengths, batch_first=True, enforce_sorted=False)
            output, final = self.gru(packed)
        states, _ = pad_packed_sequence(output, batch_first=True, total_length=hidden.shape[1])
        final = final[-self.directions :]  # (1 or 2,B,G): the top layer's
        last = final.transpose(0, 1).flatten(1)  # (1 or 2,B,G) -> (B,G or 2G), forwards first
        return real(states, valid), last.masked_fill(~valid.any(1, keepdim=True), 0.0)
