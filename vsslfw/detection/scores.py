"""How good boxes are: mean IoU, where a miss counts 0, and average precision at an overlap of one half; by subject and over all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vsslfw.detection.candidates import Candidates
from vsslfw.detection.geometry import Boxes, iou

ENOUGH = 0.5
"""Overlap from which a box counts as right (AP50)."""


@dataclass(frozen=True)
class Score:
    """Of the pictures of a subject, or of all: ``mean_iou`` over those with a patient, ``ap50`` over all candidates.

    ``missed``: share of the pictures with a patient that got no box. ``invented``: share of those without one that got a box; none if
    there are none.
    """

    name: str
    pictures: int
    mean_iou: float
    ap50: float
    missed: float
    invented: float | None


def score(name: str, truth: Boxes, chosen: Boxes, found: Sequence[Candidates]) -> Score:
    """Of (n,4) true boxes (NaN: nobody), (n,4) chosen ones (NaN: a miss) and the candidates of the n pictures."""
    there, answered = _there(truth), _there(chosen)
    overlaps = iou(chosen, truth)[there]
    return Score(
        name,
        len(truth),
        float(overlaps.mean()) if len(overlaps) else 0.0,
        average_precision(truth, found),
        float((~answered[there]).mean()) if there.any() else 0.0,
        float(answered[~there].mean()) if (~there).any() else None,
    )


def by_subject(subjects: NDArray[np.str_], truth: Boxes, chosen: Boxes, found: Sequence[Candidates], names: dict[str, str]) -> list[Score]:
    """A `Score` for each subject, by the name that ``names`` gives it, in their order, and "all" at the end."""
    rows = []
    for subject, name in sorted(names.items(), key=lambda item: item[1]):
        at = np.flatnonzero(subjects == subject)
        if len(at):
            rows.append(score(name, truth[at], chosen[at], [found[int(i)] for i in at]))
    return [*rows, score("all", truth, chosen, found)]


def _there(boxes: Boxes) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(boxes).all(axis=1))


def average_precision(truth: Boxes, found: Sequence[Candidates]) -> float:
    """The area under precision over recall of all candidates by score; one is right if it overlaps by `ENOUGH` and is the first to."""
    right, scores = [], []
    for box, one in zip(truth, found, strict=True):
        hits = iou(one.boxes, box) >= ENOUGH if len(one.scores) else np.zeros(0, dtype=bool)
        first = np.cumsum(hits) == 1
        right += (hits & first).tolist()
        scores += one.scores.tolist()
    wanted = int(np.isfinite(truth).all(axis=1).sum())
    if not right or not wanted:
        return 0.0
    hits = np.array(right)[np.argsort(-np.array(scores), kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    best_from = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best_from[hits].sum() / wanted)
