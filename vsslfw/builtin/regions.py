"""Where the patient is: the whole picture, or boxes from a file (paper, section 4: an SSD's boxes, cut out before the resize)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vsslfw.data.table import summarise
from vsslfw.detection.fit import MISPLACED, NO_FIT, misplaced, strangers
from vsslfw.detection.geometry import Aspect, grown, require_crop
from vsslfw.detection.labels import Labels, read_boxes
from vsslfw.detection.track import OnMiss, Track
from vsslfw.digest import digest_of
from vsslfw.errors import UserError
from vsslfw.interfaces import Detector, Examples, Location, Watched


class WholeFrame(Detector):
    """No region: the whole picture."""

    def boxes(self, video_id: str, times: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64] | None:
        """None, always."""
        return None


class BoxesCsv(Detector):
    """Boxes from a CSV file with the columns video_id, time_s, x1, y1, x2, y2 (docs/data.md).

    Between two rows of a video the box is interpolated linearly; before the first and after the last it is held. A row with four
    empty corners says that nobody is there at that time. A video without rows is seen whole.
    """

    check_with: ClassVar[Examples] = ()

    def __init__(self, *, path: Location, margin: float = 0.0, aspect: Aspect = "keep", on_miss: OnMiss = "hold") -> None:
        """``path``: the file, relative to the current directory. UserError holds everything that is wrong with it at once.

        margin: what is added on each side, as a share of the box's width and height.
        aspect: "keep" leaves the shape of a box, "frame" gives it the picture's, "square" makes it square.
        on_miss: where a row says that nobody is there: "hold" keeps the last box, "whole_frame" shows the whole picture, "drop"
            leaves the frames out.
        """
        require_crop(margin, aspect)
        self.path = Path(os.path.abspath(path))
        self._margin, self._aspect, self._on_miss = margin, aspect, on_miss
        self._tracks = {video_id: Track(labels, on_miss) for video_id, labels in read_boxes(self.path).items()}

    def boxes(self, video_id: str, times: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64] | None:
        """(N, 4) boxes within the picture, at ``times`` (N,) seconds from the file's first picture. UserError as of `watch`."""
        track = self._tracks.get(video_id)
        if track is None:
            return None
        _require_placed(track.labels, video_id, size)
        found = track.at(times, size)
        if found is None:
            return None
        height, width = size
        return grown(found.clip(0, [width, height, width, height]), size, margin=self._margin, aspect=self._aspect)

    def prepare(self, video_ids: Sequence[str]) -> str:
        """How many videos have a box, and in how many nobody is ever seen. UserError, with the nearest id, for boxes of unknown videos."""
        if unknown := strangers({name: track.labels for name, track in self._tracks.items()}, video_ids):
            raise UserError(*summarise(unknown), title=NO_FIT)
        boxed = sum(bool(track.labels.found.any()) for track in self._tracks.values())
        said, without = f"{boxed} of {len(video_ids)} videos have boxes", len(self._tracks) - boxed
        if self._on_miss != "drop" or not without:
            return f"{said}, the others are seen whole"
        return f'{said}, {without} have rows and never a box: all of their frames are left out (on_miss="drop"); the others are seen whole'

    def watch(self, video: Watched) -> None:
        """UserError for boxes that lie outside this video's picture, or far beyond it, and for rows behind the end of its file."""
        if track := self._tracks.get(video.video_id):
            _require_placed(track.labels, video.video_id, video.size, video.duration_s)

    def fingerprint(self, video_id: str) -> str:
        """A digest of this video's rows, so that another video's boxes leave its features as they are."""
        track = self._tracks.get(video_id)
        return track.labels.digest() if track else digest_of(None)

    def shares(self, video_id: str) -> Mapping[str, float]:
        """What share of this video's rows has a box, and what the others have."""
        track = self._tracks.get(video_id)
        return track.shares() if track else {"whole_frame": 1.0}


def _require_placed(labels: Labels, video_id: str, size: tuple[int, int], duration_s: float | None = None) -> None:
    if wrong := misplaced(labels, video_id, size, duration_s):
        raise UserError(*summarise(wrong), title=MISPLACED)
