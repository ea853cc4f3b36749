"""The patient in the bed, and the blanket that moves with them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vsslfw.data.synthetic.body import LEFT, RIGHT, Floats, Joints, joints
from vsslfw.data.synthetic.brush import Brush
from vsslfw.data.synthetic.camera import Camera
from vsslfw.data.synthetic.looks import Light, Look
from vsslfw.data.synthetic.motion import Motion
from vsslfw.data.synthetic.room import SHEET, SUBPIXEL, Picture, fixed, rgb

OUT_OF_BED = np.array([2.2, 0.9, 0.2])
"""Metres from the bed to where the patient can no longer be seen."""


class Patient:
    """Draws the patient of one video, moment by moment."""

    def __init__(self, look: Look, light: Light, camera: Camera, motion: Motion, blanket_y: float | None) -> None:
        self._look, self._light, self._camera, self._brush = look, light, camera, Brush(light)
        body = joints(motion.pose, look.height)
        self.gone = np.zeros(len(body.head)) if motion.gone is None else motion.gone
        self._asleep = np.zeros(len(body.head), dtype=bool) if motion.asleep is None else motion.asleep
        for points in vars(body).values():
            points += self.gone.reshape(-1, *[1] * (points.ndim - 1)) * OUT_OF_BED
        self.joints = body
        both = {name: camera.project(points) for name, points in vars(body).items()}
        self._pixels = {name: pixels for name, (pixels, _) in both.items()}
        self._scales = {name: scale for name, (_, scale) in both.items()}
        self._blanket = None if blanket_y is None else self._cover(body, blanket_y)

    def boxes(self) -> Floats:
        """(T, 4) x1, y1, x2, y2 in pixels around the patient, inside the picture."""
        points, scale = self._camera.project(self.joints.all())
        margin = 0.09 * scale[..., None]
        low, high = (points - margin).min(axis=1), (points + margin).max(axis=1)
        height, width = self._camera.size
        return np.asarray(np.clip(np.concatenate([low, high], axis=1), 0, [width, height, width, height]))

    def draw(self, picture: Picture, t: int) -> None:
        """Draw moment ``t``."""
        p, scale = ({name: values[t] for name, values in which.items()} for which in (self._pixels, self._scales))
        there, brush, look = self.gone[t] < 0.97, self._brush, self._look
        if there:
            self._draw_shadow(picture, t)
            if self._blanket is None:
                for s in (LEFT, RIGHT):
                    brush.limb(picture, p["hip"][s], p["knee"][s], 0.15 * look.girth * scale["knee"][s], look.clothes)
                    brush.limb(picture, p["knee"][s], p["foot"][s], 0.11 * look.girth * scale["foot"][s], look.skin)
            self._draw_trunk(picture, p, scale)
        if self._blanket is not None:
            quads, shades = self._blanket
            for quad, shade in zip(quads[t], shades[t].tolist(), strict=True):
                cv2.fillConvexPoly(picture, quad, rgb(self._light, look.bedding, shade), cv2.LINE_8, SUBPIXEL)
        if there:
            self._draw_head(picture, p, scale, asleep=bool(self._asleep[t]))
            for s in (LEFT, RIGHT):
                brush.limb(picture, p["shoulder"][s], p["elbow"][s], 0.105 * look.girth * scale["elbow"][s], look.clothes)
                brush.limb(picture, p["elbow"][s], p["hand"][s], 0.08 * look.girth * scale["hand"][s], look.skin)
                brush.disc(picture, p["hand"][s], 0.055 * scale["hand"][s], look.skin, 0.93)

    def _draw_shadow(self, picture: Picture, t: int) -> None:
        flat = np.array([1.0, 1.0, 0.0])
        for s in (LEFT, RIGHT):
            arm = np.stack([self.joints.shoulder[t, s], self.joints.elbow[t, s], self.joints.hand[t, s]]) * flat
            arm[:, 0] = np.clip(arm[:, 0], -0.46, 0.46)
            points, scale = self._camera.project(arm)
            self._brush.path(picture, points, 0.1 * scale[0], SHEET, 0.8, closed=False)

    def _draw_trunk(self, picture: Picture, p: dict[str, Floats], scale: dict[str, Floats]) -> None:
        look, corners = self._look, np.concatenate([p["shoulder"], p["hip"][::-1]])
        width = 0.16 * look.girth * float(scale["neck"])
        for shade, grow in ((0.62, 2), (1.0, -1)):
            self._brush.path(picture, corners, int(width) + grow, look.clothes, shade, closed=True)
            self._brush.area(picture, corners, look.clothes, shade)
        self._brush.limb(picture, p["neck"], p["head"], 0.1 * float(scale["neck"]), look.skin)

    def _draw_head(self, picture: Picture, p: dict[str, Floats], scale: dict[str, Floats], *, asleep: bool) -> None:
        look, size, brush = self._look, float(scale["head"]), self._brush
        head, nose, down, across = p["head"], p["face"], np.array([0, size]), np.array([size, 0])
        if look.long_hair:
            brush.disc(picture, head - 0.03 * down, 0.15 * size, look.hair, 0.9)
        brush.disc(picture, head, 0.125 * size, look.hair, 1.0)
        brush.disc(picture, head + 0.35 * (nose - head) + 0.015 * down, 0.1 * size, look.skin, 1.0)
        for side in (-0.035, 0.035):
            eye = nose + side * across - 0.02 * down
            if asleep:
                brush.path(picture, np.stack([eye - 0.016 * across, eye + 0.016 * across]), 1, look.hair, 0.6, closed=False)
            else:
                brush.disc(picture, eye, 0.014 * size, look.hair, 0.6)
        brush.disc(picture, nose + 0.045 * down, 0.02 * size, look.skin, 0.6)

    def _cover(self, body: Joints, start_y: float) -> tuple[NDArray[np.int32], Floats]:
        """The blanket as quads (T, Q, 4, 2) in fixed point, from the head end on, and their shades (T, Q)."""
        x, y = np.meshgrid(np.linspace(-0.5, 0.5, 7), np.linspace(start_y, 2.1, 7))
        along = np.linspace(0, 1, 6)[:, None]
        legs = [a[:, :, None] * (1 - along) + b[:, :, None] * along for a, b in ((body.hip, body.knee), (body.knee, body.foot))]
        under = np.concatenate([leg.reshape(len(leg), -1, 3) for leg in legs], axis=1)
        distance = (x.ravel()[:, None] - under[:, None, :, 0]) ** 2 + (y.ravel()[:, None] - under[:, None, :, 1]) ** 2
        z = ((under[:, None, :, 2] + 0.07) * np.exp(-distance / (2 * 0.16**2))).max(axis=2).reshape(-1, 7, 7)
        points = np.stack([np.broadcast_to(x, z.shape), np.broadcast_to(y, z.shape), z + 0.02], axis=-1)
        slope_x, slope_y = np.diff(z, axis=2)[:, :-1] / (1 / 6), np.diff(z, axis=1)[:, :, :-1] / ((2.1 - start_y) / 6)
        shades = np.round(np.clip(0.95 - 0.13 * slope_x - 0.16 * slope_y, 0.7, 1.1), 2)
        pixels = fixed(self._camera.project(points)[0])
        quads = np.stack([pixels[:, :-1, :-1], pixels[:, :-1, 1:], pixels[:, 1:, 1:], pixels[:, 1:, :-1]], axis=3)
        return quads.reshape(len(z), -1, 4, 2), shades.reshape(len(z), -1)
