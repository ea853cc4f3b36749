"""Who lies there, in which room, seen from where, in which light. All of it is drawn without knowing the label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vsslfw.seeds import Stream

Colour = tuple[float, float, float]
"""RGB, 0-255."""

SKIN: tuple[Colour, ...] = ((236, 200, 176), (222, 178, 148), (188, 138, 104), (140, 96, 70), (96, 66, 50))
HAIR: tuple[Colour, ...] = ((40, 30, 26), (78, 54, 36), (150, 112, 66), (120, 118, 116), (30, 28, 34))
CLOTHES: tuple[Colour, ...] = ((168, 196, 214), (206, 206, 198), (110, 140, 170), (160, 190, 160), (196, 150, 160), (90, 96, 120))
BLANKET: tuple[Colour, ...] = ((206, 214, 222), (150, 176, 200), (196, 186, 160), (160, 190, 176), (190, 160, 170))
WALL: tuple[Colour, ...] = ((206, 204, 192), (196, 202, 204), (210, 200, 186), (194, 200, 188))
FLOOR: tuple[Colour, ...] = ((140, 124, 106), (128, 128, 126), (150, 138, 120))
FAMILY: tuple[Colour, ...] = ((150, 60, 60), (60, 60, 90), (190, 170, 90), (70, 110, 70), (120, 80, 120))
STAFF: tuple[Colour, ...] = ((70, 120, 150), (80, 140, 120), (230, 232, 234))


@dataclass(frozen=True)
class Look:
    """A subject and the room: constant over all their videos."""

    skin: Colour
    hair: Colour
    long_hair: bool
    clothes: Colour
    bedding: Colour
    wall: Colour
    floor: Colour
    staff: Colour
    height: float
    """Of the body, relative to the average."""
    girth: float
    """Of trunk and limbs, relative to the average."""
    family: Colour
    """Clothes of the visitor who is no member of staff."""
    family_hair: Colour
    mirrored: bool
    """The room is seen in a mirror: cabinet, door and chair are on the other side of the bed."""
    rails: bool
    """Bed rails are up on both sides."""
    table: bool
    """A table stands across the foot end of the bed."""
    stand: bool
    """An infusion stand stands beside the bed."""
    camera: tuple[float, float, float]
    """Metres: to the right of the bed's middle line, beyond the foot end, above the mattress."""
    tilt: float
    """Of the camera about its axis, radians."""
    zoom: float
    brightness: float
    restlessness: float
    """How much they move in daily life and before a seizure, relative to the average."""
    arms: tuple[float, float]
    """Resting angle of the upper arms from the trunk, radians, left and right."""
    knees: tuple[float, float]
    """Resting angle of the thighs above the mattress, radians, left and right."""
    turn: float
    """Resting turn of the head, radians."""

    @classmethod
    def draw(cls, stream: Stream) -> Look:
        """The look that this stream gives."""
        g = stream.generator()

        def tinted(palette: tuple[Colour, ...]) -> Colour:
            red, green, blue = np.array(palette[g.integers(len(palette))]) * g.uniform(0.9, 1.06) + g.uniform(-6, 6, 3)
            return float(red), float(green), float(blue)

        return cls(
            skin=tinted(SKIN),
            hair=tinted(HAIR),
            long_hair=bool(g.random() < 0.5),
            clothes=tinted(CLOTHES),
            bedding=tinted(BLANKET),
            wall=tinted(WALL),
            floor=tinted(FLOOR),
            staff=tinted(STAFF),
            family=tinted(FAMILY),
            family_hair=tinted(HAIR),
            mirrored=bool(g.random() < 0.5),
            rails=bool(g.random() < 0.5),
            table=bool(g.random() < 0.4),
            stand=bool(g.random() < 0.5),
            height=float(g.uniform(0.92, 1.08)),
            girth=float(g.uniform(0.85, 1.25)),
            camera=(float(g.uniform(-0.5, 0.5)), float(g.uniform(0.75, 1.1)), float(g.uniform(2.05, 2.5))),
            tilt=float(g.uniform(-0.06, 0.06)),
            zoom=float(g.uniform(0.92, 1.08)),
            brightness=float(g.uniform(0.85, 1.1)),
            restlessness=float(g.uniform(0.6, 1.5)),
            arms=(float(g.uniform(0.15, 0.5)), float(g.uniform(0.15, 0.5))),
            knees=(float(g.choice([0.05, 0.5]) + g.uniform(0, 0.15)), float(g.choice([0.05, 0.5]) + g.uniform(0, 0.15))),
            turn=float(g.uniform(-0.5, 0.5)),
        )


@dataclass(frozen=True)
class Light:
    """Day in colour, or night under infra-red: grey, flatter, brightest in the middle, with more noise."""

    night: bool
    gain: float

    def shade(self, colour: NDArray[np.float64] | Colour) -> NDArray[np.float64]:
        """RGB (..., 3), 0-255, as it appears in this light."""
        rgb = np.asarray(colour, dtype=np.float64)
        if self.night:
            grey = rgb @ np.array([0.42, 0.38, 0.20])
            # Under infra-red, dyes fade: dark cloth and hair come out paler than by day.
            rgb = np.repeat((60 + 0.6 * grey)[..., None], 3, axis=-1)
        return np.clip(rgb * self.gain, 0, 255)

    @property
    def noise(self) -> float:
        """Standard deviation of the sensor's noise, grey levels."""
        return 3.0 if self.night else 1.5
