"""From joints to pictures: the person, the blanket and the nurse, drawn into the room."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vsslfw.data.synthetic.body import LEFT, RIGHT, Floats, Joints, joints
from vsslfw.data.synthetic.camera import Camera
from vsslfw.data.synthetic.looks import Colour, Light, Look
from vsslfw.data.synthetic.motion import Motion
from vsslfw.data.synthetic.room import FLOOR_Z, SHEET, SUBPIXEL, Picture, fixed, furnish, rgb
from vsslfw.seeds import Stream

NOISES = 16
"""Noise pictures in stock for a video; each frame takes one at random."""


@dataclass(frozen=True)
class Setting:
    """What a video's pictures depend on beside the movement."""

    look: Look
    light: Light
    blanket_y: float | None
    """Metres from the head end at which the blanket begins; none: thrown off."""
    size: tuple[int, int]


class Scene:
    """The pictures of one video: iterate over `frames`; `boxes` says where the patient is in each."""

    def __init__(self, setting: Setting, motion: Motion, stream: Stream) -> None:
        self._look, self._light = setting.look, setting.light
        self._camera = Camera(setting.look, setting.size)
        self._room = furnish(setting.look, setting.light, self._camera)
        self._joints = joints(motion.pose, setting.look.height)
        self._pixels, self._scales = self._seen(self._joints)
        self._blanket = None if setting.blanket_y is None else self._cover(self._joints, setting.blanket_y)
        self._nurse = motion.nurse
        self._stream = stream

    def __len__(self) -> int:
        return len(self._joints.head)

    def boxes(self) -> Floats:
        """(T, 4) x1, y1, x2, y2 in pixels around the patient, inside the picture."""
        points, scale = self._camera.project(self._joints.all())
        margin = 0.09 * scale[..., None]
        low, high = (points - margin).min(axis=1), (points + margin).max(axis=1)
        height, width = self._camera.size
        return np.asarray(np.clip(np.concatenate([low, high], axis=1), 0, [width, height, width, height]))

    def frames(self) -> Iterator[Picture]:
        """(H, W, 3) uint8 RGB, one for each time."""
        g = self._stream.generator()
        noises = g.normal(0, self._light.noise, (NOISES, *self._camera.size, 1)).round()
        # Two bytes instead of one signed word: cv2's saturating byte arithmetic is several times faster.
        brighter, darker = (part.clip(0, 255).astype(np.uint8).repeat(3, axis=-1) for part in (noises, -noises))
        for t, kind in enumerate(g.integers(NOISES, size=len(self))):
            picture = self._room.picture.copy()
            if self._nurse is not None:
                self._draw_nurse(picture, self._nurse[t], t)
            self._draw_patient(picture, t)
            yield cv2.subtract(cv2.add(picture, brighter[kind]), darker[kind])

    def _seen(self, body: Joints) -> tuple[dict[str, Floats], dict[str, Floats]]:
        both = {name: self._camera.project(points) for name, points in vars(body).items()}
        return {name: pixels for name, (pixels, _) in both.items()}, {name: scale for name, (_, scale) in both.items()}

    def _limb(self, picture: Picture, start: Floats, end: Floats, width: float, colour: Colour) -> None:
        """A capsule with a darker rim; pixels."""
        (a, b), thick = fixed(np.stack([start, end])).tolist(), max(round(width), 1)
        cv2.line(picture, a, b, rgb(self._light, colour, 0.62), thick + 2, cv2.LINE_AA, SUBPIXEL)
        cv2.line(picture, a, b, rgb(self._light, colour), max(thick - 1, 1), cv2.LINE_AA, SUBPIXEL)

    def _draw_patient(self, picture: Picture, t: int) -> None:
        p, look = {name: pixels[t] for name, pixels in self._pixels.items()}, self._look
        scale = {name: values[t] for name, values in self._scales.items()}
        self._draw_shadow(picture, t)
        if self._blanket is None:
            for s in (LEFT, RIGHT):
                self._limb(picture, p["hip"][s], p["knee"][s], 0.15 * look.girth * scale["knee"][s], look.clothes)
                self._limb(picture, p["knee"][s], p["foot"][s], 0.11 * look.girth * scale["foot"][s], look.skin)
        self._draw_trunk(picture, p, scale)
        if self._blanket is not None:
            quads, shades = self._blanket
            for quad, shade in zip(quads[t], shades[t].tolist(), strict=True):
                cv2.fillConvexPoly(picture, quad, rgb(self._light, look.bedding, shade), cv2.LINE_8, SUBPIXEL)
        self._draw_head(picture, p, scale)
        for s in (LEFT, RIGHT):
            self._limb(picture, p["shoulder"][s], p["elbow"][s], 0.105 * look.girth * scale["elbow"][s], look.clothes)
            self._limb(picture, p["elbow"][s], p["hand"][s], 0.08 * look.girth * scale["hand"][s], look.skin)
            self._disc(picture, p["hand"][s], 0.055 * scale["hand"][s], look.skin, 0.93)

    def _draw_shadow(self, picture: Picture, t: int) -> None:
        flat = np.array([1.0, 1.0, 0.0])
        for s in (LEFT, RIGHT):
            arm = np.stack([self._joints.shoulder[t, s], self._joints.elbow[t, s], self._joints.hand[t, s]]) * flat
            arm[:, 0] = np.clip(arm[:, 0], -0.46, 0.46)
            points, scale = self._camera.project(arm)
            cv2.polylines(picture, [fixed(points)], False, rgb(self._light, SHEET, 0.8), max(int(0.1 * scale[0]), 1), cv2.LINE_AA, SUBPIXEL)

    def _draw_trunk(self, picture: Picture, p: dict[str, Floats], scale: dict[str, Floats]) -> None:
        look, corners = self._look, np.concatenate([p["shoulder"], p["hip"][::-1]])
        width = 0.16 * look.girth * float(scale["neck"])
        for shade, grow in ((0.62, 2), (1.0, -1)):
            colour, thick = rgb(self._light, look.clothes, shade), max(int(width) + grow, 1)
            cv2.polylines(picture, [fixed(corners)], True, colour, thick, cv2.LINE_AA, SUBPIXEL)
            cv2.fillConvexPoly(picture, fixed(corners), colour, cv2.LINE_AA, SUBPIXEL)
        self._limb(picture, p["neck"], p["head"], 0.1 * float(scale["neck"]), look.skin)

    def _draw_head(self, picture: Picture, p: dict[str, Floats], scale: dict[str, Floats]) -> None:
        look, size = self._look, float(scale["head"])
        head, nose, down, across = p["head"], p["face"], np.array([0, size]), np.array([size, 0])
        if look.long_hair:
            self._disc(picture, head - 0.03 * down, 0.15 * size, look.hair, 0.9)
        self._disc(picture, head, 0.125 * size, look.hair, 1.0)
        self._disc(picture, head + 0.35 * (nose - head) + 0.015 * down, 0.1 * size, look.skin, 1.0)
        for side in (-0.035, 0.035):
            self._disc(picture, nose + side * across - 0.02 * down, 0.014 * size, look.hair, 0.6)
        self._disc(picture, nose + 0.045 * down, 0.02 * size, look.skin, 0.6)

    def _disc(self, picture: Picture, centre: Floats, radius: float, colour: Colour, shade: float) -> None:
        x, y, r = fixed(np.array([*centre, radius])).tolist()
        cv2.circle(picture, (x, y), r, rgb(self._light, colour, shade), -1, cv2.LINE_AA, SUBPIXEL)

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

    def _draw_nurse(self, picture: Picture, at: Floats, t: int) -> None:
        if at[1] > 2.6:
            return
        swing = 0.14 * np.sin(0.35 * t)
        hands_and_feet = [[0, swing, 0.05], [0, -swing, 0.05], [0.12, swing, 0.85], [-0.12, -swing, 0.85]]
        body = np.array([[0, 0, 1.6], [0, 0, 1.3], [0, 0, 0.85], *hands_and_feet]) + np.array([at[0], at[1], FLOOR_Z])
        pixels, scales = self._camera.project(body)
        for foot in (3, 4):
            self._limb(picture, pixels[2], pixels[foot], 0.15 * scales[foot], self._look.staff)
        self._limb(picture, pixels[1], pixels[2], 0.36 * scales[1], self._look.staff)
        for hand in (5, 6):
            self._limb(picture, pixels[1], pixels[hand], 0.09 * scales[hand], self._look.staff)
        self._disc(picture, pixels[0], 0.13 * scales[0], self._look.hair, 1.0)
        cv2.copyTo(self._room.picture, self._room.bed, picture)
