"""The room without a person: walls, floor, cabinet, and the bed that hides what stands behind it."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vsslfw.data.synthetic.camera import Camera
from vsslfw.data.synthetic.looks import Colour, Light, Look

Picture = NDArray[np.uint8]
SUBPIXEL = 3
"""Bits of cv2's fixed-point coordinates: slow movement does not jump from pixel to pixel."""
FLOOR_Z = -0.6
SHEET: Colour = (226, 228, 226)
FRAME: Colour = (150, 132, 112)
STEEL: Colour = (178, 182, 186)
TABLE: Colour = (206, 190, 160)
BAG: Colour = (224, 232, 236)


@dataclass(frozen=True)
class Room:
    """``picture`` (H, W, 3) uint8 RGB; ``bed`` (H, W) uint8, 255 where the bed is."""

    picture: Picture
    bed: Picture


def furnish(look: Look, light: Light, camera: Camera) -> Room:
    """Draw the subject's room once; it does not change during a video."""
    height, width = camera.size
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = rgb(light, look.floor)
    mask = np.zeros((height, width), np.uint8)

    def face(colour: Colour, shade: float, corners: list[tuple[float, float, float]], *, bed: bool = False) -> None:
        points = fixed(camera.project(np.array(corners))[0])
        cv2.fillPoly(picture, [points], rgb(light, colour, shade), cv2.LINE_AA, SUBPIXEL)
        if bed:
            cv2.fillPoly(mask, [points], 255, cv2.LINE_8, SUBPIXEL)

    def box(colour: Colour, x: tuple[float, float], y: tuple[float, float], z: tuple[float, float], *, bed: bool = False) -> None:
        (a, b), (c, d), (e, f) = x, y, z
        face(colour, 0.78, [(a, c, e), (a, d, e), (a, d, f), (a, c, f)], bed=bed)
        face(colour, 0.78, [(b, c, e), (b, d, e), (b, d, f), (b, c, f)], bed=bed)
        face(colour, 0.68, [(a, d, e), (b, d, e), (b, d, f), (a, d, f)], bed=bed)
        face(colour, 1.0, [(a, c, f), (b, c, f), (b, d, f), (a, d, f)], bed=bed)

    face(look.wall, 1.0, [(-3, -0.5, FLOOR_Z), (3, -0.5, FLOOR_Z), (3, -0.5, 3), (-3, -0.5, 3)])
    face(look.wall, 0.7, [(-3, -0.5, FLOOR_Z), (3, -0.5, FLOOR_Z), (3, -0.5, FLOOR_Z + 0.1), (-3, -0.5, FLOOR_Z + 0.1)])
    face(look.floor, 0.7, [(-0.6, -0.3, FLOOR_Z), (0.75, -0.3, FLOOR_Z), (0.75, 2.3, FLOOR_Z), (-0.6, 2.3, FLOOR_Z)])
    box(FRAME, (0.8, 1.2), (-0.45, 0.0), (FLOOR_Z, 0.1))
    box(FRAME, (-0.52, 0.52), (-0.08, 0.0), (FLOOR_Z + 0.2, 0.38), bed=True)
    box(FRAME, (-0.5, 0.5), (0.0, 2.12), (-0.4, -0.18), bed=True)
    box(SHEET, (-0.48, 0.48), (0.0, 2.1), (-0.18, 0.0), bed=True)
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    rounded = [np.sign(v) * np.abs(v) ** 0.5 for v in (np.cos(angle), np.sin(angle))]
    for shade, grow in ((0.8, 1.0), (1.04, 0.93)):
        face(SHEET, shade, [(0.36 * grow * a, 0.22 + 0.18 * grow * b, 0.06) for a, b in zip(*rounded, strict=True)])
    return Room(_lit(picture, light), mask)


@dataclass(frozen=True)
class Front:
    """What stands between the camera and the patient: ``picture`` (H, W, 3) uint8 RGB where ``mask`` (H, W) uint8 is 255."""

    picture: Picture
    mask: Picture


def foreground(look: Look, light: Light, camera: Camera) -> Front:
    """Bed rails, a table across the foot end, an infusion stand: those that this subject's room has."""
    height, width = camera.size
    picture, mask = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.uint8)

    def bar(colour: Colour, thick: float, start: tuple[float, float, float], end: tuple[float, float, float]) -> None:
        points, scale = camera.project(np.array([start, end]))
        (a, b), wide = fixed(points).tolist(), max(round(thick * float(scale.mean())), 1)
        cv2.line(picture, a, b, rgb(light, colour), wide, cv2.LINE_8, SUBPIXEL)
        cv2.line(mask, a, b, 255, wide, cv2.LINE_8, SUBPIXEL)

    if look.rails:
        for x in (-0.51, 0.51):
            for z in (0.14, 0.26):
                bar(STEEL, 0.022, (x, 0.35, z), (x, 1.25, z))
            for y in (0.35, 0.65, 0.95, 1.25):
                bar(STEEL, 0.018, (x, y, -0.1), (x, y, 0.26))
    if look.table:
        corners = fixed(camera.project(np.array([(-0.55, 1.75, 0.3), (0.62, 1.75, 0.3), (0.62, 2.1, 0.3), (-0.55, 2.1, 0.3)]))[0])
        cv2.fillConvexPoly(picture, corners, rgb(light, TABLE), cv2.LINE_8, SUBPIXEL)
        cv2.fillConvexPoly(mask, corners, 255, cv2.LINE_8, SUBPIXEL)
    if look.stand:
        bar(STEEL, 0.025, (0.72, 0.6, FLOOR_Z), (0.72, 0.6, 1.1))
        bar(STEEL, 0.02, (0.62, 0.6, 1.1), (0.82, 0.6, 1.1))
        bar(BAG, 0.1, (0.64, 0.6, 0.86), (0.64, 0.6, 1.02))
    return Front(picture, mask)


def _lit(picture: Picture, light: Light) -> Picture:
    """Darker towards the edges, much more so under the infra-red lamp beside the lens."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    falloff = 1 - (0.3 if light.night else 0.1) * (x**2 + y**2) / 2
    return np.asarray(np.clip(picture * falloff[..., None], 0, 255), dtype=np.uint8)


@functools.lru_cache(maxsize=4096)
def rgb(light: Light, colour: Colour, shade: float = 1.0) -> tuple[int, int, int]:
    """A colour in this light, darkened by ``shade``, as cv2 takes it."""
    red, green, blue = np.clip(light.shade(colour) * shade, 0, 255).astype(int).tolist()
    return red, green, blue


def fixed(points: NDArray[np.float64]) -> NDArray[np.int32]:
    """Pixels -> cv2's fixed-point coordinates."""
    return np.asarray(np.round(points * (1 << SUBPIXEL)), dtype=np.int32)
