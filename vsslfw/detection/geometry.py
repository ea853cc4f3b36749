"""Boxes as numbers: (..., 4) x1, y1, x2, y2 in pixels. Overlap, and growing a box to a crop."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vsslfw.errors import Problem, UserError

Boxes = NDArray[np.float64]
Aspect = Literal["keep", "frame", "square"]
SIDE = 2.0
"""Pixels of the shortest side of a box: a smaller one shows nobody."""


def area(boxes: Boxes) -> Boxes:
    """(..., 4) -> (...) square pixels; 0 for a box without extent."""
    return np.asarray(np.clip(boxes[..., 2] - boxes[..., 0], 0, None) * np.clip(boxes[..., 3] - boxes[..., 1], 0, None))


def iou(one: Boxes, two: Boxes) -> Boxes:
    """Intersection over union of (..., 4) and (..., 4), broadcast; 0 where either is NaN: a miss overlaps with nothing."""
    low, high = np.maximum(one[..., :2], two[..., :2]), np.minimum(one[..., 2:], two[..., 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=-1)
    union = area(one) + area(two) - shared
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nan_to_num(np.where(union > 0, shared / union, 0.0))


def check_crop(margin: float, aspect: str) -> list[str]:
    """What is wrong with a margin and an aspect rule, in words."""
    wrong = [] if 0 <= margin <= 2 else [f"margin is {margin:g}; 0 to 2 is expected, as a share of the box on each side"]
    return wrong + ([] if aspect in ("keep", "frame", "square") else [f'aspect is "{aspect}"; known: keep, frame, square'])


def require_crop(margin: float, aspect: str) -> None:
    """UserError for a margin or an aspect rule that there is not."""
    if wrong := check_crop(margin, aspect):
        raise UserError(*(Problem(what, "region") for what in wrong))


def grown(boxes: Boxes, size: tuple[int, int], *, margin: float, aspect: Aspect) -> Boxes:
    """(N, 4) boxes with ``margin`` times their width and height added on each side, in the shape that ``aspect`` asks for.

    ``keep`` leaves the shape; ``frame`` widens or heightens to the shape of the picture of ``size`` (H, W), so that the resize
    behind it distorts nothing that it would not distort in the whole picture; ``square`` likewise. A box that then reaches beyond the
    picture is moved inside, and cut where it is larger. Rows of NaN stay.
    """
    picture = np.array([size[1], size[0]], dtype=np.float64)
    if not margin and aspect == "keep":  # to the last bit: a crop is cut on whole pixels
        return boxes.clip(0, np.tile(picture, 2))
    middle, extent = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) * (1 + 2 * margin)
    if aspect != "keep":
        shape = picture if aspect == "frame" else np.ones(2)
        extent = np.max(extent / shape, axis=1, keepdims=True) * shape
    extent = np.minimum(extent, picture)
    middle = np.clip(middle, extent / 2, picture - extent / 2)
    return np.concatenate([middle - extent / 2, middle + extent / 2], axis=1).clip(0, np.tile(picture, 2))
