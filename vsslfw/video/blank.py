"""Black and frozen stretches of a recording: a camera that is covered or off, a recorder that hangs. Nothing can be learnt there."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from vsslfw.video.decode import frames_at
from vsslfw.video.player import Player

LOOKS, MIDDLE_S = 5, 2.0
"""Pictures that are looked at, evenly apart over so many seconds in the middle of a stretch: a gap that takes more than half of
it covers its middle, and little has to be decoded."""
SMALL = (36, 48)
"""(H, W) at which they are compared: small enough to average a sensor's noise away."""
DARKEST, EVENEST = 20.0, 4.0
"""A picture is black if its grey levels (0 to 255) have at most this mean and this standard deviation: infra-red is darker than
day, but it shows a room."""
STILL, ON_AVERAGE = 4.0, 1.0
"""Pictures are the same if no pixel differs by more grey levels, nor all of them on average: that much a codec changes a picture
that stands still. An empty room changes by more, in light and in noise."""

Blank = Literal["", "black", "frozen"]


def blank(recording: Path | Player, start_s: float, seconds: float) -> Blank:
    """Whether the middle of a stretch is black or frozen all along; "" if it is neither, or cannot be read (which others report)."""
    looked = min(seconds, MIDDLE_S)
    times = start_s + (seconds - looked) / 2 + looked * (np.arange(LOOKS) + 0.5) / LOOKS
    stream = frames_at(recording, times, size=SMALL)
    found = [image.astype(np.float32).mean(axis=2) for _, image in stream]
    if len(found) < LOOKS:
        return ""
    pictures = np.stack(found)  # (LOOKS, H, W)
    if pictures.mean() <= DARKEST and pictures.std(axis=(1, 2)).max() <= EVENEST:
        return "black"
    changes = np.ptp(pictures, axis=0)
    return "frozen" if changes.max() <= STILL and changes.mean() <= ON_AVERAGE else ""
