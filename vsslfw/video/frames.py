"""Transforms of decoded frames. The one adapter to albumentations, which is imported nowhere else."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from vsslfw.errors import Problem, UserError, did_you_mean

if TYPE_CHECKING:
    from torch import Tensor

Frames = NDArray[np.uint8]


def compose(transforms: Sequence[Mapping[str, Any]], seed: int) -> Callable[[Frames], Frames]:
    """Build (N,H,W,3) uint8 -> (N,H,W,3) uint8 from ``dict(type="GaussNoise", **parameters)`` entries, run in order.

    Types are the names of albumentations' transforms. Their parameters are drawn once a call and hold for all N frames;
    the same seed draws the same. UserError names every unknown transform and every parameter that albumentations refuses.
    """
    problems, built = [], []
    for number, entry in enumerate(transforms):
        where = f"transforms[{number}]"
        try:
            built.append(_build(dict(entry)))
        except _RefusedError as error:
            problems.append(Problem(str(error), where, error.hint))
    if problems:
        raise UserError(*problems)
    with _strict():
        pipeline = _albumentations().Compose(built, seed=seed % 2**32)

    def apply(frames: Frames) -> Frames:
        with _strict():
            return np.ascontiguousarray(pipeline(images=frames)["images"])

    return apply


def crop(frames: Frames, size: tuple[int, int], *, where: Literal["random", "centre"], seed: int = 0) -> Frames:
    """(N,H,W,3) uint8 -> (N,h,w,3): one crop for all frames of a clip (design reading 5); the same seed, the same crop.

    ValueError if a frame is smaller than the crop.
    """
    if frames.shape[1] < size[0] or frames.shape[2] < size[1]:
        raise ValueError(f"a crop of {size[0]} x {size[1]} does not fit in frames of {frames.shape[1]} x {frames.shape[2]}")
    name = {"random": "RandomCrop", "centre": "CenterCrop"}[where]
    return compose([{"type": name, "height": size[0], "width": size[1]}], seed)(frames) if len(frames) else frames[:, : size[0], : size[1]]


def normalise(frames: Frames, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """(N,H,W,3) uint8 RGB -> (N,3,H,W) float32: scaled to [0, 1], minus ``mean``, over ``std``, channel by channel."""
    import torch

    pixels = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).to(torch.float32).div_(255.0)
    return pixels.sub_(torch.tensor(mean).view(1, 3, 1, 1)).div_(torch.tensor(std).view(1, 3, 1, 1)).contiguous()


def transform_names() -> list[str]:
    """The transforms that `compose` knows: those that change pictures and nothing else."""
    library = _albumentations()
    kinds = (library.ImageOnlyTransform, library.DualTransform)
    found = [name for name in dir(library) if isinstance(getattr(library, name), type) and issubclass(getattr(library, name), kinds)]
    return [name for name in found if getattr(library, name) not in kinds]


class _RefusedError(ValueError):
    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def _build(entry: dict[str, Any]) -> Any:
    name = entry.pop("type", None)
    if name not in transform_names():
        raise _RefusedError(f'albumentations has no transform "{name}"', did_you_mean(name, transform_names()))
    try:
        with _strict():
            return getattr(_albumentations(), str(name))(**entry)
    except (TypeError, ValueError, Warning) as error:
        raise _RefusedError(f"{name}: {' '.join(str(error).split())}") from error


@contextmanager
def _strict() -> Iterator[None]:
    """albumentations warns where it should refuse: an unknown parameter is dropped with a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        yield


@functools.cache
def _albumentations() -> Any:
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # else its import contacts a package index
    import albumentations

    return albumentations
