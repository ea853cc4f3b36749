"""What goes wrong in sequence encoders."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wrong_components.right import MeanEncoder
from wrong_components.table import caught_by

KIND = "encoder"


@caught_by("check_shapes", KIND)
class SqueezesOnePosition(MeanEncoder):
    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        return super().forward(features, valid).squeeze(1)


@caught_by("check_shapes", KIND)
class OneFeatureDimAlone(MeanEncoder):
    def __init__(self, feature_dim: int, **parameters: Any) -> None:
        super().__init__(12, **parameters)


@caught_by("check_too_long", KIND)
class CutsWhatIsTooLong(MeanEncoder):
    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        return super().forward(features[:, : self.max_positions], valid[:, : self.max_positions])


@caught_by("check_too_long", KIND)
class FailsInsteadOfRefusing(MeanEncoder):
    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        places = torch.arange(features.shape[1], device=features.device)
        hidden: Tensor = self.outwards((self.inwards(features) + self.positions[places]).repeat(1, 1, 2))
        return hidden


@caught_by("check_padding", KIND)
class AveragesPadToo(MeanEncoder):
    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        return super().forward(features, torch.ones_like(valid))


@caught_by("check_padding", KIND)
class NormalisesOverTheBatch(MeanEncoder):
    """Harmless in eval mode; in train mode PAD is part of the statistics."""

    def __init__(self, feature_dim: int, **parameters: Any) -> None:
        super().__init__(feature_dim, **parameters)
        self.norm = nn.BatchNorm1d(feature_dim)

    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        return super().forward(self.norm(features.transpose(1, 2)).transpose(1, 2), valid)


@caught_by("check_padding_length", KIND)
class DividesByT(MeanEncoder):
    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        return super().forward(features, valid) * valid.sum(1)[:, None, None] / features.shape[1]


@caught_by("check_all_padding", KIND)
class AveragesNothing(MeanEncoder):
    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        own = features.masked_fill(~valid.unsqueeze(-1), 0.0)
        return super().forward(own / valid.sum(1)[:, None, None], valid)


@caught_by("check_rows_apart", KIND)
class CentresTheBatch(MeanEncoder):
    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        first = features[:, :1]  # always real
        return super().forward(features - 0.5 * first.mean(0, keepdim=True), valid)


@caught_by("check_gradients", KIND)
class KeepsWordEmbeddings(MeanEncoder):
    def __init__(self, feature_dim: int, **parameters: Any) -> None:
        super().__init__(feature_dim, **parameters)
        self.words = nn.Embedding(3, 4)


@caught_by("check_gradients", KIND)
class HasFixedWeights(MeanEncoder):
    def __init__(self, feature_dim: int, **parameters: Any) -> None:
        super().__init__(feature_dim, **parameters)
        self.positions.requires_grad_(False)


@caught_by("check_padding_gradients", KIND)
class LearnsFromPad(MeanEncoder):
    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        return super().forward(features, valid) + 1e-3 * features.mean((1, 2), keepdim=True)


@caught_by("check_padding_gradients", KIND)
class DetachesItsInput(MeanEncoder):
    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        return super().forward(features.detach(), valid)


@caught_by("check_global_random_state", KIND)
class WeightsFromNumpy(MeanEncoder):
    def __init__(self, feature_dim: int, **parameters: Any) -> None:
        super().__init__(feature_dim, **parameters)
        state = np.random.get_state()
        self.positions.data = torch.from_numpy(np.random.standard_normal(self.positions.shape)).float()
        np.random.set_state(state)


@caught_by("check_dropout", KIND)
class DropsByNumpy(MeanEncoder):
    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        hidden = super().forward(features, valid)
        kept = torch.from_numpy(np.random.default_rng().random(hidden.shape[-1]) > 0.5).to(hidden)
        return hidden * kept if self.training else hidden
