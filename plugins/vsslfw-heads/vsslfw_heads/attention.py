"""Gated attention pooling: Ilse, Tomczak, Welling, "Attention-based deep multiple instance learning", ICML 2018, eq. (9)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from vsslfw.heads import ClassificationHead, dropout_layer, real
from vsslfw.interfaces import Examples


class AttentionPooling(ClassificationHead):
    """hidden (B,T,E) -> logits (B,K): a weighted mean over real positions whose weights are learned, dropout, one linear layer.

    The weight of position t is the softmax over real positions of ``w . (tanh(V h_t) * sigmoid(U h_t))``.

    attention_dim: A, the number of rows of V and U; the paper's experiments use 128.
    gated: with the factor sigmoid(U h_t), eq. (9); False leaves it out, eq. (8).
    dropout: probability of dropping a number before the linear layer, in [0, 1).
    """

    check_with: ClassVar[Examples] = ({}, {"attention_dim": 4, "gated": False})

    def __init__(self, hidden_dim: int, output_dim: int, *, attention_dim: int = 128, gated: bool = True, dropout: float = 0.5) -> None:
        if attention_dim < 1:
            raise ValueError(f"attention_dim is {attention_dim}; it must be at least 1")
        super().__init__()
        # No biases, as in eq. (9); behind w one would cancel in the softmax and never have a gradient.
        self.content = nn.Linear(hidden_dim, attention_dim, bias=False)
        self.gate = nn.Linear(hidden_dim, attention_dim, bias=False) if gated else None
        self.score = nn.Linear(attention_dim, 1, bias=False)
        self.dropout = dropout_layer(dropout)
        self.linear = nn.Linear(hidden_dim, output_dim)

    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        """(B,T,E), (B,T) bool -> (B,K) logits."""
        weights = self.attention(hidden, valid).unsqueeze(-1)  # (B,T,1)
        pooled = (weights * real(hidden, valid)).sum(1).to(hidden.dtype)  # (B,E)
        logits: Tensor = self.linear(self.dropout(pooled))
        return logits

    def attention(self, hidden: Tensor, valid: Tensor) -> Tensor:
        """(B,T,E), (B,T) bool -> (B,T) float32 weights: 0 at PAD, of sum 1 over real positions; all 0 in a row without any."""
        hidden = real(hidden, valid)
        signal = torch.tanh(self.content(hidden))
        if self.gate is not None:
            signal = signal * torch.sigmoid(self.gate(hidden))
        scores: Tensor = self.score(signal).squeeze(-1).float()
        # The lowest number instead of -inf: in a row of PAD alone the softmax of -inf would be NaN, and so would all gradients.
        weights = scores.masked_fill(~valid, torch.finfo(scores.dtype).min).softmax(-1)
        return weights.masked_fill(~valid, 0.0)
