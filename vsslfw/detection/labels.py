"""Boxes of a CSV file: video_id, time_s, x1, y1, x2, y2 and, if a detector has written it, score."""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vsslfw.atomic import write_text
from vsslfw.data.spelling import nfc
from vsslfw.data.table import Cells, number_hint, read_table, summarise
from vsslfw.detection.geometry import SIDE, Boxes
from vsslfw.digest import digest_of
from vsslfw.errors import Problem, UserError

CORNERS = ("x1", "y1", "x2", "y2")
COLUMNS = ("video_id", "time_s", *CORNERS)


@dataclass(frozen=True)
class Labels:
    """The boxes (n, 4) of one video at times (n,) seconds, increasing; a row of NaN says that nobody is there then.

    ``scores`` (n,): how sure the detector was, 0 to 1; NaN where nobody says. ``file`` and ``rows`` (n,): where they were read.
    """

    times: NDArray[np.float64]
    boxes: Boxes
    scores: NDArray[np.float64]
    file: str = ""
    rows: NDArray[np.int64] | None = None

    @property
    def found(self) -> NDArray[np.bool_]:
        """(n,) True where there is a box."""
        return np.asarray(np.isfinite(self.boxes).all(axis=1))

    def place(self, at: int, column: str) -> str:
        """Where a person finds one of them: the file, its row and a column; nothing if they were not read."""
        return "" if self.rows is None else f"{self.file} row {self.rows[at]}, column {column}"

    def digest(self) -> str:
        """Of times and boxes: scores change no crop."""
        return digest_of([[time, *box] if there else [time] for time, box, there in zip(*self._plain(), strict=True)])

    def _plain(self) -> tuple[list[float], list[list[float]], list[bool]]:
        return self.times.tolist(), self.boxes.tolist(), self.found.tolist()


def read_boxes(path: Path) -> dict[str, Labels]:
    """Video id -> its boxes. UserError holds everything that is wrong with the file at once.

    A row whose four corners are empty says that the patient is not in the picture at that time.
    """
    table = read_table(path, COLUMNS, ("score",))
    problems: list[Problem] = []
    found: dict[str, dict[float, tuple[float, ...]]] = defaultdict(dict)  # video id -> time -> the values, and the row at the end
    for cells in table.rows:

        def wrong(column: str, what: str, hint: str = "", row: int = cells.row) -> None:
            problems.append(Problem(what, f"{path.name} row {row}, column {column}", hint))

        video_id = nfc(cells["video_id"])
        if not video_id:
            wrong("video_id", "is empty")
        row = _row(cells, wrong)
        if row is None:
            continue
        time = row[0]
        if time in found[video_id]:
            wrong("time_s", f'"{video_id}" has another box at this time')
        found[video_id][time] = (*row, cells.row)
    if problems:
        raise UserError(*summarise(problems), title=f"{path}: {len(problems)} problem{'s' if len(problems) > 1 else ''}")
    return {video_id: _labels([rows[time] for time in sorted(rows)], path.name) for video_id, rows in found.items()}


def write_boxes(path: Path, tracks: Mapping[str, Labels], *, private: bool = False) -> None:
    """Write boxes, one row a time, in the order of the mapping; to a tenth of a pixel, scores to a thousandth."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, "score"])
    for video_id, labels in tracks.items():
        for time, box, score in zip(labels.times, labels.boxes, labels.scores, strict=True):
            corners = [f"{value:.1f}" for value in box] if np.isfinite(box).all() else [""] * 4
            writer.writerow([video_id, f"{time:.3f}", *corners, "" if math.isnan(score) else f"{score:.3f}"])
    write_text(path, text.getvalue(), private=private)


def _labels(rows: list[tuple[float, ...]], file: str) -> Labels:
    table = np.array(rows, dtype=np.float64)
    return Labels(table[:, 0], table[:, 1:5], table[:, 5], file, table[:, 6].astype(np.int64))


def _row(cells: Cells, wrong: Callable[..., None]) -> tuple[float, ...] | None:
    """time_s, four corners, score; none if a number cannot be read."""
    nobody = not any(cells[column] for column in CORNERS)
    values = [_number(cells, column, wrong) for column in (("time_s",) if nobody else ("time_s", *CORNERS))]
    score = _number(cells, "score", wrong) if cells["score"] else math.nan
    if any(math.isnan(value) for value in values):
        return None
    time, *corners = values
    if time < 0:
        wrong("time_s", f'"{cells["time_s"]}" is before the first picture')
    if nobody:
        return (time, *[math.nan] * 4, score)
    x1, y1, x2, y2 = corners
    turned = False
    for low, high, first, second in ((x1, x2, "x1", "x2"), (y1, y2, "y1", "y2")):
        if high <= low:
            turned = True
            hint = "a box is x1, y1 (top left), x2, y2 (bottom right)"
            wrong(second, f"{second} ({high:g}) must be greater than {first} ({low:g})", hint)
    if not turned and min(x2 - x1, y2 - y1) < SIDE - 1e-6:
        column = "x2" if x2 - x1 < SIDE - 1e-6 else "y2"
        what = f"a box of {x2 - x1:g} x {y2 - y1:g} pixels is none; its sides must be {SIDE:g} or more"
        wrong(column, what, "boxes are in pixels of the upright picture, not shares of it")
    return (time, x1, y1, x2, y2, score)


def _number(cells: Cells, column: str, wrong: Callable[..., None]) -> float:
    """The cell as a finite number; NaN, and a problem, if it is none."""
    try:
        value = float(cells[column])
    except ValueError:
        value = math.nan
    if math.isfinite(value):
        return value
    wrong(column, f'"{cells[column]}" is not a number', number_hint(cells[column]))
    return math.nan
