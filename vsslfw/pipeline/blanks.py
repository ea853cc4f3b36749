"""Which stretches of recordings are black or frozen. What was found is remembered for as long as the files stay the same."""

from __future__ import annotations

from pathlib import Path

from vsslfw.atomic import read_json, write_json
from vsslfw.data.manifest import VideoRow
from vsslfw.digest import digest_of
from vsslfw.pipeline.cache import Cache
from vsslfw.video import Player, decoder_version
from vsslfw.video.blank import blank

BLANK_VERSION = 1


class Blanks:
    """Looks at stretches of the recordings whose content digests are given by video id."""

    def __init__(self, contents: dict[str, str], cache: Cache) -> None:
        self._contents = contents
        self._folder = cache.folder / "probe"
        self._known: dict[str, str] = {}
        """Of the recording that was looked at last: "start seconds" -> "", "black" or "frozen"."""
        self._memo: Path | None = None
        self._player: Player | None = None
        self._new = 0

    def __call__(self, row: VideoRow, start_s: float, seconds: float) -> bool:
        """Whether a stretch is mostly black or frozen."""
        memo = self._folder / f"{digest_of(['blank', BLANK_VERSION, decoder_version(), self._contents[row.video_id]])}.json"
        if memo != self._memo:
            self.close()
            self._memo, self._known = memo, read_json(memo) if memo.is_file() else {}
        place = f"{start_s!r} {seconds!r}"
        if place not in self._known:
            self._player = self._player or Player(row.path)
            found = blank(self._player, start_s, seconds)
            if self._player.cut_off:
                return bool(found)
            self._known[place] = found
            self._new += 1
        return bool(self._known[place])

    def close(self) -> None:
        """Remember what was found, and give the recording back."""
        if self._memo is not None and self._new:
            write_json(self._memo, self._known)
        if self._player is not None:
            self._player.close()
        self._player, self._new, self._memo = None, 0, None
