"""What `vsslfw predict` writes: JSON, CSV, and a page with a timeline for each video."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vsslfw.atomic import write_json, write_text
from vsslfw.report.html import page
from vsslfw.report.timeline import Timeline

NAMES = ("predictions.json", "predictions.csv", "predictions.html")
INTENDED = (
    "Research use; not a medical device. A probability is the model's, not the patient's: how good it is, the report of its validation "
    "says. Where a video is unlike the training data, its answer means less."
)


@dataclass(frozen=True)
class AnswerLine:
    """One video, as plain values."""

    video: str
    answer: str
    """A class, "abstains", or "cannot be read"."""
    probabilities: Mapping[str, float]
    confidence: float
    seconds: float
    unlike: Sequence[str]
    error: str
    windows: Sequence[Mapping[str, Any]]
    occlusion: Sequence[Mapping[str, Any]]
    timeline: Timeline | None
    note: str = ""


@dataclass(frozen=True)
class AnswersData:
    """All that is written."""

    model: str
    digest: str
    data: str
    """Of the model: ``recorded`` or ``synthetic``."""
    classes: Sequence[str]
    positive: str
    threshold: float | None
    min_confidence: float
    trained_on: str
    lines: Sequence[AnswerLine]


def write_answers(folder: Path, data: AnswersData) -> list[Path]:
    """Write the three files, atomically, and return their paths. The same answers give the same bytes."""
    json_path, csv_path, html_path = (folder / name for name in NAMES)
    head = {
        "model": data.model,
        "digest": data.digest,
        "model_data": data.data,
        "classes": list(data.classes),
        "positive": data.positive,
        "threshold": data.threshold,
        "min_confidence": data.min_confidence,
        "intended_use": INTENDED,
    }
    write_json(json_path, {**head, "videos": [_record(line) for line in data.lines]})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["video", "answer", *(f"p_{name}" for name in data.classes), "confidence", "seconds", "windows", "unlike", "error"])
    for line in data.lines:
        shares = [repr(line.probabilities[name]) if line.probabilities else "" for name in data.classes]
        rest = [repr(line.confidence), line.seconds, len(line.windows)] if line.probabilities else ["", "", 0]
        writer.writerow([line.video, line.answer, *shares, *rest, "; ".join(line.unlike), line.error])
    write_text(csv_path, text.getvalue())
    write_text(html_path, page("prediction.html", answers=data, intended=INTENDED), private=data.data != "synthetic")
    return [json_path, csv_path, html_path]


def _record(line: AnswerLine) -> dict[str, Any]:
    return {
        "video": line.video,
        "answer": line.answer,
        "probabilities": dict(line.probabilities),
        "confidence": line.confidence if line.probabilities else None,
        "seconds": line.seconds,
        "unlike": list(line.unlike),
        "error": line.error or None,
        "note": line.note or None,
        "windows": [dict(window) for window in line.windows],
        "occlusion": [dict(moment) for moment in line.occlusion],
    }
