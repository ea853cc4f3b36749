"""The classification head of the paper: a fully-connected layer on the encoder."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from vsslfw.interfaces import Head
from vsslfw.types import Batch, Loss


class FullyConnected(Head):
    """hidden (B,T,E) -> logits (B,K): pooling over time, dropout, one linear layer (paper, section 3.2, fig. 3).

    The loss is cross-entropy over K softmax outputs, eq. (2) with its sign put right (design reading 10).

    pooling: "mean" of the hidden states at real positions; "first" position alone; "frame_logits" classifies each real
        position and averages the logits (design reading 7).
    dropout: probability of dropping a number before the linear layer, in [0, 1).
    """

    task = "classification"

    def __init__(
        self,
        hidden_dim: int,
        output_dim: int,
        *,
        pooling: Literal["mean", "first", "frame_logits"] = "mean",
        dropout: float = 0.5,
    ) -> None:
        if pooling not in ("mean", "first", "frame_logits"):
            raise ValueError(f'pooling is "{pooling}"; it must be "mean", "first" or "frame_logits"')
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout is {dropout}; it must be at least 0 and below 1")
        super().__init__()
        self.pooling = pooling
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(hidden_dim, output_dim)

    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        """(B,T,E), (B,T) bool -> (B,K) logits."""
        if self.pooling == "frame_logits":
            return _mean(self.linear(self.dropout(hidden)), valid)
        pooled = hidden[:, 0] if self.pooling == "first" else _mean(hidden, valid)
        logits: Tensor = self.linear(self.dropout(pooled))
        return logits

    def loss(self, output: Tensor, batch: Batch) -> Loss:
        """Weighted cross-entropy and the sum of the weights, so that their ratio is torch's weighted mean.

        ``"correct"`` averages to the weighted share of right answers.
        """
        if batch.labels is None:
            raise ValueError("a classification loss needs batch.labels")
        logits = output.float()
        weight = torch.ones_like(logits[:, 0]) if batch.weights is None else batch.weights.to(logits.dtype)
        loss = functional.cross_entropy(logits, batch.labels, reduction="none")
        correct = (logits.argmax(-1) == batch.labels).to(logits.dtype)
        return Loss({"loss": (loss * weight).sum(), "correct": (correct * weight).sum()}, weight.sum())


def _mean(values: Tensor, valid: Tensor) -> Tensor:
    """(B,T,X), (B,T) bool -> (B,X), the mean over valid positions; 0 where a row has none."""
    total = values.masked_fill(~valid.unsqueeze(-1), 0.0).sum(1)
    return total / valid.sum(1, keepdim=True).clamp_min(1)
