"""How the pictures of many files change over time, side by side, and how alike the changes of one of them are to those of the others."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsslfw.scan.facts import Signature
from vsslfw.scan.pictures import SIGNATURE, SIGNATURE_UNITS

INNER = (SIGNATURE[0] - 2) * SIGNATURE[1]
"""Pixels without the upper and lower edge, where recorders write a clock that all of them share."""
LEAST_STEPS = 8
LEAST_CHANGE = 0.7
"""Grey levels (root mean square): smaller changes are noise and say nothing."""


@dataclass(frozen=True)
class Changes:
    """Of N files, from each of M moments to the next: some 6 KiB a file.

    ``values`` (N, M, 48) are grey levels over the mean of each change; ``sizes`` (N, M) their root mean squares, NaN where one of
    the two moments is missing.
    """

    values: NDArray[np.float32]
    sizes: NDArray[np.float64]

    @classmethod
    def of(cls, signatures: Sequence[Signature], step_s: float) -> Changes:
        """At moments ``step_s`` apart, of signatures that have these moments: their own step is that one or a finer one."""
        last = max((one.seen[-1] * one.step_s for one in signatures if one.seen), default=0.0)
        shape = len(signatures), int(last / step_s)
        values, sizes = np.zeros((*shape, INNER), np.float32), np.full(shape, np.nan)
        for row, one in enumerate(signatures):
            at, changes = _changes(one, round(step_s / one.step_s) if one.seen else 1)
            values[row, at] = changes
            sizes[row, at] = np.sqrt((changes * changes).mean(axis=1))
        return cls(values, sizes)

    def __getitem__(self, files: slice) -> Changes:
        return Changes(self.values[files], self.sizes[files])


def likenesses(one: Changes, others: Changes) -> NDArray[np.float64]:
    """(N,) from -1 to 1: `vsslfw.scan.copies.likeness` of one file and N others at the same step; NaN where too little changes."""
    moments = min(one.sizes.shape[1], others.sizes.shape[1])
    own, sizes = one.sizes[:, :moments], others.sizes[:, :moments]
    together = (one.values[:, :moments] * others.values[:, :moments]).mean(axis=2)
    counts = np.maximum(own, sizes) >= LEAST_CHANGE  # not where a moment is missing: NaN is not greater than anything
    alike = np.where(np.minimum(own, sizes) > 0, together / np.maximum(own * sizes, 1e-9), 0.0)
    return _medians(np.where(counts, alike, np.inf), counts.sum(axis=1))


def _medians(values: NDArray[np.float64], many: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of the so many smallest values of each row; NaN where they are fewer than `LEAST_STEPS`."""
    ordered, medians = np.sort(values, axis=1), np.full(len(values), np.nan)
    at = np.flatnonzero(many >= LEAST_STEPS)
    medians[at] = (ordered[at, (many[at] - 1) // 2] + ordered[at, many[at] // 2]) / 2
    return medians


def _changes(signature: Signature, every: int) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """The (M,) moments, of every so many, that are known with the one after them, and (M, 48) changes, each over its mean."""
    pictures = np.frombuffer(base64.b64decode(signature.pictures), "<u2").reshape(-1, *SIGNATURE) / np.float32(SIGNATURE_UNITS)
    seen = np.array(signature.seen, np.int64)
    moments, inner = seen[seen % every == 0] // every, pictures[seen % every == 0, 1:-1].reshape(-1, INNER)
    at = np.flatnonzero(np.diff(moments) == 1)
    changes = inner[at + 1] - inner[at]
    return moments[at], changes - changes.mean(axis=1, keepdims=True)
