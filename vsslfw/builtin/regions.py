"""Where the patient is: the whole picture, or boxes from a file (paper, section 4: an SSD's boxes, cut out before the resize)."""

from __future__ import annotations

import math
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vsslfw.data.spelling import nfc
from vsslfw.data.table import Cells, read_table, summarise
from vsslfw.digest import digest_of
from vsslfw.errors import Problem, UserError, did_you_mean
from vsslfw.interfaces import Detector, Examples, Location

CORNERS = ("x1", "y1", "x2", "y2")


class WholeFrame(Detector):
    """No region: the whole picture."""

    def boxes(self, video_id: str, times: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64] | None:
        """None, always."""
        return None


class BoxesCsv(Detector):
    """Boxes from a CSV file with the columns video_id, time_s, x1, y1, x2, y2 (docs/data.md).

    Between two rows of a video the box is interpolated linearly; before the first and after the last it is held. A video
    without rows is seen whole.
    """

    check_with: ClassVar[Examples] = ()

    def __init__(self, *, path: Location) -> None:
        """``path``: the file, relative to the current directory. UserError holds everything that is wrong with it at once."""
        self.path = Path(os.path.abspath(path))
        self._rows = _read(self.path)

    def boxes(self, video_id: str, times: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64] | None:
        """(N, 4) boxes within the picture, at ``times`` (N,) seconds from the file's first picture. UserError if one lies outside it."""
        rows = self._rows.get(video_id)
        if rows is None:
            return None
        table = np.array(rows)  # (rows, 5): time_s, x1, y1, x2, y2, sorted by time
        height, width = size
        for time, x1, y1, x2, y2 in rows:
            if x1 >= width or y1 >= height or x2 <= 0 or y2 <= 0:
                box = f"the box of {video_id} at {time:g} s ({x1:g}, {y1:g}, {x2:g}, {y2:g})"
                what = f"{box} lies outside the picture of {width} x {height} pixels"
                raise UserError(Problem(what, self.path.name, "boxes are in pixels of the upright picture as it is in the file"))
        corners = np.stack([np.interp(times, table[:, 0], table[:, column]) for column in range(1, 5)], axis=1)
        return corners.clip(0, [width, height, width, height])

    def prepare(self, video_ids: Sequence[str]) -> str:
        """How many videos have boxes. UserError, with the nearest id, for boxes of a video that is not in the manifest."""
        strangers = [name for name in self._rows if name not in set(video_ids)]
        if strangers:
            problems = [
                Problem(f'there is no video "{name}" in the manifest', self.path.name, did_you_mean(name, video_ids)) for name in strangers
            ]
            raise UserError(*summarise(problems), title="The boxes do not fit the manifest:")
        return f"{len(self._rows)} of {len(video_ids)} videos have boxes, the others are seen whole"

    def fingerprint(self, video_id: str) -> str:
        """A digest of this video's rows, so that another video's boxes leave its features as they are."""
        return digest_of(self._rows.get(video_id))


def _read(path: Path) -> dict[str, list[tuple[float, ...]]]:
    """Video id -> its (time_s, x1, y1, x2, y2) rows, sorted by time."""
    table = read_table(path, ("video_id", "time_s", *CORNERS))
    problems: list[Problem] = []
    found: dict[str, dict[float, tuple[float, ...]]] = defaultdict(dict)
    for cells in table.rows:

        def wrong(column: str, what: str, hint: str = "", row: int = cells.row) -> None:
            problems.append(Problem(what, f"{path.name} row {row}, column {column}", hint))

        video_id = nfc(cells["video_id"])
        if not video_id:
            wrong("video_id", "is empty")
        values = [_number(cells, column, wrong) for column in ("time_s", *CORNERS)]
        time, x1, y1, x2, y2 = values
        if any(math.isnan(value) for value in values):
            continue
        if time < 0:
            wrong("time_s", f'"{cells["time_s"]}" is before the first picture')
        for low, high, first, second in ((x1, x2, "x1", "x2"), (y1, y2, "y1", "y2")):
            if high <= low:
                wrong(
                    second,
                    f"{second} ({high:g}) must be greater than {first} ({low:g})",
                    "a box is x1, y1 (top left), x2, y2 (bottom right)",
                )
        if time in found[video_id]:
            wrong("time_s", f'"{video_id}" has another box at this time')
        found[video_id][time] = (time, x1, y1, x2, y2)
    if problems:
        raise UserError(*summarise(problems), title=f"{path}: {len(problems)} problem{'s' if len(problems) > 1 else ''}")
    return {video_id: [rows[time] for time in sorted(rows)] for video_id, rows in found.items()}


def _number(cells: Cells, column: str, wrong: Callable[[str, str], None]) -> float:
    """The cell as a finite number; NaN, and a problem, if it is none."""
    try:
        value = float(cells[column])
    except ValueError:
        value = math.nan
    if math.isfinite(value):
        return value
    wrong(column, f'"{cells[column]}" is not a number')
    return math.nan
