"""What goes wrong in corruptions of the three levels."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vsslfw.plan import MASK, PAD, CorruptionPlan
from wrong_components.right import Brightness, Noise, Rotation
from wrong_components.table import caught_by

FRAME, SEQUENCE, FEATURE = "corruption/frame", "corruption/sequence", "corruption/feature"


# Frames


@caught_by("check_shapes", FRAME)
class ForgetsToCast(Brightness):
    def __call__(self, frames: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
        return frames * 0.9  # type: ignore[return-value]


@caught_by("check_shapes", FRAME)
class TurnsPictures(Brightness):
    """Square pictures hide it."""

    def __call__(self, frames: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
        return np.rot90(frames, int(generator.integers(4)), (1, 2))


@caught_by("check_determinism", FRAME)
class HasItsOwnDice(Brightness):
    def __call__(self, frames: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
        return super().__call__(frames, np.random.default_rng())


@caught_by("check_changes_something", FRAME)
class DarkensACopyOfNothing(Brightness):
    def __call__(self, frames: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
        super().__call__(frames, generator)
        return frames


# Plans


@caught_by("check_shapes", SEQUENCE)
class ShortensThePlan(Rotation):
    def __call__(self, plan: CorruptionPlan, generator: np.random.Generator) -> CorruptionPlan:
        kept = plan.source[: max(0, plan.length - 1)]
        return CorruptionPlan(np.minimum(kept, max(0, len(kept) - 1)), np.minimum(plan.target[: len(kept)], max(0, len(kept) - 1)))


@caught_by("check_shapes", SEQUENCE)
class FillsUpWithPad(Rotation):
    """Deletion as one writes it first: what is freed becomes PAD, and K changes."""

    def __call__(self, plan: CorruptionPlan, generator: np.random.Generator) -> CorruptionPlan:
        k = plan.length
        if k < 2:
            return plan
        source, target = plan.source.copy(), plan.target.copy()
        source[k - 1], target[k - 1] = PAD, -1
        return CorruptionPlan(np.where(source == k - 1, 0, source), target)


@caught_by("check_shapes", SEQUENCE)
class NeedsFiveFrames(Rotation):
    def __call__(self, plan: CorruptionPlan, generator: np.random.Generator) -> CorruptionPlan:
        start = int(generator.integers(plan.length - 5))
        return plan.with_source(np.roll(plan.source[: plan.length], start))


@caught_by("check_targets", SEQUENCE)
class MovesTheTargetsToo(Rotation):
    def __call__(self, plan: CorruptionPlan, generator: np.random.Generator) -> CorruptionPlan:
        changed = super().__call__(plan, generator)
        return changed.with_target(np.where(changed.valid, np.maximum(changed.source, 0), plan.target))


@caught_by("check_determinism", SEQUENCE)
@caught_by("check_global_random_state", SEQUENCE)
@caught_by("check_no_hidden_state", SEQUENCE)
class DrawsFromTorch(Rotation):
    def __call__(self, plan: CorruptionPlan, generator: np.random.Generator) -> CorruptionPlan:
        return super().__call__(plan, np.random.default_rng(int(torch.randint(2**31, ()))))


@caught_by("check_changes_something", SEQUENCE)
class MasksNoneOfThem(Rotation):
    def __call__(self, plan: CorruptionPlan, generator: np.random.Generator) -> CorruptionPlan:
        return plan.with_source(np.where(generator.random(plan.length) < 0.0, MASK, plan.source[: plan.length]))


@caught_by("check_composes", SEQUENCE)
class StartsFromTheCleanSequence(Rotation):
    def __call__(self, plan: CorruptionPlan, generator: np.random.Generator) -> CorruptionPlan:
        return super().__call__(CorruptionPlan.clean(plan.length, len(plan)), generator)


@caught_by("check_composes", SEQUENCE)
class CannotMeetAMask(Rotation):
    def __call__(self, plan: CorruptionPlan, generator: np.random.Generator) -> CorruptionPlan:
        shown = super().__call__(plan, generator).source[: plan.length]
        order = np.bincount(shown, minlength=plan.length)  # refuses MASK, which is negative
        return plan.with_source(shown[: len(order)])


# Features


@caught_by("check_shapes", FEATURE)
class DropsPad(Noise):
    def __call__(self, features: Tensor, valid: Tensor, generator: np.random.Generator) -> Tensor:
        return super().__call__(features, valid, generator)[valid]


@caught_by("check_shapes", FEATURE)
class Standardises(Noise):
    """The spread of a single frame is NaN."""

    def __call__(self, features: Tensor, valid: Tensor, generator: np.random.Generator) -> Tensor:
        return torch.where(valid.unsqueeze(-1), features / features[valid].std(0), features)


@caught_by("check_padding", FEATURE)
class NoiseEverywhere(Noise):
    def __call__(self, features: Tensor, valid: Tensor, generator: np.random.Generator) -> Tensor:
        return super().__call__(features, torch.ones_like(valid), generator)


@caught_by("check_padding", FEATURE)
class MixesInTheMean(Noise):
    """The mean is one over PAD too."""

    def __call__(self, features: Tensor, valid: Tensor, generator: np.random.Generator) -> Tensor:
        return torch.where(valid.unsqueeze(-1), (features + features.mean(0)) / 2, features)


@caught_by("check_determinism", FEATURE)
class NoiseFromTorch(Noise):
    def __call__(self, features: Tensor, valid: Tensor, generator: np.random.Generator) -> Tensor:
        return torch.where(valid.unsqueeze(-1), features + torch.randn_like(features), features)


@caught_by("check_changes_something", FEATURE)
class NoNoise(Noise):
    def __call__(self, features: Tensor, valid: Tensor, generator: np.random.Generator) -> Tensor:
        return features + 0.0


@caught_by("check_precisions", FEATURE)
class AlwaysFloat32(Noise):
    def __call__(self, features: Tensor, valid: Tensor, generator: np.random.Generator) -> Tensor:
        noise = torch.from_numpy(generator.standard_normal(tuple(features.shape), dtype=np.float32))
        return torch.where(valid.unsqueeze(-1), features + noise.to(features.device), features.to(noise.dtype))


@caught_by("check_gradients", FEATURE)
class ThroughNumpy(Noise):
    def __call__(self, features: Tensor, valid: Tensor, generator: np.random.Generator) -> Tensor:
        return super().__call__(torch.from_numpy(features.detach().float().numpy()).to(features), valid, generator)


@caught_by("check_device", FEATURE)
class NoiseOnTheProcessor(Noise):
    def __call__(self, features: Tensor, valid: Tensor, generator: np.random.Generator) -> Tensor:
        noise = torch.from_numpy(generator.standard_normal(tuple(features.shape), dtype=np.float32)).to(features.dtype)
        return torch.where(valid.unsqueeze(-1), features + noise, features)
