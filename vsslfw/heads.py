"""What heads share: the loss of a classification head, the mean over real positions, dropout that is checked."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from vsslfw.interfaces import Head
from vsslfw.types import Batch, Loss


class ClassificationHead(Head):
    """hidden (B,T,E) -> logits (B,K), with the loss of eq. (2): a subclass writes ``forward`` alone.

    The loss is cross-entropy over K softmax outputs, eq. (2) with its sign put right (design reading 10).
    """

    task = "classification"

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


def real(values: Tensor, valid: Tensor) -> Tensor:
    """(B,T,X), (B,T) bool -> (B,T,X): 0 at PAD, whatever stood there, so that it reaches neither an answer nor a gradient."""
    return values.masked_fill(~valid.unsqueeze(-1), 0.0)


def mean_over_real(values: Tensor, valid: Tensor) -> Tensor:
    """(B,T,X), (B,T) bool -> (B,X), the mean over real positions; 0 where a row has none."""
    return real(values, valid).sum(1) / valid.sum(1, keepdim=True).clamp_min(1)


def dropout_layer(dropout: float) -> nn.Dropout:
    """The layer that drops a number with this probability. ValueError outside [0, 1)."""
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout is {dropout}; it must be at least 0 and below 1")
    return nn.Dropout(dropout)
