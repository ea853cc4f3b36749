"""A multiple-instance head: every frame gives evidence, and a short telling moment can decide for the whole sequence."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from vsslfw.heads import ClassificationHead, dropout_layer, real
from vsslfw.interfaces import Examples

POOLINGS = ("log_mean_exp", "top_mean", "noisy_or")
RARE = 0.01
"""What noisy_or takes for the chance of a telling frame before training: at one half, 256 frames would make every class certain."""


class FrameEvidence(ClassificationHead):
    """hidden (B,T,E) -> logits (B,K): dropout and one linear layer give evidence (B,T,K) at each real position; pooling over time.

    A sequence of one real position is answered by its evidence, under every pooling.

    pooling: "log_mean_exp", a soft maximum (Pinheiro and Collobert, CVPR 2015); "top_mean", for each class the mean of its
        strongest evidence (k-max, as in W-TALC: Paul, Roy, Roy-Chowdhury, ECCV 2018); "noisy_or", a class is there if at least one
        frame shows it, frames being independent (Zhang, Platt, Viola, "Multiple instance boosting", NIPS 2005). The logits of
        noisy_or are the log-odds of that, so softmax gives the chance of each class on condition that exactly one is there.
    sharpness: r of log_mean_exp, above 0: towards 0 it is the mean, the greater the nearer to the maximum.
    share: of top_mean, in (0, 1]: which share of the real frames counts, rounded, and at least one frame; 1 is the mean.
    dropout: probability of dropping a number before the linear layer, in [0, 1).
    """

    check_with: ClassVar[Examples] = ({}, {"pooling": "top_mean", "share": 0.3}, {"pooling": "noisy_or"})

    def __init__(
        self,
        hidden_dim: int,
        output_dim: int,
        *,
        pooling: Literal["log_mean_exp", "top_mean", "noisy_or"] = "log_mean_exp",
        sharpness: float = 5.0,
        share: float = 0.125,
        dropout: float = 0.5,
    ) -> None:
        if pooling not in POOLINGS:
            raise ValueError(f'pooling is "{pooling}"; it must be "log_mean_exp", "top_mean" or "noisy_or"')
        if not 0 < sharpness < math.inf:
            raise ValueError(f"sharpness is {sharpness}; it must be above 0 and finite")
        if not 0 < share <= 1:
            raise ValueError(f"share is {share}; it must be above 0 and at most 1")
        super().__init__()
        self.pooling, self.sharpness, self.share = pooling, sharpness, share
        self.dropout = dropout_layer(dropout)
        self.linear = nn.Linear(hidden_dim, output_dim)
        if pooling == "noisy_or":
            nn.init.constant_(self.linear.bias, math.log(RARE / (1 - RARE)))

    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        """(B,T,E), (B,T) bool -> (B,K) logits; 0 for every class in a row without real positions."""
        evidence = self.evidence(hidden, valid)
        pooled = {"log_mean_exp": self._log_mean_exp, "top_mean": self._top_mean, "noisy_or": self._noisy_or}[self.pooling]
        logits = pooled(evidence.float(), valid.unsqueeze(-1))
        # Under autocast they stay float32: the log-odds of noisy_or are sums over all frames.
        return logits.masked_fill(~valid.any(1, keepdim=True), 0.0).to(self.linear.weight.dtype)

    def evidence(self, hidden: Tensor, valid: Tensor) -> Tensor:
        """(B,T,E), (B,T) bool -> (B,T,K): how much each real position speaks for each class, as logits; 0 at PAD.

        For inspection call it in eval mode: dropout acts on it in train mode.
        """
        return real(self.linear(self.dropout(real(hidden, valid))), valid)

    def _log_mean_exp(self, evidence: Tensor, valid: Tensor) -> Tensor:
        """(B,T,K), (B,T,1) -> (B,K): (1/r) log of the mean over real positions of exp(r e)."""
        scaled = _low(self.sharpness * evidence, valid)
        return (scaled.logsumexp(1) - valid.sum(1).clamp_min(1).log()) / self.sharpness

    def _top_mean(self, evidence: Tensor, valid: Tensor) -> Tensor:
        """(B,T,K), (B,T,1) -> (B,K): the mean of the k greatest, for each class on its own."""
        k = (self.share * valid.sum(1) + 0.5).floor().clamp_min(1)  # (B,1); rounded as the masked frames are (design reading 2)
        ranked = _low(evidence, valid).sort(1, descending=True).values
        counts = torch.arange(ranked.shape[1], device=k.device) < k  # (B,T)
        return real(ranked, counts).sum(1) / k

    def _noisy_or(self, evidence: Tensor, valid: Tensor) -> Tensor:
        """(B,T,K), (B,T,1) -> (B,K): log p - log(1 - p), where 1 - p is the product over real positions of 1 - sigmoid(e)."""
        # log(1 - sigmoid(e)) = -softplus(e); their sum never underflows, where the product of 256 numbers would.
        total = functional.softplus(evidence).masked_fill(~valid, 0.0).sum(1)
        total = total.clamp_min(torch.finfo(total.dtype).tiny)
        return total + (-torch.expm1(-total)).log()


def _low(values: Tensor, valid: Tensor) -> Tensor:
    """The lowest number at PAD: -inf would turn the gradients of a row of PAD alone into NaN."""
    return values.masked_fill(~valid, torch.finfo(values.dtype).min)
