"""The manifest ``videos.csv``: which videos there are, whose they are, and what they show (docs/data.md)."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vsslfw.data.spelling import alike, nfc
from vsslfw.data.table import Cells, Table, nearest_file, number_hint, read_table, summarise
from vsslfw.digest import digest_of
from vsslfw.errors import Problem, UserError, did_you_mean

REQUIRED = ("video_id", "path", "subject_id", "role", "label")
OPTIONAL = ("start_s", "end_s")
ROLES = ("contextual", "labelled")


@dataclass(frozen=True)
class VideoRow:
    """One row: a video file, or the part of it from ``start_s`` to ``end_s`` (seconds from its first picture; none: its end).

    Ids and label are in Unicode's form NFC: the same letters are the same text.
    """

    video_id: str
    path: Path
    """Absolute."""
    subject_id: str
    role: str
    label: str | None
    """None for contextual video."""
    start_s: float = 0.0
    end_s: float | None = None
    extra: dict[str, str] = field(default_factory=dict)
    """Columns that vsslfw does not know (site, camera, ...), as text."""
    row: int = 0
    """Row number as a spreadsheet shows it: the header is row 1."""


@dataclass(frozen=True)
class Manifest:
    """The rows of a manifest, in its order; ``digest`` changes with their content, not with their order or the folder's place."""

    path: Path
    rows: list[VideoRow]
    digest: str

    @property
    def labelled(self) -> list[VideoRow]:
        """The rows with a label: what is classified."""
        return [row for row in self.rows if row.role == "labelled"]

    @property
    def contextual(self) -> list[VideoRow]:
        """The rows without one: what pre-training sees."""
        return [row for row in self.rows if row.role == "contextual"]

    @property
    def labels(self) -> list[str]:
        """The labels that occur, sorted."""
        return sorted({row.label for row in self.labelled if row.label})


def read_manifest(path: Path, *, to_split: bool = True) -> Manifest:
    """Read and check a manifest; paths in it are relative to it. UserError holds every problem at once, each with its row and column.

    ``to_split`` False: it need not have two classes and two subjects, since nothing is trained on it.
    """
    path = Path(os.path.abspath(path))
    table = read_table(path, REQUIRED, OPTIONAL)
    problems: list[Problem] = []
    rows = [row for cells in table.rows if (row := _row(cells, table, problems)) is not None]
    problems += _duplicates(rows, path.name)
    problems += _leaks(rows, path.name)
    problems += _two_spellings(rows, path.name, "subject_id", "subject", lambda row: row.subject_id)
    problems += _two_spellings(rows, path.name, "label", "class", lambda row: row.label)
    wrong = {problem.where.rpartition(",")[0] for problem in problems if problem.where.endswith(("column start_s", "column end_s"))}
    problems += _overlaps([row for row in rows if f"{path.name} row {row.row}" not in wrong], path.name)
    if to_split and not any(problem.where.endswith(("column role", "column label", "column subject_id")) for problem in problems):
        problems += _too_few(rows, path.name)
    if problems:
        shown = summarise(problems)
        raise UserError(*_with_hints(shown, table, path), title=f"{path}: {len(problems)} problem{'s' if len(problems) > 1 else ''}")
    return Manifest(path, rows, _digest(rows, path.parent))


def _row(cells: Cells, table: Table, problems: list[Problem]) -> VideoRow | None:
    """The row, or none if it is not fit to be looked at further; what is wrong is added to ``problems``."""

    def wrong(column: str, what: str, hint: str = "") -> None:
        problems.append(Problem(what, f"{table.path.name} row {cells.row}, column {column}", hint))

    for column in ("video_id", "path", "subject_id"):
        if not cells[column]:
            wrong(column, "is empty")
    role, label = cells["role"], cells["label"]
    if role not in ROLES:
        wrong("role", f'unknown role "{role}"' if role else "is empty", did_you_mean(role, ROLES) or "known: contextual, labelled")
    if role == "labelled" and not label:
        wrong("label", "a labelled video has no label", "write its class, or make it contextual")
    if role == "contextual" and label:
        wrong("label", f'a contextual video has the label "{label}"', "leave the label empty, or make the video labelled")
    start, end = _seconds(cells, "start_s", wrong), _seconds(cells, "end_s", wrong)
    if end is not None and end <= (start or 0.0):
        wrong("end_s", f"ends at {end:g} s, which is not after its start at {start or 0.0:g} s")
    file = Path(os.path.abspath(table.path.parent / cells["path"]))
    if cells["path"] and not os.path.isfile(file):
        wrong("path", f'{"a folder, not a file" if os.path.isdir(file) else "no such file"}: "{cells["path"]}"')
    if role not in ROLES or not all(cells[column] for column in ("video_id", "path", "subject_id")):
        return None
    extra = {name: value for name, value in cells.values.items() if name not in REQUIRED + OPTIONAL}
    video_id, subject_id = nfc(cells["video_id"]), nfc(cells["subject_id"])
    return VideoRow(video_id, file, subject_id, role, nfc(label) or None, start or 0.0, end, extra, cells.row)


def _seconds(cells: Cells, column: str, wrong: Callable[[str, str, str], None]) -> float | None:
    text = cells[column]
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isfinite(value) and value >= 0:
        return value
    wrong(column, f'"{text}" is not a time in seconds, 0 or more', number_hint(text) or "write 83.5, not 1:23.5 or 83,5")
    return None


def _duplicates(rows: Iterable[VideoRow], name: str) -> list[Problem]:
    first: dict[str, int] = {}
    problems = []
    for row in rows:
        if row.video_id in first:
            what = f'"{row.video_id}" is also the id in row {first[row.video_id]}'
            problems.append(Problem(what, f"{name} row {row.row}, column video_id", "give each row an id of its own"))
        first.setdefault(row.video_id, row.row)
    return problems


def _leaks(rows: Iterable[VideoRow], name: str) -> list[Problem]:
    """One file under two subjects would stand on both sides of a split."""
    first: dict[Path, VideoRow] = {}
    problems = []
    for row in rows:
        owner = first.setdefault(row.path.resolve(), row)
        if owner.subject_id != row.subject_id:
            what = f'this file belongs to subject "{owner.subject_id}" in row {owner.row}, and to "{row.subject_id}" here'
            problems.append(Problem(what, f"{name} row {row.row}, column subject_id", "one recording shows one subject"))
    return problems


def _two_spellings(
    rows: Iterable[VideoRow], name: str, column: str, noun: str, part: Callable[[VideoRow], str | None]
) -> Iterator[Problem]:
    """One patient under two spellings would stand on both sides of a split; one class would be two."""
    first: dict[str, dict[str, int]] = {}
    for row in rows:
        written = part(row)
        if not written:
            continue
        spellings = first.setdefault(alike(written), {})
        if spellings and written not in spellings:
            other, number = next(iter(spellings.items()))
            what = f'"{written}" and "{other}" (row {number}) are two spellings of one {noun}'
            yield Problem(what, f"{name} row {row.row}, column {column}", "use one spelling; if they are two, name them more differently")
        spellings.setdefault(written, row.row)


def _overlaps(rows: Iterable[VideoRow], name: str) -> Iterator[Problem]:
    """A stretch of a file with two labels contradicts itself, and one that is labelled twice counts twice. Touching is fine."""
    by_file: dict[Path, list[VideoRow]] = {}
    for row in rows:
        if row.role == "labelled" and row.label:
            by_file.setdefault(row.path.resolve(), []).append(row)
    for file in by_file.values():
        for late, early in ((late, early) for i, late in enumerate(file) for early in file[:i]):
            where = f"{name} row {late.row}, column {'path' if (late.start_s, late.end_s) == (0.0, None) else 'start_s'}"
            if late.subject_id != early.subject_id:
                continue  # `_leaks` has said it
            if (late.start_s, late.end_s) == (early.start_s, early.end_s) and late.label == early.label:
                what = f"this stretch of this file is labelled in row {early.row} already: it would count twice"
                yield Problem(what, where, "remove one of the two rows")
            elif late.label != early.label and late.start_s < _end(early) and early.start_s < _end(late):
                shared = f"{max(late.start_s, early.start_s):g} s to {min(_end(late), _end(early)):g} s".replace("inf s", "its end")
                what = f'"{late.label}" here and "{early.label}" in row {early.row} are labels of the same stretch of this file, {shared}'
                yield Problem(what, where, "give the start_s and end_s of each; stretches may touch, not overlap")


def _end(row: VideoRow) -> float:
    return math.inf if row.end_s is None else row.end_s


def _too_few(rows: Sequence[VideoRow], name: str) -> list[Problem]:
    labelled = [row for row in rows if row.role == "labelled"]
    labels, subjects = Counter(row.label for row in labelled), Counter(row.subject_id for row in labelled)
    if not labelled:
        return [
            Problem("no row has the role labelled", f"{name}, column role", "to classify, label the videos of two classes and two subjects")
        ]
    problems = []
    if len(labels) < 2:
        what = f'all {len(labelled)} labelled videos have the label "{labelled[0].label}": there is nothing to tell apart'
        problems.append(Problem(what, f"{name}, column label", "add labelled videos of a second class"))
    if len(subjects) < 2:
        what = f'all {len(labelled)} labelled videos are of subject "{labelled[0].subject_id}": leaving this subject out leaves nothing'
        problems.append(Problem(what, f"{name}, column subject_id", "add labelled videos of a second subject"))
    return problems


def _with_hints(problems: Sequence[Problem], table: Table, path: Path) -> list[Problem]:
    """Nearest file names for the missing files that are shown: looking for them takes time, so not for all."""
    written = {f"{path.name} row {cells.row}, column path": cells["path"] for cells in table.rows}
    return [
        Problem(p.what, p.where, nearest_file(path.parent, written[p.where])) if p.what.startswith("no such file") and not p.hint else p
        for p in problems
    ]


def _digest(rows: Sequence[VideoRow], folder: Path) -> str:
    content = [
        [r.video_id, os.path.relpath(r.path, folder), r.subject_id, r.role, r.label, r.start_s, r.end_s, r.extra]
        for r in sorted(rows, key=lambda row: row.video_id)
    ]
    return digest_of(content)
