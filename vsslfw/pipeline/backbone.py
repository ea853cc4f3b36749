"""The frozen backbone at work: frames -> features in batches of one fixed shape, and the features of MASK and PAD."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vsslfw.interfaces import Backbone
from vsslfw.pipeline.keys import component_key
from vsslfw.recipe import Recipe
from vsslfw.video import normalise

PAPER_CROP, PAPER_RESIZE = 112, (128, 171)
"""Frames are resized to 128 x 171 and cropped to 112 x 112 (paper, section 4); other sizes keep these proportions."""


@dataclass(frozen=True)
class FrozenBackbone:
    """A backbone on its device, with what the recipe says about using it."""

    module: Backbone
    key: dict[str, Any]
    """The backbone's part of every key: component, weights, precision."""
    resize: tuple[int, int]
    batch_size: int
    precision: str
    device: str

    @classmethod
    def of(cls, recipe: Recipe, device: str) -> FrozenBackbone:
        """Build the recipe's backbone and freeze it. UserError if its weights are missing or do not fit."""
        settings = recipe.settings
        module: Backbone = recipe.registries.build("backbone", settings.backbone).freeze().to(device)
        key = {
            **component_key(recipe, "backbone", settings.backbone),
            "fingerprint": module.fingerprint(),
            "precision": settings.extract.precision,
            "input": [module.mean, module.std, module.clip_length, module.clip_stride],  # they may come from a file, not from parameters
        }
        resize = settings.video.resize or resize_for(module.frame_size)
        return cls(module, key, resize, settings.extract.batch_size, settings.extract.precision, device)

    def length(self, frames: int) -> int:
        """How many features so many frames give: one each, or one a clip of ``clip_length``."""
        module = self.module
        return 0 if frames < module.clip_length else 1 + (frames - module.clip_length) // module.clip_stride

    def frame_range(self, start: int, stop: int) -> tuple[int, int]:
        """The frames that the features start..stop-1 look at."""
        module = self.module
        return start * module.clip_stride, (stop - 1) * module.clip_stride + module.clip_length

    def begins(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """(F,) rows of the frames with which features begin: a clip that would reach across a missing frame gives none.

        ``places`` (N,), increasing, says which frames are there; clips begin at every ``clip_stride``-th place.
        """
        length = self.module.clip_length
        rows = np.flatnonzero(places % self.module.clip_stride == 0)
        rows = rows[rows + length <= len(places)]
        whole: NDArray[np.int64] = rows[places[rows + length - 1] - places[rows] == length - 1]
        return whole

    def feature_times(self, times: NDArray[np.float64], begins: NDArray[np.int64] | None = None) -> Tensor:
        """(F,) seconds: the times of the frames, or the centres of the clips; ``begins`` as in `features`."""
        begins = self.begins(np.arange(len(times))) if begins is None else begins
        return torch.tensor([float(np.mean(times[row : row + self.module.clip_length])) for row in begins], dtype=torch.float64)

    def features(self, frames: NDArray[np.uint8], begins: NDArray[np.int64] | None = None) -> Tensor:
        """(N,h,w,3) uint8 frames, already cropped -> (F,D) float32. A batch at a time: clips that overlap repeat their frames.

        ``begins`` (F,) are the rows that features begin with; without it no frame is missing.
        """
        module = self.module
        begins = self.begins(np.arange(len(frames))) if begins is None else begins
        features = [torch.zeros(0, module.feature_dim)]
        for start in range(0, len(begins), self.batch_size):
            rows = begins[start : start + self.batch_size]
            normalised = normalise(frames[rows[0] : rows[-1] + module.clip_length], module.mean, module.std)
            rows = rows - rows[0]
            if module.clip_length > 1:
                normalised = torch.stack([normalised[row : row + module.clip_length] for row in rows])
            else:
                normalised = normalised[rows]
            features.append(self.forward(normalised))
        return torch.cat(features)

    @torch.inference_mode()
    def forward(self, frames: Tensor) -> Tensor:
        """Normalised (N,3,h,w) or (N,L,3,h,w) -> (N,D) float32 on the CPU.

        Every batch has the same shape (the last is filled up with zeros): a feature then does not depend on how many frames
        happen to be beside it, bit for bit.
        """
        if len(frames) == 0:
            return torch.zeros(0, self.module.feature_dim)
        features = []
        for part in torch.split(frames, self.batch_size):
            full = part.new_zeros(self.batch_size, *part.shape[1:])
            full[: len(part)] = part
            with torch.autocast(self.device.split(":")[0], torch.bfloat16, enabled=self.precision == "bfloat16"):
                output = self.module(full.to(self.device))
            features.append(output[: len(part)].float().cpu())
        return torch.cat(features)

    @functools.cached_property
    def tokens(self) -> tuple[Tensor, Tensor]:
        """(D,) MASK and (D,) PAD: images filled with -1.0 and 0.0 after normalisation, through the backbone (paper, section 4)."""
        shape: tuple[int, ...] = (3, *self.module.frame_size)
        if self.module.clip_length > 1:
            shape = (self.module.clip_length, *shape)
        mask, pad = self.forward(torch.stack([torch.full(shape, -1.0), torch.zeros(shape)]))
        return mask, pad


def resize_for(crop: tuple[int, int]) -> tuple[int, int]:
    """(H, W) before the crop: 128/112 of the crop's height, in the 128:171 shape."""
    return round(crop[0] * PAPER_RESIZE[0] / PAPER_CROP), round(crop[1] * PAPER_RESIZE[1] / PAPER_CROP)
