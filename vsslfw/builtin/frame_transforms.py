"""Corruption of the pictures themselves, before the backbone."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vsslfw.interfaces import Examples, FrameCorruption
from vsslfw.video.frames import compose


class FrameTransforms(FrameCorruption):
    """frames (K,H,W,3) uint8 -> the same shape, through a list of albumentations transforms.

    Not in the paper. Input and target then differ, and features cannot be computed once: extraction is online.

    transforms: a list of dict(type=NAME, **parameters), NAME an albumentations transform that keeps the size.
    """

    check_with: ClassVar[Examples] = ({"transforms": [{"type": "HorizontalFlip", "p": 0.5}, {"type": "GaussNoise", "p": 1.0}]},)

    def __init__(self, *, transforms: list[dict[str, Any]]) -> None:
        if not transforms:
            raise ValueError("transforms is empty; name at least one, or leave frame_transforms out")
        compose(transforms, seed=0)  # a mistake in the list must show now, not hours into an extraction
        self.transforms = transforms

    def __call__(self, frames: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
        """Draw the transforms' parameters from ``generator`` and apply them."""
        changed: NDArray[np.uint8] = compose(self.transforms, seed=int(generator.integers(2**31)))(frames)
        if changed.shape != frames.shape:
            raise ValueError(
                f"frame_transforms changed the frames' shape from {frames.shape} to {changed.shape}; use transforms that keep the size"
            )
        return changed
