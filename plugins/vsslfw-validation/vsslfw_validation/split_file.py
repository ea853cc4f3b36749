"""A fixed split: a CSV file says in which fold each subject is tested, so that others can be compared on the very same folds."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vsslfw.data.spelling import nfc
from vsslfw.data.table import read_table, summarise
from vsslfw.digest import digest_of_file
from vsslfw.errors import Problem, UserError, did_you_mean
from vsslfw.locations import Location

log = logging.getLogger("vsslfw.validation")  # below "vsslfw", so that a run shows its warnings and keeps them
SHOWN = 5
"""How many subjects a message names before it counts the others."""
LEAST_DIGITS = 8


class SplitFile:
    """split(X, y, groups) -> (train, test) indices of the folds of a CSV file with the columns subject_id and fold.

    A subject is tested in its fold and trained on in all others. Every subject with labelled video must stand in the file
    exactly once; others may, and a warning counts them. Folds come in the order of their names, "2" before "10"; one that tests
    nothing is left out.

    path: the file, relative to the current directory. UserError holds everything that is wrong with it at once.
    digest: the first digits of the file's SHA-256 (`sha256sum FILE`), at least 8: UserError if its content is another.
        None takes any content; each run records what it was.
    """

    check_with: ClassVar[tuple[dict[str, Any], ...]] = ({"path": str(Path(__file__).with_name("example.csv"))},)

    def __init__(self, *, path: Location, digest: str | None = None) -> None:
        if digest is not None and not re.fullmatch(rf"[0-9a-fA-F]{{{LEAST_DIGITS},64}}", digest):
            raise ValueError(f'digest is "{digest}"; it must be {LEAST_DIGITS} to 64 hexadecimal digits, as sha256sum prints them')
        self.path = Path(os.path.abspath(path))
        self.folds = _read(self.path)
        self._told = False
        if digest is not None:
            _check(self.path, digest.lower())

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Yield (train, test) indices, a fold each. ValueError names the subjects that the file lacks."""
        subjects = [nfc(str(subject)) for subject in groups]
        self._check_subjects(set(subjects))
        tested = np.array([self.folds[subject] for subject in subjects])
        names = sorted(set(tested.tolist()), key=_natural)
        if len(names) < 2:
            raise ValueError(f"{self.path.name} tests all of these subjects in one fold; two are needed")
        for name in names:
            yield np.flatnonzero(tested != name), np.flatnonzero(tested == name)

    def _check_subjects(self, subjects: set[str]) -> None:
        missing = sorted(subjects - self.folds.keys())
        others = self.folds.keys() - subjects
        if missing:
            told = [f'"{name}" ({near})' if (near := _near(name, others)) else f'"{name}"' for name in missing[:SHOWN]]
            more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
            raise ValueError(f"{self.path.name} has no row of subject {', '.join(told)}{more}")
        if others and not self._told:  # counted and not named: a log is kept in the run folder, and ids do not belong there
            log.warning("%s: %d of its %d subjects have no labelled video here", self.path.name, len(others), len(self.folds))
            self._told = True


def _read(path: Path) -> dict[str, str]:
    """Subject id -> fold."""
    first: dict[str, int] = {}
    folds: dict[str, str] = {}
    problems = []
    for cells in read_table(path, ("subject_id", "fold")).rows:
        subject, where = nfc(cells["subject_id"]), f"{path.name} row {cells.row}, column "
        problems += [Problem("is empty", where + column) for column in ("subject_id", "fold") if not cells[column]]
        if subject in first:
            hint = "a subject is tested once: remove one of the two rows"
            problems.append(Problem(f'"{subject}" stands in row {first[subject]} already', f"{where}subject_id", hint))
        elif subject:
            first[subject], folds[subject] = cells.row, nfc(cells["fold"])
    if problems:
        raise UserError(*summarise(problems), title=f"{path}: {len(problems)} problem{'s' if len(problems) > 1 else ''}")
    return folds


def _check(path: Path, digest: str) -> None:
    found = digest_of_file(path)
    if not found.startswith(digest):
        what = f"its SHA-256 begins with {found[: len(digest)]}, and digest says {digest}: this is not the split that is meant"
        raise UserError(Problem(what, path.name, f"find the file that was meant, or say digest={found[:LEAST_DIGITS]!r} if it is this one"))


def _near(name: str, others: Any) -> str:
    near = did_you_mean(name, others)
    return near if near.startswith("did") else ""


def _natural(name: str) -> list[Any]:
    """Numbers within a name count as numbers."""
    return [int(part) if number % 2 else part for number, part in enumerate(re.split(r"([0-9]+)", name))]
