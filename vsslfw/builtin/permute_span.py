"""Frame permutation of the paper: a span of consecutive frames is relocated."""

from __future__ import annotations

import numpy as np

from vsslfw.interfaces import SequenceCorruption
from vsslfw.plan import CorruptionPlan


class PermuteSpan(SequenceCorruption):
    """plan -> plan in which one span of consecutive frames is cut out and put back at another place.

    Where the span starts is uniform over all places, and where it goes is uniform over all places other than its own, so
    it always moves (paper, "Corrupt the input for pre-training"; design reading 3). It acts on whatever the plan shows,
    so it can follow or precede any other corruption. K = 1 stays as it is.

    span: frames in the span; K // 2 where that is less.
    """

    def __init__(self, *, span: int = 30) -> None:
        if span < 1:
            raise ValueError(f"span is {span}; it must be at least 1 frame")
        self.span = span

    def __call__(self, plan: CorruptionPlan, generator: np.random.Generator) -> CorruptionPlan:
        """Move one span among the K real positions."""
        k = plan.length
        span = min(self.span, k // 2)
        if span == 0:
            return plan
        places = k - span + 1
        start = int(generator.integers(places))
        goal = (start + 1 + int(generator.integers(places - 1))) % places
        shown = plan.source[:k]
        rest = np.delete(shown, np.s_[start : start + span])
        return plan.with_source(np.insert(rest, goal, shown[start : start + span]))
