"""Copies: the same bytes twice, or the same recording encoded anew, told by how the picture changes over time."""

from __future__ import annotations

import base64
import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vsslfw.scan.facts import Facts, Signature
from vsslfw.scan.pictures import SIGNATURE, SIGNATURE_UNITS

LENGTHS_S, LENGTHS = 0.5, 0.05
"""Copies are as long as each other, but for half a second and a twentieth."""
ALIKE = 0.5
"""The median correlation of changes from which on two videos are one recording; of others it is below 0.3 (docs/index_videos.md)."""
LEAST_STEPS = 8
LEAST_CHANGE = 0.7
"""Grey levels (root mean square): smaller changes are noise and say nothing."""


@dataclass(frozen=True)
class Copy:
    """Files ``first`` and ``second``, by their numbers, show the same; ``alike`` is 1 for the same bytes."""

    first: int
    second: int
    how: Literal["same content", "encoded anew"]
    alike: float


def find_copies(facts: Sequence[Facts], digests: Sequence[str]) -> list[Copy]:
    """All pairs of files with the same content, and of those encoded anew. Files that cannot be read are no copies of each other."""
    by_digest: dict[str, list[int]] = defaultdict(list)
    for number, digest in enumerate(digests):
        if digest and not facts[number].error:
            by_digest[digest].append(number)
    found = [Copy(one, other, "same content", 1.0) for same in by_digest.values() for i, other in enumerate(same) for one in same[:i]]
    own = [same[0] for same in by_digest.values() if facts[same[0]].signature.seen]  # the first of the same bytes stands for all
    for one, other in _of_a_length(sorted(own, key=lambda number: facts[number].duration_s), facts):
        alike = likeness(facts[one].signature, facts[other].signature)
        if alike is not None and alike >= ALIKE:
            pairs = itertools.product(by_digest[digests[one]], by_digest[digests[other]])
            found += [Copy(min(pair), max(pair), "encoded anew", round(alike, 3)) for pair in pairs]
    return sorted(found, key=lambda copy: (copy.first, copy.second))


def likeness(one: Signature, other: Signature) -> float | None:
    """From -1 to 1: the median over time of how alike the changes from one moment to the next are; none if too little changes.

    A change is taken over its own mean, so that neither the room nor a light that goes on counts; one moment that happens
    to be alike counts once; and the edges above and below are left out, where recorders write a clock that all of them share.
    """
    first, second = _by_time(one), _by_time(other)
    step = max(one.step_s, other.step_s)
    alike = []
    for time in sorted(first.keys() & second.keys()):
        if time + step in first and time + step in second:
            a, b = first[time + step] - first[time], second[time + step] - second[time]
            a, b = a - a.mean(), b - b.mean()
            sizes = float(np.sqrt((a * a).mean())), float(np.sqrt((b * b).mean()))
            if max(sizes) >= LEAST_CHANGE:
                alike.append(float((a * b).mean()) / max(sizes[0] * sizes[1], 1e-9) if min(sizes) > 0 else 0.0)
    return float(np.median(alike)) if len(alike) >= LEAST_STEPS else None


def _of_a_length(numbers: Sequence[int], facts: Sequence[Facts]) -> Iterator[tuple[int, int]]:
    """Pairs of files, given from short to long, whose lengths are about the same."""
    for i, one in enumerate(numbers):
        longest = facts[one].duration_s * (1 + LENGTHS) + LENGTHS_S
        for other in numbers[i + 1 :]:
            if facts[other].duration_s > longest:
                break
            yield one, other


def _by_time(signature: Signature) -> dict[float, NDArray[np.float32]]:
    pictures = np.frombuffer(base64.b64decode(signature.pictures), "<u2").reshape(-1, *SIGNATURE) / np.float32(SIGNATURE_UNITS)
    return {number * signature.step_s: picture[1:-1] for number, picture in zip(signature.seen, pictures, strict=True)}
