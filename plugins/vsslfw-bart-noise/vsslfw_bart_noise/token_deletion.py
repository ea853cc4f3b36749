"""Token deletion: a share of the frames is left out, and nothing shows where."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from vsslfw.interfaces import Examples, SequenceCorruption
from vsslfw.plan import MASK, CorruptionPlan
from vsslfw_bart_noise import share


class TokenDeletion(SequenceCorruption):
    """plan -> plan in which a share of the K real frames is left out; what follows closes up, and MASK fills the freed tail.

    BART, section 2.2, "Token Deletion": in contrast to masking, the model must find out which positions are missing. Frames
    are drawn without replacement from the positions that still show one, so the MASKs of an earlier noise are not deleted.
    The length of the tail tells how many frames are missing, as the length of the text does in BART.

    ratio: share of the K real frames, in [0, 1]; floor(ratio K + 0.5) of them, or all that are left.
    """

    changes_length = True
    check_with: ClassVar[Examples] = ({}, {"ratio": 0.5})

    def __init__(self, *, ratio: float = 0.15) -> None:
        self.ratio = share.checked(ratio)

    def __call__(self, plan: CorruptionPlan, generator: np.random.Generator) -> CorruptionPlan:
        """Delete a share of the K real positions."""
        shown = plan.source[: plan.length]
        frames = np.flatnonzero(shown != MASK)
        count = min(share.frames(self.ratio, plan.length), len(frames))
        return plan.showing(np.delete(shown, generator.choice(frames, size=count, replace=False)))
