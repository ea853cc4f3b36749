"""Token masking: a share of the frames becomes MASK."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from vsslfw.interfaces import Examples, SequenceCorruption
from vsslfw.plan import MASK, CorruptionPlan
from vsslfw_bart_noise import share


class TokenMasking(SequenceCorruption):
    """plan -> plan in which a share of the K real frames is replaced by MASK, each where it stands.

    BART, section 2.2, "Token Masking": following BERT, positions are sampled and replaced. They are drawn without replacement
    from those that still show a frame. This is what the built-in ``mask_frames`` does unless told otherwise; BERT's rule of
    80% MASK, 10% another frame, 10% kept, which BART does not use, is there as well (``replace="bert"``).

    ratio: share of the K real frames, in [0, 1]; floor(ratio K + 0.5) of them, or all that are left.
    """

    check_with: ClassVar[Examples] = ({}, {"ratio": 0.5})

    def __init__(self, *, ratio: float = 0.15) -> None:
        self.ratio = share.checked(ratio)

    def __call__(self, plan: CorruptionPlan, generator: np.random.Generator) -> CorruptionPlan:
        """Mask a share of the K real positions."""
        shown = plan.source[: plan.length].copy()
        frames = np.flatnonzero(shown != MASK)
        count = min(share.frames(self.ratio, plan.length), len(frames))
        shown[generator.choice(frames, size=count, replace=False)] = MASK
        return plan.with_source(shown)
