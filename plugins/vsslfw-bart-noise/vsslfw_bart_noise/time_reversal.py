"""Time reversal: the sequence, or a span of it, runs backwards."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from vsslfw.interfaces import Examples, SequenceCorruption
from vsslfw.plan import CorruptionPlan


class TimeReversal(SequenceCorruption):
    """plan -> plan in which the K real positions, or a span of them, run backwards, in a share of the clips.

    Not one of BART's noises: text read backwards is no text, while video that runs backwards is video, and only the way that
    things move tells (the "arrow of time", Wei et al. 2018). If every clip ran backwards as a whole, there would be nothing to
    find out: a fixed exchange of positions would restore each. So either a coin decides, or a span is given, drawn anew for
    each clip.

    span: frames that run backwards, at least 2, all K where there are fewer; where the span starts is drawn uniformly.
        None: all K.
    probability: of a clip to be changed at all, in [0, 1].
    """

    check_with: ClassVar[Examples] = ({}, {"probability": 1.0}, {"span": 3, "probability": 1.0})

    def __init__(self, *, span: int | None = None, probability: float = 0.5) -> None:
        if span is not None and span < 2:
            raise ValueError(f"span is {span}; it must be at least 2 frames, or None for the whole sequence")
        if not 0 <= probability <= 1:
            raise ValueError(f"probability is {probability}; it must lie between 0 and 1")
        self.span = span
        self.probability = probability

    def __call__(self, plan: CorruptionPlan, generator: np.random.Generator) -> CorruptionPlan:
        """Reverse the K real positions, or a span of them."""
        k = plan.length
        span = k if self.span is None else min(self.span, k)
        if generator.random() >= self.probability or span < 2:
            return plan
        start = int(generator.integers(k - span + 1))
        shown = plan.source[:k].copy()
        shown[start : start + span] = shown[start : start + span][::-1]
        return plan.with_source(shown)
