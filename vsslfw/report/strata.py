"""The result broken down by columns of the manifest: site, age band, sex, skin tone, day and night, kind of seizure, certainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vsslfw.evaluation.predictions import Prediction

MOST_VALUES = 12
FEWEST = 5
"""Videos of each class from which on a rate is shown: of fewer, only the counts."""


@dataclass(frozen=True)
class Stratum:
    """The videos that share a value."""

    value: str
    videos: int
    subjects: int
    right: Sequence[tuple[str, float, int]]
    """(class, its videos that were answered rightly (the mean over repeats), its videos)."""
    balanced_accuracy: float | None
    note: str = ""


def strata(
    predictions: Sequence[Prediction], properties: Mapping[str, Mapping[str, str]], classes: Sequence[str]
) -> dict[str, list[Stratum]]:
    """Column -> a row for each value; columns with one value, or more than `MOST_VALUES`, are left out."""
    found = {}
    for column in dict.fromkeys(name for own in properties.values() for name in own):
        values = {p.video: properties.get(p.video, {}).get(column, "") or "(empty)" for p in predictions}
        if 2 <= len(set(values.values())) <= MOST_VALUES:
            rows = [
                _stratum(value, [p for p in predictions if values[p.video] == value], classes) for value in sorted(set(values.values()))
            ]
            found[column] = rows
    return found


def _stratum(value: str, predictions: Sequence[Prediction], classes: Sequence[str]) -> Stratum:
    from sklearn.metrics import balanced_accuracy_score

    repeats = len({p.repeat for p in predictions})
    right = []
    for name in classes:
        own = [p for p in predictions if p.label == name]
        if own:
            right.append((name, sum(p.predicted == name for p in own) / repeats, len(own) // repeats))
    balanced, note = None, ""
    if len(right) < len(classes):
        note = f"no {' and no '.join(name for name in classes if name not in {r[0] for r in right})} video"
    elif min(number for *_, number in right) < FEWEST:
        note = f"fewer than {FEWEST} videos of a class"
    else:
        balanced = float(balanced_accuracy_score([p.label for p in predictions], [p.predicted for p in predictions]))
    videos, subjects = {p.video for p in predictions}, {p.subject for p in predictions}
    return Stratum(value, len(videos), len(subjects), right, balanced, note)
