"""The pretext head: from hidden states back to the backbone's features."""

from __future__ import annotations

from torch import Tensor, nn

from vsslfw.interfaces import Head
from vsslfw.types import IGNORE, Batch, Loss


class FeatureRegression(Head):
    """hidden (B,T,E) -> restored features (B,T,D): one linear layer, dropped after pre-training.

    The loss is eq. (1): at each position whose target counts, the squared error summed over the D numbers of the clean
    feature that belongs there; the count is the number of those positions (design reading 4).
    """

    task = "pretext"

    def __init__(self, hidden_dim: int, output_dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(hidden_dim, output_dim)

    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        """(B,T,E), (B,T) bool -> (B,T,D)."""
        restored: Tensor = self.linear(hidden)
        return restored

    def loss(self, output: Tensor, batch: Batch) -> Loss:
        """Eq. (1) as a sum over positions, and their number; each sample counts ``batch.weights`` times where given."""
        counts = batch.target != IGNORE
        # Chosen before squaring: what stands at an ignored position, NaN included, has no value and no gradient.
        error = (output.float() - batch.targets().float()).masked_fill(~counts.unsqueeze(-1), 0.0)
        weight = counts.to(error.dtype)
        if batch.weights is not None:
            weight = weight * batch.weights.to(error.dtype).unsqueeze(1)
        return Loss({"loss": (error.square().sum(-1) * weight).sum()}, weight.sum())
