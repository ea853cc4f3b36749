"""The classification head of the paper: a fully-connected layer on the encoder."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from vsslfw.heads import ClassificationHead, dropout_layer, mean_over_real, real


class FullyConnected(ClassificationHead):
    """hidden (B,T,E) -> logits (B,K): pooling over time, dropout, one linear layer (paper, section 3.2, fig. 3).

    The loss is cross-entropy over K softmax outputs, eq. (2) with its sign put right (design reading 10).

    pooling: "mean" of the hidden states at real positions; "first" position alone; "frame_logits" classifies each real
        position and averages the logits (design reading 7).
    dropout: probability of dropping a number before the linear layer, in [0, 1).
    """

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
        super().__init__()
        self.pooling = pooling
        self.dropout = dropout_layer(dropout)
        self.linear = nn.Linear(hidden_dim, output_dim)

    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        """(B,T,E), (B,T) bool -> (B,K) logits."""
        hidden = real(hidden, valid)
        if self.pooling == "frame_logits":
            return mean_over_real(self.linear(self.dropout(hidden)), valid)
        pooled = hidden[:, 0] if self.pooling == "first" else mean_over_real(hidden, valid)
        logits: Tensor = self.linear(self.dropout(pooled))
        return logits
