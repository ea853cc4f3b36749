"""Document rotation: the sequence begins with another frame, and what stood before that one follows at the end."""

from __future__ import annotations

import numpy as np

from vsslfw.interfaces import SequenceCorruption
from vsslfw.plan import CorruptionPlan


class DocumentRotation(SequenceCorruption):
    """plan -> plan in which the K real positions are rotated to begin with a frame other than the first, drawn uniformly.

    BART, section 2.2, "Document Rotation": it trains the model to find the start. K = 1 stays as it is.
    """

    def __call__(self, plan: CorruptionPlan, generator: np.random.Generator) -> CorruptionPlan:
        """Rotate the K real positions."""
        k = plan.length
        if k < 2:
            return plan
        return plan.with_source(np.roll(plan.source[:k], -int(generator.integers(1, k))))
