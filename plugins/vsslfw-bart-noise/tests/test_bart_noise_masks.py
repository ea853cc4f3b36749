"""The three noises that hide frames: token masking, token deletion, text infilling."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vsslfw_bart_noise.text_infilling import TextInfilling
from vsslfw_bart_noise.token_deletion import TokenDeletion
from vsslfw_bart_noise.token_masking import TokenMasking

from vsslfw.builtin.mask_frames import MaskFrames
from vsslfw.builtin.permute_span import PermuteSpan
from vsslfw.interfaces import SequenceCorruption
from vsslfw.plan import MASK, CorruptionPlan
from vsslfw.seeds import Stream

seeds = st.integers(0, 2**32 - 1)
lengths = st.sampled_from((0, 1, 2, 3, 25, 250, 256)) | st.integers(0, 300)
ratios = st.sampled_from((0.0, 0.15, 0.3, 1.0)) | st.floats(0, 1)


def generator(seed: int) -> np.random.Generator:
    return Stream(seed, "corruption").generator()


def shown(noise: SequenceCorruption, k: int, seed: int = 0) -> list[int]:
    """What the K real positions show after the noise, of a clean sequence."""
    return noise(CorruptionPlan.clean(k, k), generator(seed)).source.tolist()


def frames_in(sequence: list[int]) -> list[int]:
    return [frame for frame in sequence if frame != MASK]


def half_up(ratio: float, k: int) -> int:
    return int(np.floor(ratio * k + 0.5))


# token_masking


@given(seeds, lengths, ratios)
def test_masking_masks_the_ratio_exactly_and_moves_nothing(seed: int, k: int, ratio: float) -> None:
    found = shown(TokenMasking(ratio=ratio), k, seed)
    assert found.count(MASK) == half_up(ratio, k)
    assert all(frame in (i, MASK) for i, frame in enumerate(found))


def test_masking_is_what_the_built_in_noise_does() -> None:
    for seed in range(20):
        moved = PermuteSpan()(CorruptionPlan.clean(250, 256), generator(seed))
        assert TokenMasking()(moved, generator(seed + 1)) == MaskFrames()(moved, generator(seed + 1))


def test_masking_draws_from_the_frames_that_are_left() -> None:
    before = CorruptionPlan.clean(10, 10).with_source(np.array([MASK, 1, 2, MASK, 4, 5, MASK, 7, 8, 9]))
    assert TokenMasking(ratio=0.3)(before, generator(0)).masked.sum() == 6
    assert TokenMasking(ratio=0.9)(before, generator(0)).masked.all()


# token_deletion


@given(seeds, lengths, ratios)
def test_deletion_closes_up_and_the_freed_tail_is_mask(seed: int, k: int, ratio: float) -> None:
    found, deleted = shown(TokenDeletion(ratio=ratio), k, seed), half_up(ratio, k)
    assert found[k - deleted :] == [MASK] * deleted
    assert MASK not in found[: k - deleted]
    assert frames_in(found) == sorted(frames_in(found))


def test_deletion_deletes_frames_and_never_an_earlier_mask() -> None:
    before = CorruptionPlan.clean(6, 8).with_source(np.array([MASK, MASK, 2, MASK, 4, 5]))
    found = {tuple(TokenDeletion(ratio=1 / 6)(before, generator(seed)).source[:6].tolist()) for seed in range(50)}
    assert found == {(-1, -1, -1, 4, 5, -1), (-1, -1, 2, -1, 5, -1), (-1, -1, 2, -1, 4, -1)}


def test_every_frame_is_deleted_equally_often() -> None:
    kept = Counter(frame for seed in range(1000) for frame in frames_in(shown(TokenDeletion(ratio=0.25), 20, seed)))
    assert [kept[frame] / 1000 for frame in range(20)] == pytest.approx([0.75] * 20, abs=0.06)


# text_infilling


@given(seeds, lengths, ratios, st.floats(0.1, 40), st.integers(1, 8))
def test_what_no_span_covers_keeps_its_order_and_only_a_grown_sequence_loses_more(
    seed: int, k: int, ratio: float, lam: float, unit: int
) -> None:
    noise = TextInfilling(ratio=ratio, lam=lam, unit=unit)
    frames, uncovered = frames_in(shown(noise, k, seed)), k - half_up(ratio, k)
    spans = len(noise._lengths(k - uncovered, generator(seed)))
    assert frames == sorted(frames)
    assert len(frames) == uncovered or (len(frames) < uncovered and uncovered + spans > k)


def test_the_final_model_of_bart_on_a_clip_of_the_paper() -> None:
    """Of 250 frames 75 are covered, by some six spans of 12; so there are six MASKs between frames, and some 69 in the tail."""
    spans = []
    for seed in range(200):
        found = shown(TextInfilling(), 250, seed)
        assert found.count(MASK) == 75
        end = max(i for i, frame in enumerate(found) if frame != MASK)
        spans.append(found[:end].count(MASK))
    assert 5 < np.mean(spans) < 7.5


def test_a_span_becomes_one_mask_whatever_its_length() -> None:
    """One draw is enough to cover all that is to be covered, so there is one span."""
    for seed in range(50):
        for covered in (1, 2, 30, 100):
            found = shown(TextInfilling(ratio=covered / 100, lam=500.0), 100, seed)
            start = found.index(MASK)
            assert found == [*range(start), MASK, *range(start + covered, 100), *[MASK] * (covered - 1)]


def test_spans_never_overlap_so_lengths_add_up() -> None:
    """The frames that are missing before the last one shown are those of whole spans; with units of 7, multiples of 7."""
    for seed in range(100):
        found = frames_in(shown(TextInfilling(ratio=0.28, lam=2.0, unit=7), 100, seed))
        gaps = np.diff([-1, *found, 100]) - 1
        assert gaps.sum() == 28
        assert np.all(gaps % 7 == 0)


def test_a_span_of_length_zero_inserts_a_mask_between_neighbours() -> None:
    inserted = 0
    for seed in range(100):
        found = shown(TextInfilling(ratio=0.1, lam=0.5, unit=1), 100, seed)
        inserted += sum(found[i] == MASK and 0 <= found[i - 1] == found[i + 1] - 1 for i in range(1, 99))
    # To cover 10 frames takes 20 draws of mean 0.5, of which 61% are 0: 12, and a few of them stand at an end or touch another MASK.
    assert 7 < inserted / 100 < 12


def test_a_sequence_that_grows_is_cut_at_its_end() -> None:
    """Some 200 draws of mean 0.1, of which 90% insert a MASK, cover 20 of 100 frames."""
    for seed in range(20):
        found = shown(TextInfilling(ratio=0.2, lam=0.1, unit=1), 100, seed)
        assert len(found) == 100
        assert max(frames_in(found)) < 70


def test_lengths_are_poisson_in_units_and_add_up() -> None:
    drawn = TextInfilling(ratio=0.5, lam=3.0, unit=4)._lengths(400_001, generator(0))
    assert drawn.sum() == 400_001
    assert np.count_nonzero(drawn % 4) == 1  # the one that was trimmed
    assert drawn.mean() == pytest.approx(3 * 4, rel=0.02)
    assert drawn.var() == pytest.approx(3 * 4**2, rel=0.03)
    assert np.mean(drawn == 0) == pytest.approx(np.exp(-3), abs=0.005)


def test_all_ways_to_place_a_span_are_equally_likely() -> None:
    counts = Counter(tuple(shown(TextInfilling(ratio=0.4, lam=1000.0), 5, seed)) for seed in range(2000))
    assert set(counts) == {(-1, 2, 3, 4, -1), (0, -1, 3, 4, -1), (0, 1, -1, 4, -1), (0, 1, 2, -1, -1)}
    assert [count / 2000 for count in counts.values()] == pytest.approx([0.25] * 4, abs=0.04)


def test_a_span_covers_whatever_is_shown_earlier_masks_too() -> None:
    before = CorruptionPlan.clean(6, 7).with_source(np.array([MASK, 3, 4, MASK, MASK, 0]))
    after = TextInfilling(ratio=1.0, lam=500.0)(before, generator(0))
    assert after.source.tolist() == [MASK] * 6 + [-2]
    assert TextInfilling(ratio=0.0)(before, generator(0)) == before
