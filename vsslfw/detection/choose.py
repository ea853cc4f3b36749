"""Which of the candidates is the patient: the written rule of docs/detector.md, over a whole video at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vsslfw.detection.candidates import Candidates
from vsslfw.detection.geometry import SIDE, Boxes, area, iou

SURE = 0.5
"""Candidates with at least this score say where the bed is, if there are any."""


@dataclass(frozen=True)
class Rule:
    """What counts for a candidate, beside its score: how much it counts. A candidate below ``min_score`` is nobody."""

    min_score: float = 0.3
    track: float = 0.5
    """Overlap with the box chosen before it."""
    place: float = 0.5
    """Overlap with the bed: the median of the sure candidates of the video."""
    size: float = 0.1
    """Area, relative to the largest candidate of the picture."""


def choose(found: Sequence[Candidates], rule: Rule) -> tuple[Boxes, NDArray[np.float64]]:
    """(n,4) boxes and (n,) scores of the patient in n pictures in order; NaN and 0 where no candidate reaches ``min_score``.

    The chosen boxes are those whose sum of scores, overlaps with their predecessor, overlaps with the bed and sizes is the greatest
    over the whole video, which dynamic programming finds; pictures without a candidate are stepped over. Of equals, the first wins.
    """
    kept = [_above(one, rule.min_score) for one in found]
    bed = median_place(kept)
    boxes, scores = np.full((len(found), 4), np.nan), np.zeros(len(found))
    steps: list[tuple[int, NDArray[np.intp]]] = []  # the picture, and for each candidate the best one before it
    before: Candidates | None = None
    total = np.zeros(0)
    for index, one in enumerate(kept):
        if not len(one.scores):
            continue
        own = one.scores + rule.place * iou(one.boxes, bed) + rule.size * area(one.boxes) / area(one.boxes).max()
        if before is None:
            back, total = np.zeros(len(own), dtype=np.intp), own
        else:
            joint = total[None, :] + rule.track * iou(one.boxes[:, None], before.boxes[None])
            back = joint.argmax(axis=1)
            total = own + joint.max(axis=1)
        steps.append((index, back))
        before = one
    best = int(total.argmax()) if len(total) else 0
    for index, back in reversed(steps):
        boxes[index], scores[index] = kept[index].boxes[best], kept[index].scores[best]
        best = int(back[best])
    return boxes, scores


def median_place(found: Sequence[Candidates]) -> Boxes:
    """(4,) the median of the best candidate of each picture, of the sure ones if there are any: where the bed is. NaN if there is none."""
    best = [(one.scores[0], one.boxes[0]) for one in found if len(one.scores)]
    sure = [box for score, box in best if score >= SURE] or [box for _, box in best]
    return np.median(sure, axis=0) if sure else np.full(4, np.nan)


def _above(one: Candidates, least: float) -> Candidates:
    sides = one.boxes[:, 2:] - one.boxes[:, :2]
    kept = (one.scores >= least) & (sides > SIDE + 0.1).all(axis=1)  # corners are written to a tenth of a pixel, and read again
    return Candidates(one.boxes[kept], one.scores[kept])
