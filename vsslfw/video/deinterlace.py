"""Interlaced pictures -> progressive ones, at the times they had."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import av
from av.video.frame import VideoFrame

from vsslfw.video.clock import Picture
from vsslfw.video.images import one_thread_graph

FILTER = ("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
"""A picture in, a picture out, from the field that comes first; pictures that are progressive stay as they are."""
LEAST = (3, 4)
"""The filter needs so many columns and rows."""
TICK = Fraction(1, 1000)


def progressive(pictures: Iterator[Picture]) -> Iterator[Picture]:
    """The pictures, progressive: libav's bwdif runs from the first interlaced one on. Nothing is blended across what is lost."""
    before: Picture | None = None
    running: _Running | None = None
    for picture in pictures:
        frame = picture.frame
        if running and (frame is None or _shape(frame) != running.shape):
            yield from running.finish()
            running = before = None
        if frame is not None and frame.interlaced_frame and running is None and frame.width >= LEAST[0] and frame.height >= LEAST[1]:
            running = _Running(frame, before)
        if running and frame is not None:
            yield from running.push(picture, frame)
        else:
            before = None if frame is None else picture
            yield picture
    if running:
        yield from running.finish()


class _Running:
    """A filter for pictures of one shape. It looks one ahead, so what comes out lags behind what went in."""

    def __init__(self, first: VideoFrame, before: Picture | None) -> None:
        self.shape = _shape(first)
        self._graph = one_thread_graph(first, [FILTER])
        self._inside: deque[Picture | None] = deque()
        """What is in the filter; none for a picture that was shown before the filter began."""
        self._sent = 0
        if before is not None and before.frame is not None and _shape(before.frame) == self.shape:
            self._send(None, before.frame)

    def push(self, picture: Picture, frame: VideoFrame) -> Iterator[Picture]:
        self._send(picture, frame)
        return self._received()

    def finish(self) -> Iterator[Picture]:
        self._graph.vpush(None)
        return self._received()

    def _send(self, picture: Picture | None, frame: VideoFrame) -> None:
        self._inside.append(picture)
        frame.pts, frame.time_base = self._sent, TICK  # the filter drops pictures whose stamps do not increase
        self._sent += 1
        self._graph.vpush(frame)

    def _received(self) -> Iterator[Picture]:
        while True:
            try:
                frame = self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return
            if picture := self._inside.popleft():
                yield replace(picture, frame=frame)


def _shape(frame: VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name
