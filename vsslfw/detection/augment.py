"""What may differ between two rooms, drawn anew for each training picture: the side of the bed, zoom, light, colours."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vsslfw.detection.geometry import Boxes, area

ZOOM = (0.75, 1.35)
SHIFT = 0.12
"""Of the picture's width or height, at most, to either side."""
SEEN = 0.6
"""A patient of whom less than this is still in the picture is drawn again."""
GREY = 0.3
"""Share of pictures without colour, as infra-red light makes them."""
Image = NDArray[np.uint8]


def augmented(image: Image, box: Boxes, g: np.random.Generator) -> tuple[Image, Boxes]:
    """(H,W,3) uint8 and its box (4,), or NaN -> the same, changed at random."""
    image, box = _moved(image, box, g)
    if g.random() < 0.5:
        width = image.shape[1]
        image, box = np.ascontiguousarray(image[:, ::-1]), np.array([width - box[2], box[1], width - box[0], box[3]])
    return _lit(image, g), box


def _moved(image: Image, box: Boxes, g: np.random.Generator) -> tuple[Image, Boxes]:
    height, width = image.shape[:2]
    limits = np.array([width, height, width, height], dtype=np.float64)
    for _ in range(8):
        zoom = np.exp(g.uniform(*np.log(ZOOM))) * np.exp(g.uniform(-0.08, 0.08, 2))
        shift = g.uniform(-SHIFT, SHIFT, 2) * [width, height] + (1 - zoom) * [width / 2, height / 2]
        moved = box * np.tile(zoom, 2) + np.tile(shift, 2)
        cut = moved.clip(0, limits)
        if np.isnan(box).any() or area(cut) >= SEEN * area(moved):
            matrix = np.array([[zoom[0], 0, shift[0]], [0, zoom[1], shift[1]]])
            fill = tuple(float(value) for value in g.integers(256, size=3))
            warped: Image = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_CONSTANT, borderValue=fill)
            return warped, cut
    return image, box


def _lit(image: Image, g: np.random.Generator) -> Image:
    pixels = image.astype(np.float32)
    if g.random() < GREY:
        pixels = pixels.mean(axis=2, keepdims=True).repeat(3, axis=2)
    else:
        pixels *= g.uniform(0.8, 1.2, 3).astype(np.float32)
    middle = pixels.mean()
    pixels = (pixels - middle) * g.uniform(0.6, 1.4) + middle + g.uniform(-40, 40)
    noise = g.normal(0, g.uniform(0, 8), (*pixels.shape[:2], 1)).astype(np.float32)
    return np.asarray((pixels + noise).clip(0, 255), dtype=np.uint8)
