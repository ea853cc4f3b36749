"""The date and time that a recorder burns into a corner of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import cv2

from vsslfw.data.synthetic.room import Picture
from vsslfw.seeds import Stream

FIRST = datetime(2018, 1, 1)
DAYS = 2000


@dataclass(frozen=True)
class Stamp:
    """A running clock in one of the four corners."""

    start: datetime
    top: bool
    left: bool

    @classmethod
    def draw(cls, room: Stream, video: Stream) -> Stamp:
        """The corner is the room's, the time is the video's."""
        g, corner = video.generator(), room.generator()
        start = FIRST + timedelta(days=int(g.integers(DAYS)), seconds=int(g.integers(86400)))
        return cls(start, bool(corner.random() < 0.5), bool(corner.random() < 0.5))

    def burn(self, picture: Picture, seconds: float) -> None:
        """Write the time ``seconds`` after the start into the picture, in place."""
        height, width = picture.shape[:2]
        text = (self.start + timedelta(seconds=int(seconds))).strftime("%Y-%m-%d %H:%M:%S")
        scale = height / 240 * 0.36
        (wide, high), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
        margin = max(height // 60, 2)
        at = (margin if self.left else width - wide - margin, high + margin if self.top else height - margin)
        for colour, thick in (((20, 20, 20), 3), ((235, 235, 235), 1)):
            cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, thick, cv2.LINE_AA)
