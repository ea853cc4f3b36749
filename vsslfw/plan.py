"""The corruption plan: what stands at each position of the corrupted sequence, and what must be restored there.

A plan holds indices, not pixels. With a frozen backbone that looks at one frame at a time, corrupting the images and
corrupting the features by the same plan give the same tensors, so features are computed once (paper, section 3.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MASK = -1
"""In `CorruptionPlan.source`: the visual MASK token (an image filled with -1.0 after normalisation)."""
PAD = -2
"""In `CorruptionPlan.source`: the visual PAD token (an image filled with 0.0 after normalisation)."""
IGNORE = -1
"""In `CorruptionPlan.target`: this position does not count in the loss."""

Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class CorruptionPlan:
    """source (T,) in {clean index, MASK, PAD}; target (T,) in {clean index, IGNORE}. PAD fills the tail, after K real frames.

    ``source[i]`` says which clean frame is shown at position i; ``target[i]`` which clean frame's feature must come out
    there. Equation (1) keeps ``target = 0..K-1`` whatever the noise does. Plans are values: the arrays are read-only, and
    a corruption returns a new plan (`with_source`).
    """

    source: Indices
    target: Indices

    def __post_init__(self) -> None:
        for name in ("source", "target"):
            array = np.array(getattr(self, name), dtype=np.int64)
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        if self.source.ndim != 1 or self.source.shape != self.target.shape:
            raise ValueError(f"source {self.source.shape} and target {self.target.shape} must be one (T,) shape")
        k = self.length
        if np.any(self.source[:k] == PAD) or np.any(self.target[k:] != IGNORE):
            raise ValueError("PAD must fill the tail of a plan, and is never a target")
        if np.any(self.source < PAD) or np.any(self.source >= k) or np.any(self.target < IGNORE) or np.any(self.target >= k):
            raise ValueError(f"a plan's indices must lie in 0..{k - 1}, or be MASK, PAD (source) or IGNORE (target)")

    @classmethod
    def clean(cls, length: int, positions: int) -> CorruptionPlan:
        """The plan that changes nothing: K = ``length`` real frames, then PAD up to T = ``positions``."""
        if not 0 <= length <= positions:
            raise ValueError(f"{length} frames do not fit in {positions} positions")
        index = np.arange(positions)
        return cls(np.where(index < length, index, PAD), np.where(index < length, index, IGNORE))

    def with_source(self, source: Indices) -> CorruptionPlan:
        """The same targets, another ``source``: (K,) for the real positions alone, or (T,)."""
        source = np.asarray(source, dtype=np.int64)
        if len(source) == self.length:
            source = np.concatenate([source, self.source[self.length :]])
        return CorruptionPlan(source, self.target)

    def showing(self, shown: Indices) -> CorruptionPlan:
        """The same targets; the K real positions show ``shown``, of any length: too short, MASK follows; too long, it is cut at K."""
        k = self.length
        source = np.full(k, MASK)
        shown = np.asarray(shown, dtype=np.int64)[:k]
        source[: len(shown)] = shown
        return self.with_source(source)

    def with_target(self, target: Indices) -> CorruptionPlan:
        """The same source, another ``target`` (T,)."""
        return CorruptionPlan(self.source, target)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CorruptionPlan):
            return NotImplemented
        return np.array_equal(self.source, other.source) and np.array_equal(self.target, other.target)

    def __len__(self) -> int:
        return len(self.source)

    @property
    def length(self) -> int:
        """K, the number of real (not PAD) positions."""
        return int(np.count_nonzero(self.source != PAD))

    @property
    def valid(self) -> Flags:
        """(T,) True at real positions."""
        valid: Flags = self.source != PAD
        return valid

    @property
    def masked(self) -> Flags:
        """(T,) True where the MASK token stands."""
        masked: Flags = self.source == MASK
        return masked

    @property
    def moved(self) -> Flags:
        """(T,) True where another clean frame stands than belongs there."""
        moved: Flags = (self.source >= 0) & (self.source != np.arange(len(self)))
        return moved

    @property
    def untouched(self) -> Flags:
        """(T,) True where the clean frame stands in its own place."""
        untouched: Flags = self.source == np.arange(len(self))
        return untouched
