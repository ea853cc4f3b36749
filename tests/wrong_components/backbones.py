"""What goes wrong in backbones."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from wrong_components.right import Mosaic
from wrong_components.table import caught_by

KIND = "backbone"


@caught_by("check_spec", KIND)
class SaysSixteenBuildsTwenty(Mosaic):
    def __init__(self, *, width: int = 4) -> None:
        super().__init__(width=width)
        self.frame_size = (20, 20)


@caught_by("check_shapes", KIND)
class SqueezesABatchOfOne(Mosaic):
    def forward(self, frames: Tensor) -> Tensor:
        return super().forward(frames).squeeze()


@caught_by("check_frozen", KIND)
class StillLearns(Mosaic):
    def __init__(self, *, width: int = 4) -> None:
        super().__init__(width=width)
        self.requires_grad_(True)


@caught_by("check_frozen", KIND)
class WakesUp(Mosaic):
    """The usual train(): batch normalisation counts in the frozen backbone."""

    def __init__(self, *, width: int = 4) -> None:
        super().__init__(width=width)
        self.norm = nn.BatchNorm1d(8).requires_grad_(False)
        self.freeze()

    def forward(self, frames: Tensor) -> Tensor:
        features: Tensor = self.norm(super().forward(frames))
        return features

    def train(self, mode: bool = True) -> Mosaic:
        nn.Module.train(self, mode)
        return self


@caught_by("check_frames_apart", KIND)
class CentresTheBatch(Mosaic):
    def forward(self, frames: Tensor) -> Tensor:
        features = super().forward(frames)
        return features - 0.5 * features.mean(0)


@caught_by("check_order", KIND)
class AddsTheFramesPlace(Mosaic):
    def forward(self, frames: Tensor) -> Tensor:
        return super().forward(frames) + torch.arange(len(frames), device=frames.device).unsqueeze(1)


@caught_by("check_sees_the_picture", KIND)
class LooksAway(Mosaic):
    def forward(self, frames: Tensor) -> Tensor:
        return super().forward(torch.zeros_like(frames))


@caught_by("check_tokens", KIND)
class DividesByTheSpread(Mosaic):
    """A MASK picture has none."""

    def forward(self, frames: Tensor) -> Tensor:
        return super().forward(frames / frames.std((1, 2, 3), keepdim=True))


@caught_by("check_tokens", KIND)
class TooLargeForFloat16(Mosaic):
    def forward(self, frames: Tensor) -> Tensor:
        return super().forward(frames) * 1e7


@caught_by("check_tokens", KIND)
class RemovesTheBrightness(Mosaic):
    """MASK and PAD, which are both grey, look alike then."""

    def forward(self, frames: Tensor) -> Tensor:
        return super().forward(frames - frames.mean((1, 2, 3), keepdim=True))


@caught_by("check_normalisation", KIND)
class MeansOfBytes(Mosaic):
    mean = (123.7, 116.3, 103.5)
    std = (58.4, 57.1, 57.4)


@caught_by("check_fingerprint", KIND)
class DigestOfItsPlace(Mosaic):
    def fingerprint(self) -> str:
        return f"mosaic-{id(self)}"


@caught_by("check_fingerprint_of_weights", KIND)
class DigestOfItsName(Mosaic):
    def fingerprint(self) -> str:
        return "mosaic, version 1"


@caught_by("check_fingerprint_of_weights", KIND)
class DigestOfTheFirstLayer(Mosaic):
    def fingerprint(self) -> str:
        return str(self.convolution.weight.double().sum().item())


@caught_by("check_built_twice", KIND)
@caught_by("check_global_random_state", KIND)
@caught_by("check_random_state_untouched", KIND)
class WeightsFromTorchsGenerator(Mosaic):
    def __init__(self, *, width: int = 4) -> None:
        super().__init__(width=width)
        nn.init.normal_(self.linear.weight)
