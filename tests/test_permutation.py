"""Labels are permuted by subject: who has which videos, and how many subjects have which label, stays."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsslfw.evaluation.permutation import p_value, permuted_labels

studies = st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=3), min_size=1, max_size=6)
"""For each subject the labels of their videos."""


def flat(study: list[list[int]]) -> tuple[list[int], list[str]]:
    return [label for own in study for label in own], [f"S{n}" for n, own in enumerate(study) for _ in own]


def labels_of_subjects(y: list[int], groups: list[str]) -> Counter[tuple[int, ...]]:
    """The sets of labels that subjects bear, counted."""
    return Counter(tuple(sorted({label for label, g in zip(y, groups, strict=True) if g == group})) for group in sorted(set(groups)))


@given(studies, st.integers(0, 30))
@settings(max_examples=60, deadline=None)
def test_what_stays_and_what_never_comes(study: list[list[int]], m: int) -> None:
    y, groups = flat(study)
    others = [other.tolist() for other in permuted_labels(y, groups, m=m, seed=0)]
    assert len(others) <= m
    assert y not in others, "the true labels are no permutation of themselves"
    for other in others:
        assert labels_of_subjects(other, groups) == labels_of_subjects(y, groups)
        for subject in set(groups):
            own, now = ([v for v, g in zip(of, groups, strict=True) if g == subject] for of in (y, other))
            if len(set(own)) > 1:
                assert Counter(own) == Counter(now), "a subject of both labels keeps how many of each"


def test_a_small_study_is_enumerated() -> None:
    others = [tuple(other) for other in permuted_labels([0, 0, 1, 1], list("ABCD"), m=100, seed=0)]
    assert len(others) == len(set(others)) == 5, "4 choose 2, less the true one"


def test_a_large_one_is_drawn_and_the_same_seed_draws_the_same() -> None:
    y, groups = [k % 2 for k in range(30)], [f"S{k}" for k in range(30)]
    one, two, other = ([o.tolist() for o in permuted_labels(y, groups, m=20, seed=seed)] for seed in (1, 1, 2))
    assert one == two != other
    assert len(one) == 20


def test_videos_of_one_subject_go_together() -> None:
    (other,) = permuted_labels([0, 0, 0, 1], ["A", "A", "A", "B"], m=9, seed=0)
    assert other.tolist() == [1, 1, 1, 0]


@pytest.mark.parametrize(
    ("value", "null", "p"), [(0.9, [0.5] * 19, 0.05), (0.5, [0.5] * 19, 1.0), (0.6, [0.5, 0.7, 0.6], 0.75), (0.5, [], 1.0)]
)
def test_p_counts_the_value_itself(value: float, null: list[float], p: float) -> None:
    assert p_value(value, np.array(null)) == pytest.approx(p)
