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

    ``missed``: share of the pictures with a patient that got no box. ``invented``: share of those without one that got a box. Without
    a picture with a patient the first three are none; without one that has nobody in it, the last.
    """

    name: str
    pictures: int
    mean_iou: float | None
    ap50: float | None
    missed: float | None
    invented: float | None


def score(name: str, truth: Boxes, chosen: Boxes, found: Sequence[Candidates]) -> Score:
    """Of (n,4) true boxes (NaN: nobody), (n,4) chosen ones (NaN: a miss) and the candidates of the n pictures."""
    there, answered = _there(truth), _there(chosen)
    return Score(
        name,
        len(truth),
        float(iou(chosen, truth)[there].mean()) if there.any() else None,
        average_precision(truth, found),
        float((~answered[there]).mean()) if there.any() else None,
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


def average_precision(truth: Boxes, found: Sequence[Candidates]) -> float | None:
    """The area under precision over recall of all candidates by score; one is right if it overlaps by `ENOUGH` and is the first to.

    None without a true box: there is nothing to recall.
    """
    right, scores = [], []
    for box, one in zip(truth, found, strict=True):
        hits = iou(one.boxes, box) >= ENOUGH if len(one.scores) else np.zeros(0, dtype=bool)
        first = np.cumsum(hits) == 1
        right += (hits & first).tolist()
        scores += one.scores.tolist()
    wanted = int(_there(truth).sum())
    if not wanted:
        return None
    if not right:
        return 0.0
    hits = np.array(right)[np.argsort(-np.array(scores), kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    best_from = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best_from[hits].sum() / wanted)
