"""A recording that is read in several places, one after another, without decoding more of it than its container asks for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from vsslfw.video.clock import Picture
from vsslfw.video.opening import UnreadableError
from vsslfw.video.source import SEEK_AFTER_S, Source


class Player:
    """Where a file is open, and at which picture. Seeks if the file allows it; else reads on, and begins anew only to go back.

    Not for two readers at once: a new `pictures` ends the one before, which raises RuntimeError if it is asked again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._source: Source | None = None
        self._pictures: Iterator[Picture] = iter(())
        self._reader = 0
        self._process = os.getpid()
        self._cut_off = False
        self._passed: list[Picture] = []
        """The last two pictures handed out: the one that is shown, and the one after it that ended the reading."""

    @property
    def declared_duration_s(self) -> float:
        """How long the open file is by its own account, 0 if it does not say."""
        return (self._source and self._source.declared_duration_s) or 0.0

    @property
    def cut_off(self) -> bool:
        """Whether the disk failed since the file was opened last, not the content: another time there may be more pictures."""
        return self._cut_off or (self._source is not None and self._source.cut_off)

    @property
    def usual_step_s(self) -> float:
        """Seconds from a picture to the next in the open file, by its own account."""
        return self._source.clock.step_s if self._source else 0.0

    def pictures(self, start_s: float) -> Iterator[Picture]:
        """What is shown from ``start_s`` on: the first picture is at or before it. Raises `UnreadableError` as `Source` does."""
        self._reader = reader = self._reader + 1
        if not self._goes_on(start_s):
            self._open(start_s)
        for picture in [*self._passed]:
            yield self._of(reader, picture)
        kept = True
        for number, picture in enumerate(self._pictures):
            if number == 0:  # where the file can seek none is kept: a decoder is quicker if it gets its memory back at once
                kept = self._source is not None and not self._source.seekable
            self._passed = [*self._passed[-1:], picture] if kept else []
            yield picture
            self._of(reader, picture)

    def _of(self, reader: int, picture: Picture) -> Picture:
        if reader != self._reader:
            raise RuntimeError("this reading ended when another one of the same player began")
        return picture

    def close(self) -> None:
        """Give the file back."""
        self._cut_off = self.cut_off
        if self._source is not None:
            self._source.close()
        self._source, self._pictures, self._passed = None, iter(()), []

    def _goes_on(self, start_s: float) -> bool:
        if (
            self._process != os.getpid()
            or not self._source
            or self._source.seekable
            or not self._passed
            or self._passed[0].time_s > start_s
        ):
            return False
        if start_s - self._passed[-1].time_s > SEEK_AFTER_S and self._source.skims:
            self._pictures, self._passed = self._source.further(start_s), []
        return True

    def _open(self, start_s: float) -> None:
        self.close()
        self._cut_off = False
        try:
            self._source, self._process = Source(self.path), os.getpid()  # a process that was forked has no file of its own
        except UnreadableError as error:
            self._cut_off = error.passing
            raise
        self._pictures = self._source.pictures(start_s)
