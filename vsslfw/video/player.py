"""A recording that is read in several places, one after another, without decoding more of it than its container asks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vsslfw.video.clock import Picture
from vsslfw.video.source import Source


class Player:
    """Where a file is open, and at which picture. Seeks if the file allows it; else reads on, and begins anew only to go back.

    Not for two readers at once: a new `pictures` ends the one before.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._source: Source | None = None
        self._pictures: Iterator[Picture] = iter(())
        self._passed: list[Picture] = []
        """The last two pictures handed out: the one that is shown, and the one after it that ended the reading."""

    @property
    def declared_duration_s(self) -> float:
        """How long the open file is by its own account, 0 if it does not say."""
        return (self._source and self._source.declared_duration_s) or 0.0

    def pictures(self, start_s: float) -> Iterator[Picture]:
        """What is shown from ``start_s`` on: the first picture is at or before it. Raises `UnreadableError` as `Source` does."""
        again = [*self._passed] if self._goes_on(start_s) else self._open(start_s)
        yield from again
        for picture in self._pictures:
            self._passed = [*self._passed[-1:], picture]
            yield picture

    def close(self) -> None:
        """Give the file back."""
        if self._source is not None:
            self._source.close()
        self._source, self._pictures, self._passed = None, iter(()), []

    def _goes_on(self, start_s: float) -> bool:
        return bool(self._source and not self._source.seekable and self._passed and self._passed[0].time_s <= start_s)

    def _open(self, start_s: float) -> list[Picture]:
        self.close()
        self._source = Source(self.path)
        self._pictures = self._source.pictures(start_s)
        return []
