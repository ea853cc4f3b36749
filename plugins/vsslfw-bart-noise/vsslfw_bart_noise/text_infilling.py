"""Text infilling: spans of random length each shrink to a single MASK."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from vsslfw.interfaces import Examples, SequenceCorruption
from vsslfw.plan import MASK, CorruptionPlan, Indices
from vsslfw_bart_noise import share


class TextInfilling(SequenceCorruption):
    """plan -> plan in which spans are each replaced by one MASK, until they cover a share of the K real positions.

    BART, section 2.2, "Text Infilling": lengths are drawn from a Poisson distribution, a span of length 0 inserts a MASK, and
    the model must find out how many frames are missing from a span. As in BART's code, the last span is trimmed, so that
    exactly floor(ratio K + 0.5) positions are covered. Unlike there, spans never overlap: all ways to place them, and the
    inserted MASKs, in the sequence are equally likely. Two spans may still touch, and then two MASKs stand side by side.

    The sequence shrinks, and MASK fills the freed tail; if spans of length 0 or 1 make it grow instead, it is cut at K.

    A length is ``unit`` times a draw from Poisson(``lam``). A word of text is a thing of its own, a frame is not: the three
    words that BART's spans have on average would be 0.12 s of video at 25 frames per second, which the neighbours give away. A larger
    ``lam`` alone would make all spans much alike and leave none of length 0; a larger ``unit`` keeps BART's distribution. So
    keep ``lam``, and let ``unit`` follow the frame rate: ``lam * unit / fps`` is the mean length in seconds, 0.48 for the
    defaults at 25 frames per second; the same in time at 6.25 is ``unit=1``.

    ratio: share of the K real positions that the spans cover, in [0, 1]; BART's final model covers 30%.
    lam: mean of the Poisson distribution, in units; BART's 3.0. From 0.1 to 1000.
    unit: frames in a unit, at least 1.
    """

    changes_length = True
    check_with: ClassVar[Examples] = ({}, {"unit": 1}, {"lam": 0.2, "unit": 1, "ratio": 0.6})

    def __init__(self, *, ratio: float = 0.3, lam: float = 3.0, unit: int = 4) -> None:
        self.ratio = share.checked(ratio)
        if not 0.1 <= lam <= 1000:  # near 0 nearly every span would be an insertion, and the draw would not end
            raise ValueError(f"lam is {lam}; it must lie between 0.1 and 1000")
        if unit < 1:
            raise ValueError(f"unit is {unit}; it must be at least 1 frame")
        self.lam = lam
        self.unit = unit

    def __call__(self, plan: CorruptionPlan, generator: np.random.Generator) -> CorruptionPlan:
        """Replace spans of the K real positions."""
        shown = plan.source[: plan.length]
        lengths = self._lengths(share.frames(self.ratio, len(shown)), generator)
        total = len(shown) - int(lengths.sum()) + len(lengths)
        here = np.sort(generator.choice(total, size=len(lengths), replace=False))
        taken = np.ones(total, dtype=np.int64)  # frames that each new position stands for: a kept one 1, a MASK its span
        taken[here] = lengths
        new = np.full(total, MASK)
        kept = np.delete(np.arange(total), here)
        new[kept] = shown[(np.cumsum(taken) - taken)[kept]]
        return plan.showing(new)

    def _lengths(self, budget: int, generator: np.random.Generator) -> Indices:
        """Lengths that add up to ``budget``, in random order: the trimmed one, drawn last, must not always stand at the end."""
        lengths: list[int] = []
        while budget > 0:
            lengths.append(min(int(generator.poisson(self.lam)) * self.unit, budget))
            budget -= lengths[-1]
        return generator.permutation(np.array(lengths, dtype=np.int64))
