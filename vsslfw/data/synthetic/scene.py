"""The picture: the room, the people behind the bed, the patient, and what stands in front of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from vsslfw.data.synthetic.body import Floats
from vsslfw.data.synthetic.camera import Camera
from vsslfw.data.synthetic.looks import Light, Look
from vsslfw.data.synthetic.motion import Motion
from vsslfw.data.synthetic.patient import Patient
from vsslfw.data.synthetic.people import Person
from vsslfw.data.synthetic.room import Picture, foreground, furnish
from vsslfw.data.synthetic.stamp import Stamp
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
    stamp: Stamp
    fps: float
    size: tuple[int, int]


class Scene:
    """The pictures of one video: iterate over `frames`; `boxes` says where the patient is in each."""

    def __init__(self, setting: Setting, motion: Motion, stream: Stream) -> None:
        look, light = setting.look, setting.light
        self._setting, self._stream = setting, stream
        camera = Camera(look, setting.size)
        self._room = furnish(look, light, camera)
        self._front = foreground(look, light, camera)
        self._patient = Patient(look, light, camera, motion, setting.blanket_y)
        self._people = [Person(visitor, look, light, camera) for visitor in motion.visitors]

    def __len__(self) -> int:
        return len(self._patient.gone)

    def present(self) -> Floats:
        """(T,) 1 in bed, 0 out of the picture."""
        return 1 - self._patient.gone

    def boxes(self) -> Floats:
        """(T, 4) x1, y1, x2, y2 in pixels around the patient, inside the picture."""
        boxes = self._patient.boxes()
        if self._setting.look.mirrored:
            boxes[:, [0, 2]] = self._setting.size[1] - boxes[:, [2, 0]]
        return boxes

    def frames(self) -> Iterator[Picture]:
        """(H, W, 3) uint8 RGB, one for each time."""
        g = self._stream.generator()
        noises = g.normal(0, self._setting.light.noise, (NOISES, *self._setting.size, 1)).round()
        # Two bytes instead of one signed word: cv2's saturating byte arithmetic is several times faster.
        brighter, darker = (part.clip(0, 255).astype(np.uint8).repeat(3, axis=-1) for part in (noises, -noises))
        for t, kind in enumerate(g.integers(NOISES, size=len(self))):
            picture = self._picture(t)
            picture = cv2.subtract(cv2.add(picture, brighter[kind]), darker[kind])
            self._setting.stamp.burn(picture, t / self._setting.fps)
            yield picture

    def _picture(self, t: int) -> Picture:
        picture = self._room.picture.copy()
        for person in self._people:
            person.draw_behind(picture, t)
        if self._people:
            cv2.copyTo(self._room.picture, self._room.bed, picture)
        self._patient.draw(picture, t)
        cv2.copyTo(self._front.picture, self._front.mask, picture)
        for person in self._people:
            person.draw_over(picture, t)
        return cv2.flip(picture, 1) if self._setting.look.mirrored else picture
