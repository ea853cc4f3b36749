"""The answer for each tested video, and predictions.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vsslfw.atomic import write_text
from vsslfw.errors import Problem, UserError

COLUMNS = ("fold", "video", "subject", "label", "predicted")
LAST_COLUMNS = ("windows", "seconds", "data")
REPEAT = "repeat"
THRESHOLD = "threshold"
"""The very last columns. A file from before there were repeats or thresholds has none: all of it is the first, answered by the argmax."""
PREFIX = "p_"


@dataclass(frozen=True)
class Prediction:
    """What the model of one fold answered for one video that it never saw."""

    fold: str
    video: str
    subject: str
    """``video`` and ``subject`` are pseudonyms unless the run was asked to identify."""
    label: str
    """The true class."""
    predicted: str
    probabilities: dict[str, float]
    """Class -> probability, for each class, in the order of the run's classes."""
    windows: int
    """How many windows were averaged (design reading 8)."""
    seconds: float
    """Length of the video that was used."""
    data: str = "recorded"
    """``recorded``, or ``synthetic`` if the video is made: a file that travels alone must say so."""
    repeat: int = 1
    """Which repeat of the split it belongs to: a repeated validation scheme answers each video once in each of them."""
    threshold: float | None = None
    """From which probability of the positive class on the answer is that class, chosen in inner folds; none: the most probable class."""


@dataclass(frozen=True)
class WindowAnswer:
    """What the model of one fold answered for one window of a video that it never saw."""

    fold: str
    video: str
    subject: str
    label: str
    """The true class of the video."""
    start_s: float
    end_s: float
    """Seconds from the start of the stretch that was used."""
    probabilities: dict[str, float]
    repeat: int = 1


@dataclass(frozen=True)
class Occlusion:
    """What the model would have answered for a video if it had not seen one stretch of it."""

    fold: str
    video: str
    start_s: float
    end_s: float
    """Seconds from the start of the stretch that was used."""
    probability: float
    """Of the positive class, for the whole video, with MASK in place of these frames."""
    repeat: int = 1


def write_predictions(path: Path, predictions: Sequence[Prediction]) -> None:
    """Write a CSV, one row a video, sorted by fold and video, so that the order in which folds finish never shows.

    A repeated split has one row a video in each repeat. Numbers are the shortest text that reads back as the same number:
    equal values give equal bytes, and `read_predictions` loses nothing. Raises ValueError if two predictions name different classes.
    """
    classes = list(predictions[0].probabilities) if predictions else []
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *(PREFIX + name for name in classes), *LAST_COLUMNS, REPEAT, THRESHOLD])
    for p in sorted(predictions, key=lambda p: (p.fold, p.video)):
        if p.probabilities.keys() != set(classes):
            raise ValueError(f"video {p.video} has probabilities for {list(p.probabilities)}, the first one for {classes}")
        shares = [repr(float(p.probabilities[name])) for name in classes]
        threshold = "" if p.threshold is None else repr(float(p.threshold))
        last = (int(p.windows), repr(float(p.seconds)), p.data, int(p.repeat), threshold)
        writer.writerow([p.fold, p.video, p.subject, p.label, p.predicted, *shares, *last])
    write_text(path, text.getvalue())


def write_windows(path: Path, windows: Sequence[WindowAnswer], data: str) -> None:
    """Write a CSV, one row a window, sorted by fold, video and time; ``data`` is ``recorded`` or ``synthetic``."""
    classes = list(windows[0].probabilities) if windows else []
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["fold", "video", "subject", "label", "start_s", "end_s", *(PREFIX + name for name in classes), "data", REPEAT])
    for w in sorted(windows, key=lambda w: (w.fold, w.video, w.repeat, w.start_s, w.end_s)):
        shares = [repr(float(w.probabilities[name])) for name in classes]
        writer.writerow([w.fold, w.video, w.subject, w.label, repr(w.start_s), repr(w.end_s), *shares, data, w.repeat])
    write_text(path, text.getvalue())


def read_predictions(path: Path) -> list[Prediction]:
    """Read what `write_predictions` wrote. Raises UserError, with every problem, if the file is another one."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            columns, rows = list(reader.fieldnames or ()), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(Problem(f"cannot be read: {error}", str(path))) from error
    missing = [name for name in (*COLUMNS, *LAST_COLUMNS) if name not in columns]
    if missing:
        raise UserError(*(Problem(f'column "{name}" is missing', str(path), "A predictions.csv of a run has it.") for name in missing))
    classes = [name.removeprefix(PREFIX) for name in columns if name.startswith(PREFIX)]
    found, problems = [], []
    for number, row in enumerate(rows, start=2):
        try:
            found.append(_row(row, classes))
        except (TypeError, ValueError) as error:
            problems.append(Problem(f"not a prediction: {error}", f"{path} line {number}"))
    if problems:
        raise UserError(*problems)
    return found


def _row(row: dict[str, str], classes: list[str]) -> Prediction:
    shares = {name: float(row[PREFIX + name]) for name in classes}
    fold, video, subject, label, predicted = (row[name] for name in COLUMNS)
    windows, seconds, repeat = int(row["windows"]), float(row["seconds"]), int(row.get(REPEAT, 1))
    threshold = float(text) if (text := row.get(THRESHOLD)) else None
    return Prediction(fold, video, subject, label, predicted, shares, windows, seconds, row["data"], repeat, threshold)
