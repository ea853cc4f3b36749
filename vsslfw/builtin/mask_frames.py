"""Frame masking of the paper: a share of the frames becomes the visual MASK token."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np

from vsslfw.interfaces import Examples, SequenceCorruption
from vsslfw.plan import MASK, CorruptionPlan, Indices


class MaskFrames(SequenceCorruption):
    """plan -> plan in which a share of the K real frames is replaced by MASK.

    Drawn without replacement from the real positions that still show a frame (paper, "Corrupt the input for pre-training";
    design readings 1 and 2). Targets stay.

    ratio: share of the K real frames, in [0, 1].
    draw: "exact" masks floor(ratio K + 0.5) frames; "bernoulli" throws a coin for each.
    replace: "mask" is the paper's text, MASK for each frame that was drawn; "bert" is BERT's rule, MASK for 80% of them, a
        random other clean frame for 10%, and 10% kept.
    spare_moved: if true, a frame that stands where it does not belong is never drawn; if too few are left, all of them are.
    """

    check_with: ClassVar[Examples] = ({}, {"draw": "bernoulli", "replace": "bert"}, {"spare_moved": True}, {"ratio": 1.0})

    def __init__(
        self,
        *,
        ratio: float = 0.15,
        draw: Literal["exact", "bernoulli"] = "exact",
        replace: Literal["mask", "bert"] = "mask",
        spare_moved: bool = False,
    ) -> None:
        if not 0 <= ratio <= 1:
            raise ValueError(f"ratio is {ratio}; it must lie between 0 and 1")
        if draw not in ("exact", "bernoulli"):
            raise ValueError(f'draw is "{draw}"; it must be "exact" or "bernoulli"')
        if replace not in ("mask", "bert"):
            raise ValueError(f'replace is "{replace}"; it must be "mask" or "bert"')
        self.ratio = ratio
        self.draw = draw
        self.replace = replace
        self.spare_moved = spare_moved

    def __call__(self, plan: CorruptionPlan, generator: np.random.Generator) -> CorruptionPlan:
        """Mask a share of the K real positions."""
        shows_a_frame = plan.source >= 0
        candidates = np.flatnonzero(plan.untouched if self.spare_moved else shows_a_frame)
        if self.draw == "exact":
            count = min(math.floor(self.ratio * plan.length + 0.5), len(candidates))
            drawn = generator.choice(candidates, size=count, replace=False)
        else:
            drawn = candidates[generator.random(len(candidates)) < self.ratio]
        source = plan.source.copy()
        source[drawn] = MASK if self.replace == "mask" else self._bert(source[drawn], plan.length, generator)
        return plan.with_source(source)

    @staticmethod
    def _bert(shown: Indices, length: int, generator: np.random.Generator) -> Indices:
        """80% MASK, 10% another of the ``length`` clean frames, 10% as shown (Devlin et al. 2019, section 3.1)."""
        lot = generator.random(len(shown))
        step = generator.integers(1, max(length, 2), size=len(shown))  # 1..K-1: never the frame itself, unless it is the only one
        other = (shown + step) % length
        return np.where(lot < 0.8, MASK, np.where(lot < 0.9, other, shown))
