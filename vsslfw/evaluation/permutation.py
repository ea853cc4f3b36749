"""What chance gives: labels are permuted by subject, since the videos of one subject are not exchangeable with another's."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Labels = NDArray[np.int64]


def permuted_labels(y: ArrayLike, groups: Sequence[str], *, m: int, seed: int) -> Iterator[Labels]:
    """Up to ``m`` other assignments (N,) of the labels ``y`` (N,) to videos whose subjects are ``groups``.

    Subjects of one label swap it among each other, with all their videos; within a subject of several labels its own videos
    swap theirs. So each subject keeps its videos, and the number of subjects of each label stays. If there are no more than ``m``
    different assignments, each comes once; else they are drawn at random. The true one never comes.
    """
    labels = np.asarray(y, dtype=np.int64)
    units = _units(labels, groups)
    total = math.prod(_distinct([values for _, values in unit]) for unit in units)
    if total - 1 <= m:
        yield from _all(labels, units)
        return
    generator = np.random.default_rng(seed)
    drawn = 0
    while drawn < m:
        other = labels.copy()
        for unit in units:
            values = [value for _, value in unit]
            for (videos, _), place in zip(unit, generator.permutation(len(values)), strict=True):
                other[videos] = values[place]
        if not np.array_equal(other, labels):
            drawn += 1
            yield other


def p_value(value: float, null: ArrayLike) -> float:
    """(b + 1) / (m + 1): the share of the m values under the null, and of the value itself, that are as large as ``value``."""
    scores = np.asarray(null, dtype=np.float64)
    return float((np.count_nonzero(scores >= value - 1e-12) + 1) / (len(scores) + 1))


Unit = list[tuple[NDArray[np.intp], int]]
"""What may swap labels: (videos that go together, their label), each."""


def _units(labels: Labels, groups: Sequence[str]) -> list[Unit]:
    subjects: dict[str, list[int]] = {}
    for number, subject in enumerate(groups):
        subjects.setdefault(subject, []).append(number)
    single: Unit = []
    units = [single]
    for videos in subjects.values():
        own = labels[videos]
        if (own == own[0]).all():
            single.append((np.array(videos), int(own[0])))
        else:
            units.append([(np.array([video]), int(labels[video])) for video in videos])
    return [unit for unit in units if unit]


def _distinct(values: Sequence[int]) -> int:
    """In how many ways these values can be ordered."""
    return math.factorial(len(values)) // math.prod(math.factorial(n) for n in Counter(values).values())


def _all(labels: Labels, units: Sequence[Unit]) -> Iterator[Labels]:
    for choice in itertools.product(*(_orders([value for _, value in unit]) for unit in units)):
        other = labels.copy()
        for unit, order in zip(units, choice, strict=True):
            for (videos, _), value in zip(unit, order, strict=True):
                other[videos] = value
        if not np.array_equal(other, labels):
            yield other


def _orders(values: Sequence[int]) -> list[tuple[int, ...]]:
    """Every different order of these values."""
    counts = Counter(values)

    def rest(left: Counter[int], length: int) -> Iterator[tuple[int, ...]]:
        if length == 0:
            yield ()
        for value in sorted(left):
            if left[value]:
                for tail in rest(left - Counter([value]), length - 1):
                    yield (value, *tail)

    return list(rest(counts, len(values)))
