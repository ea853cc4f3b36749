"""The three noises that change the order alone: sentence permutation, document rotation, time reversal."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vsslfw_bart_noise.document_rotation import DocumentRotation
from vsslfw_bart_noise.sentence_permutation import SentencePermutation
from vsslfw_bart_noise.time_reversal import TimeReversal

from vsslfw.interfaces import SequenceCorruption
from vsslfw.plan import CorruptionPlan
from vsslfw.seeds import Stream

seeds = st.integers(0, 2**32 - 1)
lengths = st.sampled_from((0, 1, 2, 3, 25, 250, 256)) | st.integers(0, 300)


def generator(seed: int) -> np.random.Generator:
    return Stream(seed, "corruption").generator()


def shown(noise: SequenceCorruption, k: int, seed: int = 0) -> list[int]:
    """What the K real positions show after the noise, of a clean sequence."""
    return noise(CorruptionPlan.clean(k, k), generator(seed)).source.tolist()


# sentence_permutation


@given(seeds, lengths, st.integers(1, 300), st.sampled_from(("even", "random")))
def test_two_segments_or_more_are_never_in_the_order_that_was_there(seed: int, k: int, segment: int, boundaries: str) -> None:
    found = shown(SentencePermutation(segment=segment, boundaries=boundaries), k, seed)  # type: ignore[arg-type]
    assert sorted(found) == list(range(k))
    assert (found != list(range(k))) == (k > segment)


@given(seeds, lengths, st.integers(1, 50))
def test_even_segments_stay_whole_and_the_last_may_be_shorter(seed: int, k: int, segment: int) -> None:
    found = shown(SentencePermutation(segment=segment), k, seed)
    for first in range(0, k, segment):
        whole = list(range(first, min(first + segment, k)))
        at = found.index(first)
        assert found[at : at + len(whole)] == whole


@given(seeds, st.integers(1, 300), st.integers(1, 50))
def test_random_boundaries_make_as_many_segments(seed: int, k: int, segment: int) -> None:
    cuts = SentencePermutation(segment=segment, boundaries="random")._cuts(k, generator(seed))
    assert len(cuts) == -(-k // segment) - 1
    assert all(0 < cut < k for cut in cuts)
    assert np.all(np.diff(cuts) > 0)


def test_random_boundaries_can_lie_anywhere() -> None:
    noise = SentencePermutation(segment=5, boundaries="random")
    assert {int(noise._cuts(10, generator(seed))[0]) for seed in range(200)} == set(range(1, 10))


def test_all_other_orders_are_equally_likely() -> None:
    counts = Counter(tuple(shown(SentencePermutation(segment=2), 6, seed)) for seed in range(3000))
    assert len(counts) == 5
    assert [count / 3000 for count in counts.values()] == pytest.approx([0.2] * 5, abs=0.03)


# document_rotation


@given(seeds, st.integers(2, 300))
def test_rotation_begins_with_another_frame_and_wraps_round(seed: int, k: int) -> None:
    found = shown(DocumentRotation(), k, seed)
    assert found[0] != 0
    assert found == [(found[0] + i) % k for i in range(k)]


def test_every_other_beginning_is_equally_likely() -> None:
    counts = Counter(shown(DocumentRotation(), 6, seed)[0] for seed in range(3000))
    assert sorted(counts) == [1, 2, 3, 4, 5]
    assert [count / 3000 for count in counts.values()] == pytest.approx([0.2] * 5, abs=0.03)


# time_reversal


def test_a_coin_decides_whether_the_sequence_runs_backwards() -> None:
    counts = Counter(tuple(shown(TimeReversal(), 7, seed)) for seed in range(400))
    assert set(counts) == {tuple(range(7)), tuple(reversed(range(7)))}
    assert counts[tuple(range(7))] / 400 == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(("probability", "first"), [(0.0, 0), (1.0, 6)])
def test_a_probability_of_0_or_1_is_certain(probability: float, first: int) -> None:
    assert {shown(TimeReversal(probability=probability), 7, seed)[0] for seed in range(100)} == {first}


@given(seeds, st.integers(2, 300), st.integers(2, 300))
def test_one_span_runs_backwards_and_the_rest_stays(seed: int, k: int, span: int) -> None:
    found = shown(TimeReversal(span=span, probability=1.0), k, seed)
    changed = [i for i, frame in enumerate(found) if frame != i]  # all of the span but its middle
    first, last = changed[0], changed[-1]
    assert last - first + 1 == min(span, k)
    assert found[first : last + 1] == list(range(last, first - 1, -1))


def test_the_span_can_start_anywhere() -> None:
    found = (shown(TimeReversal(span=3, probability=1.0), 6, seed) for seed in range(200))
    assert {next(i for i, frame in enumerate(sequence) if frame != i) for sequence in found} == {0, 1, 2, 3}
