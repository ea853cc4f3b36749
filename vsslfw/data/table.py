"""CSV files as people make them: read with the place of every cell, and errors that say what to do."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vsslfw.errors import Problem, UserError, did_you_mean

SHOWN = 10
"""So many problems of one kind are shown; the others are counted."""
HEAD = 65536
SAVE_AS = 'save it as "CSV UTF-8 (comma delimited)"'


@dataclass(frozen=True)
class Cells:
    """One row: its number as a spreadsheet shows it (the header is row 1), and its trimmed cells by column name."""

    row: int
    values: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values.get(column, "")


@dataclass(frozen=True)
class Table:
    """The rows of a CSV file that are not blank."""

    path: Path
    columns: list[str]
    rows: list[Cells]


def read_table(path: Path, required: Sequence[str], optional: Sequence[str] = ()) -> Table:
    """Read a CSV file (comma, semicolon or tab). UserError if it cannot be read, or lacks columns, or has rows that are too long."""
    records = _records(path)
    if not records:
        raise UserError(Problem("the file is empty", str(path), f"its first row names the columns: {', '.join(required)}"))
    (_, header), *rows = records
    columns = [name.strip() for name in header]
    while columns and not columns[-1]:
        columns.pop()
    problems = _column_problems(path, columns, required, optional)
    wrong_header = bool(problems)
    tables = []
    for number, cells in rows:
        if not wrong_header and any(cell.strip() for cell in cells[len(columns) :]):
            what = f"has {len(cells)} cells where the header has {len(columns)}"
            problems.append(Problem(what, f"{path.name} row {number}", 'put text with a comma in quotes: "a, b"'))
        tables.append(Cells(number, dict(zip(columns, (cell.strip() for cell in cells), strict=False))))
    if not rows and not problems:
        problems.append(Problem("there is a header and no row below it", str(path)))
    if problems:
        raise UserError(*summarise(problems), title=f"{path} cannot be used")
    return Table(path, columns, tables)


def summarise(problems: Sequence[Problem]) -> list[Problem]:
    """The first ten problems of each kind, and a count of the others. One kind: the same column and words, other values."""

    def kind(problem: Problem) -> tuple[str, str]:
        column = problem.where.partition(", ")[2]
        return column, re.sub(r'"[^"]*"|\d[\d.]*', "...", problem.what)

    total, seen = Counter(map(kind, problems)), Counter[tuple[str, str]]()
    shown = []
    for problem in problems:
        seen[kind(problem)] += 1
        if seen[kind(problem)] <= SHOWN:
            shown.append(problem)
    for (column, words), count in total.items():
        if count > SHOWN:
            shown.append(Problem(f"{count - SHOWN} more rows: {words}", column))
    return shown


def number_hint(text: str) -> str:
    """What to write instead of a number with a decimal comma; nothing for any other text."""
    return f"write a point: {text.replace(',', '.')}" if re.fullmatch(r"[+-]?\d*,\d+", text) else ""


def nearest_file(folder: Path, written: str) -> str:
    """What there is instead of a file that is missing: the nearest name in its folder, or the part of the path that is missing."""
    if "\\" in written and (folder / written.replace("\\", "/")).exists():
        return "write / between folders, not \\"
    wanted = folder / written
    if not wanted.parent.is_dir():
        return f"there is no folder {wanted.parent}"
    try:
        names = [entry.name for entry, _ in zip(wanted.parent.iterdir(), range(5000), strict=False)]
    except OSError:
        return ""
    near = did_you_mean(wanted.name, names)
    return near if near.startswith("did") else ""


def _column_problems(path: Path, columns: Sequence[str], required: Sequence[str], optional: Sequence[str]) -> list[Problem]:
    known, where = (*required, *optional), f"{path.name} row 1"

    def plain(name: str) -> str:
        return "".join(c for c in name.casefold() if c.isalnum())

    problems = []
    for name in required:
        if name not in columns:
            alike = next((c for c in columns if plain(c) == plain(name)), None)
            near = f'rename the column "{alike}"' if alike else did_you_mean(name, columns)
            problems.append(Problem(f'column "{name}" is missing', where, near.replace("known:", "the file has:")))
    for column in columns:
        alike = next((name for name in optional if plain(column) == plain(name) and column != name), None)
        if alike:
            problems.append(Problem(f'column "{column}" would not be read', where, f'write it "{alike}"'))
    problems += [Problem(f'column "{name}" occurs {n} times', where) for name, n in Counter(columns).items() if n > 1 and name in known]
    return problems


def _records(path: Path) -> list[tuple[int, list[str]]]:
    text = _text(path)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return [(number, cells) for number, cells in enumerate(reader, 1) if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise UserError(Problem(f"not a CSV file: {error}", f"{path.name} line {reader.line_num}", f"{SAVE_AS}")) from None


def _text(path: Path) -> str:
    if path.is_dir():
        found = sorted(p.name for p in path.glob("*.csv"))[:3]
        raise UserError(
            Problem("a folder, not a file", str(path), f"name the file in it: {', '.join(found)}" if found else "name a CSV file")
        )
    if not path.exists():
        raise UserError(Problem("no such file", str(path), nearest_file(path.parent, path.name)))
    try:
        with path.open("rb") as file:
            data = file.read(HEAD)
            if b"\0" not in data:  # not a video of many gigabytes, given by mistake
                data += file.read()
    except OSError as error:
        raise UserError(Problem(f"cannot be read: {error.strerror}", str(path))) from None
    if data.startswith(b"PK\x03\x04"):
        raise UserError(Problem("a workbook or zip archive, not a text file", str(path), f"open it in a spreadsheet program and {SAVE_AS}"))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UserError(Problem("the text is UTF-16, not UTF-8", str(path), SAVE_AS))
    if b"\0" in data:
        raise UserError(Problem("a binary file, not a text file", str(path), "a table in CSV form is expected here"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"the text is not UTF-8 (byte 0x{data[error.start]:02x})"
        raise UserError(Problem(what, f"{path.name} line {line}", SAVE_AS)) from None
