"""Staff and family beside the bed: their legs are hidden by it, and bent over the patient they hide some of them."""

from __future__ import annotations

import numpy as np

from vsslfw.data.synthetic.body import Floats
from vsslfw.data.synthetic.brush import Brush
from vsslfw.data.synthetic.camera import Camera
from vsslfw.data.synthetic.looks import Colour, Light, Look
from vsslfw.data.synthetic.motion import Visitor
from vsslfw.data.synthetic.room import FLOOR_Z, Picture
from vsslfw.data.synthetic.visits import DOOR_Y

CHAIR: Colour = (120, 100, 84)
OUT_OF_SIGHT = DOOR_Y - 0.4


class Person:
    """Draws one visitor, moment by moment."""

    def __init__(self, visitor: Visitor, look: Look, light: Light, camera: Camera) -> None:
        self._visitor, self._look, self._camera, self._brush = visitor, look, camera, Brush(light)
        self._clothes, self._hair = (look.staff, look.hair) if visitor.staff else (look.family, look.family_hair)

    def draw_behind(self, picture: Picture, t: int) -> None:
        """What the bed may hide: chair and legs."""
        if self._there(t):
            pixels, scales = self._body(t)
            if self._visitor.seated:
                x, y = self._visitor.place[t]
                corners = np.array(
                    [[x - 0.25, y - 0.25, -0.15], [x + 0.25, y - 0.25, -0.15], [x + 0.25, y + 0.2, -0.15], [x - 0.25, y + 0.2, -0.15]]
                )
                self._brush.area(picture, self._camera.project(corners)[0], CHAIR, 0.9)
            for foot in (3, 4):
                self._brush.limb(picture, pixels[2], pixels[foot], 0.15 * scales[foot], self._clothes)

    def draw_over(self, picture: Picture, t: int) -> None:
        """What may hide the patient: trunk, head and arms."""
        if self._there(t):
            pixels, scales = self._body(t)
            self._brush.limb(picture, pixels[1], pixels[2], 0.36 * scales[1], self._clothes)
            for hand in (5, 6):
                self._brush.limb(picture, pixels[1], pixels[hand], 0.09 * scales[hand], self._clothes)
                self._brush.disc(picture, pixels[hand], 0.05 * scales[hand], self._look.skin, 0.95)
            self._brush.disc(picture, pixels[0], 0.13 * scales[0], self._hair, 1.0)

    def _there(self, t: int) -> bool:
        return bool(self._visitor.place[t, 1] < OUT_OF_SIGHT)

    def _body(self, t: int) -> tuple[Floats, Floats]:
        """Pixels and pixels per metre of head, neck, pelvis, two feet, two hands."""
        (x, y), lean, inwards = self._visitor.place[t], float(self._visitor.lean[t]), -np.sign(self._visitor.place[t, 0])
        swing = 0.14 * np.sin(0.35 * t) * (1 - lean) * (not self._visitor.seated)
        low = 0.4 if self._visitor.seated else 0.0
        over = 0.32 * lean * inwards
        body = np.array(
            [
                [1.25 * over, 0, 1.6 - low - 0.3 * lean],
                [over, 0, 1.32 - low - 0.22 * lean],
                [0, 0, 0.86 - low],
                [0.25 * inwards * bool(low), swing + 0.3 * bool(low), 0.05],
                [0.25 * inwards * bool(low), -swing + 0.45 * bool(low), 0.05],
                [0.12 + 1.3 * over, swing, 0.85 - 0.25 * low],
                [-0.12 + 1.3 * over, -swing, 0.85 - 0.25 * low],
            ]
        )
        return self._camera.project(body + np.array([x, y, FLOOR_Z]))
