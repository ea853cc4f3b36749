"""Shapes that bodies are drawn with, in the light of the video."""

from __future__ import annotations

import cv2
import numpy as np

from vsslfw.data.synthetic.body import Floats
from vsslfw.data.synthetic.looks import Colour, Light
from vsslfw.data.synthetic.room import SUBPIXEL, Picture, fixed, rgb


class Brush:
    """Draws into pictures (H, W, 3) uint8; positions and widths are pixels, with fractions."""

    def __init__(self, light: Light) -> None:
        self._light = light

    def limb(self, picture: Picture, start: Floats, end: Floats, width: float, colour: Colour) -> None:
        """A capsule with a darker rim."""
        (a, b), thick = fixed(np.stack([start, end])).tolist(), max(round(width), 1)
        cv2.line(picture, a, b, rgb(self._light, colour, 0.62), thick + 2, cv2.LINE_AA, SUBPIXEL)
        cv2.line(picture, a, b, rgb(self._light, colour), max(thick - 1, 1), cv2.LINE_AA, SUBPIXEL)

    def disc(self, picture: Picture, centre: Floats, radius: float, colour: Colour, shade: float) -> None:
        """A filled circle."""
        x, y, r = fixed(np.array([*centre, radius])).tolist()
        cv2.circle(picture, (x, y), r, rgb(self._light, colour, shade), -1, cv2.LINE_AA, SUBPIXEL)

    def path(self, picture: Picture, corners: Floats, width: float, colour: Colour, shade: float, *, closed: bool) -> None:
        """A line through (N, 2) corners."""
        thick = max(int(width), 1)
        cv2.polylines(picture, [fixed(corners)], closed, rgb(self._light, colour, shade), thick, cv2.LINE_AA, SUBPIXEL)

    def area(self, picture: Picture, corners: Floats, colour: Colour, shade: float) -> None:
        """A filled convex polygon of (N, 2) corners."""
        cv2.fillConvexPoly(picture, fixed(corners), rgb(self._light, colour, shade), cv2.LINE_AA, SUBPIXEL)
