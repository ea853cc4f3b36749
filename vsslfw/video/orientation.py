"""How a picture is turned, and mirrored, so that it stands upright: the display matrix of a file, read as the ffmpeg program reads it."""

from __future__ import annotations

import struct
from typing import Any

from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame

Filter = tuple[str, str]
"""A filter of libav, and its options."""


def quarter_turns(frame: VideoFrame) -> int:
    """Counterclockwise quarter turns (0-3), rounded to right angles; 0 if the matrix says nothing."""
    matrix = _matrix(frame)
    degenerate = matrix is not None and not any(matrix[i] for i in (0, 1, 3, 4))
    return 0 if degenerate else round(frame.rotation / 90) % 4


def upright(frame: VideoFrame) -> tuple[Filter, ...]:
    """The filters that turn and mirror a picture as its display matrix says; none for most."""
    turns, matrix = quarter_turns(frame), _matrix(frame) or (1, 0, 0, 0, 1)
    across, along, skew = matrix[0] < 0, matrix[4] < 0, matrix[3]
    if turns == 1:
        return (("transpose", "clock_flip" if skew < 0 else "cclock"),)
    if turns == 3:
        return (("transpose", "cclock_flip" if skew > 0 else "clock"),)
    flips: list[Filter] = [("hflip", "")] if across and turns == 2 else []
    return (*flips, ("vflip", "")) if along else tuple(flips)


def _matrix(frame: VideoFrame) -> tuple[int, ...] | None:
    """The nine numbers of the display matrix, row by row."""
    data: Any = frame.side_data.get(Type.DISPLAYMATRIX)  # type: ignore[call-overload]  # its stub knows names only
    return None if data is None else struct.unpack("=9i", bytes(data)[:36])
