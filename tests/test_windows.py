"""Windows over sequences that are longer than the encoder's positions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsslfw.data.windows import test_windows as windows_of
from vsslfw.data.windows import train_windows

LENGTHS = st.integers(1, 2000)
POSITIONS = st.integers(1, 300)


@pytest.mark.parametrize(
    ("length", "positions", "stride", "right_align", "expected"),
    [
        (0, 256, 256, True, []),
        (250, 256, 256, True, [(0, 250)]),
        (256, 256, 256, True, [(0, 256)]),
        (600, 256, 256, True, [(0, 256), (256, 512), (344, 600)]),
        (600, 256, 256, False, [(0, 256), (256, 512), (512, 600)]),
        (512, 256, 256, True, [(0, 256), (256, 512)]),
        (512, 256, 128, True, [(0, 256), (128, 384), (256, 512)]),
        (10, 4, 9, True, [(0, 4), (6, 10)]),
        (10, 4, 20, False, [(0, 4)]),
    ],
)
def test_windows_by_example(length: int, positions: int, stride: int, right_align: bool, expected: list[tuple[int, int]]) -> None:
    assert windows_of(length, positions, stride, right_align) == expected


@given(LENGTHS, POSITIONS, st.integers(1, 400), st.booleans())
def test_windows_lie_within_the_sequence_and_fit_the_positions(length: int, positions: int, stride: int, right_align: bool) -> None:
    windows = windows_of(length, positions, stride, right_align)
    assert all(0 <= start < stop <= length and stop - start <= positions for start, stop in windows)
    assert windows == sorted(set(windows))
    if right_align and length >= positions:
        assert all(stop - start == positions for start, stop in windows)


@given(LENGTHS, POSITIONS, st.data(), st.booleans())
def test_every_frame_is_covered_when_the_stride_does_not_skip(length: int, positions: int, data: st.DataObject, right_align: bool) -> None:
    stride = data.draw(st.integers(1, positions))
    covered = {frame for window in windows_of(length, positions, stride, right_align) for frame in range(*window)}
    assert covered == set(range(length))


@given(st.integers(1, 256))
def test_a_short_sequence_is_one_window_in_test_and_training(length: int) -> None:
    assert windows_of(length, 256, 256, True) == [(0, length)]
    for mode in ("random", "all"):
        assert train_windows(length, 256, mode, np.random.default_rng(0)) == [(0, length)]


@given(LENGTHS, POSITIONS, st.integers(0, 99))
def test_training_draws_one_window_that_fits(length: int, positions: int, seed: int) -> None:
    ((start, stop),) = train_windows(length, positions, "random", np.random.default_rng(seed))
    assert 0 <= start < stop <= length
    assert stop - start == min(length, positions)


def test_training_windows_reach_both_ends_evenly() -> None:
    generator = np.random.default_rng(0)
    starts = [train_windows(14, 10, "random", generator)[0][0] for _ in range(5000)]
    assert np.bincount(starts).tolist() == pytest.approx([1000] * 5, rel=0.12)


def test_training_on_all_windows_covers_everything() -> None:
    assert train_windows(600, 256, "all", np.random.default_rng(0)) == [(0, 256), (256, 512), (344, 600)]


@pytest.mark.parametrize(("positions", "stride"), [(0, 1), (1, 0), (4, -1)])
def test_positions_and_stride_must_be_positive(positions: int, stride: int) -> None:
    with pytest.raises(ValueError, match="must be 1 or more"):
        windows_of(10, positions, stride, True)
