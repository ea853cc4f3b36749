"""Sentence permutation: the sequence is cut into segments, and they are shuffled."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from vsslfw.interfaces import Examples, SequenceCorruption
from vsslfw.plan import CorruptionPlan, Indices


class SentencePermutation(SequenceCorruption):
    """plan -> plan in which the K real positions are cut into segments of consecutive frames, which come in another order.

    BART, section 2.2, "Sentence Permutation": a document is divided into sentences based on full stops, and these are
    shuffled. Video has no full stops, so a segment is a stretch of time. All orders other than the one that was there are
    equally likely; with one segment alone the plan stays as it is.

    segment: frames in a segment; the last one may be shorter. A longer span leaves more movement in each, and fewer to put in order.
    boundaries: "even" cuts every ``segment`` frames, so that the seams are where the model expects them; "random" makes as
        many segments, and draws where the cuts are, so that they differ in length as sentences do.
    """

    check_with: ClassVar[Examples] = ({}, {"segment": 2}, {"segment": 3, "boundaries": "random"})

    def __init__(self, *, segment: int = 25, boundaries: Literal["even", "random"] = "even") -> None:
        if segment < 1:
            raise ValueError(f"segment is {segment}; it must be at least 1 frame")
        if boundaries not in ("even", "random"):
            raise ValueError(f'boundaries is "{boundaries}"; it must be "even" or "random"')
        self.segment = segment
        self.boundaries = boundaries

    def __call__(self, plan: CorruptionPlan, generator: np.random.Generator) -> CorruptionPlan:
        """Shuffle the segments of the K real positions."""
        segments = np.split(plan.source[: plan.length], self._cuts(plan.length, generator))
        if len(segments) < 2:
            return plan
        order = unchanged = np.arange(len(segments))
        while np.array_equal(order, unchanged):  # at most every other draw, so all other orders stay equally likely
            order = generator.permutation(len(segments))
        return plan.with_source(np.concatenate([segments[i] for i in order]))

    def _cuts(self, k: int, generator: np.random.Generator) -> Indices:
        """Where segments begin, other than the first."""
        even = np.arange(self.segment, k, self.segment)
        if self.boundaries == "even" or len(even) == 0:
            return even
        return np.sort(generator.choice(np.arange(1, k), size=len(even), replace=False))
