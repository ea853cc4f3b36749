"""Copies: the same bytes twice, or the same recording encoded anew, told by how the picture changes over time."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vsslfw.scan.changes import Changes, likenesses
from vsslfw.scan.facts import Facts, Signature

LENGTHS_S, LENGTHS = 0.5, 0.05
"""Copies are as long as each other, but for half a second and a twentieth."""
ALIKE = 0.5
"""The median correlation of changes from which on two videos are one recording; of others it is below 0.3 (docs/index_videos.md)."""
AT_ONCE = 256
"""Files that one is compared with at a time: their products take some 1.5 MiB, which stay near the processor."""

Tick = Callable[[float], None]
"""Called with the share of the pairs that is done, from 0 to 1."""


@dataclass(frozen=True)
class Copy:
    """Files ``first`` and ``second``, by their numbers, show the same; ``alike`` is 1 for the same bytes."""

    first: int
    second: int
    how: Literal["same content", "encoded anew"]
    alike: float


def find_copies(facts: Sequence[Facts], digests: Sequence[str], tick: Tick = lambda share: None) -> list[Copy]:
    """All pairs of files with the same content, and of those encoded anew. Files that cannot be read are no copies of each other."""
    by_digest: dict[str, list[int]] = defaultdict(list)
    for number, digest in enumerate(digests):
        if digest and not facts[number].error:
            by_digest[digest].append(number)
    found = [Copy(one, other, "same content", 1.0) for same in by_digest.values() for i, other in enumerate(same) for one in same[:i]]
    own = [same[0] for same in by_digest.values() if facts[same[0]].signature.seen]  # the first of the same bytes stands for all
    for one, other, alike in _alike({number: facts[number] for number in own}, tick):
        pairs = itertools.product(by_digest[digests[one]], by_digest[digests[other]])
        found += [Copy(min(pair), max(pair), "encoded anew", round(alike, 3)) for pair in pairs]
    return sorted(found, key=lambda copy: (copy.first, copy.second))


def likeness(one: Signature, other: Signature) -> float | None:
    """From -1 to 1: the median over time of how alike the changes from one moment to the next are; none if too little changes.

    A change is taken over its own mean, so that neither the room nor a light that goes on counts; one moment that happens
    to be alike counts once; and the edges above and below are left out, where recorders write a clock that all of them share.
    """
    step = max(one.step_s, other.step_s)
    found = float(likenesses(Changes.of([one], step), Changes.of([other], step))[0])
    return None if math.isnan(found) else found


@dataclass(frozen=True)
class _Round:
    """Files of one step length, from short to long, and who is compared with which of them: (number, first place, place behind the last).

    Each of them is compared with longer ones, and each file of a finer step with all, if their lengths are about the same.
    """

    step_s: float
    files: list[int]
    parts: list[tuple[int, int, int]]

    @property
    def pairs(self) -> int:
        """How many are compared."""
        return sum(last - first for _, first, last in self.parts)


def _round(step_s: float, order: Sequence[int], facts: Mapping[int, Facts]) -> _Round:
    """``order`` is that of the lengths of all files."""
    files = [number for number in order if facts[number].signature.step_s == step_s]
    places = {number: place for place, number in enumerate(files)}
    lengths = np.array([facts[number].duration_s for number in files])
    longest = lengths * (1 + LENGTHS) + LENGTHS_S
    parts = []
    for number in order:
        if facts[number].signature.step_s <= step_s:
            length = facts[number].duration_s
            first = places[number] + 1 if number in places else int(np.searchsorted(longest, length))
            last = int(np.searchsorted(lengths, length * (1 + LENGTHS) + LENGTHS_S, side="right"))
            parts += [(number, first, last)] if first < last else []
    return _Round(step_s, files, parts)


def _alike(facts: Mapping[int, Facts], tick: Tick) -> Iterator[tuple[int, int, float]]:
    """All pairs that are copies by `likeness`, and how alike they are. Changes of files of one step length are in memory at a time."""
    order = sorted(facts, key=lambda number: facts[number].duration_s)
    rounds = [_round(step_s, order, facts) for step_s in sorted({one.signature.step_s for one in facts.values()})]
    done, pairs = 0, sum(one.pairs for one in rounds)
    for each in rounds:
        if not each.parts:
            continue
        table = Changes.of([facts[number].signature for number in each.files], each.step_s)
        places = {number: place for place, number in enumerate(each.files)}
        for number, first, last in each.parts:
            place = places.get(number)
            own = Changes.of([facts[number].signature], each.step_s) if place is None else table[place : place + 1]
            for start in range(first, last, AT_ONCE):
                found = likenesses(own, table[start : min(start + AT_ONCE, last)])
                yield from ((number, each.files[start + row], float(found[row])) for row in np.flatnonzero(found >= ALIKE).tolist())
            done += last - first
            tick(done / pairs)
