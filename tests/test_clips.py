"""Clips: drawn from contextual recordings, outside seizures; cut from labelled ones."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsslfw.data.clips import Clip, contextual_clips, tile_clips, whole_clip
from vsslfw.data.manifest import VideoRow
from vsslfw.seeds import Stream

FPS = 25.0


def contextual(name: str, start: float = 0.0, end: float | None = None, file: str | None = None) -> VideoRow:
    return VideoRow(name, Path(f"/{file or name}.mp4"), "S1", "contextual", None, start, end)


def seizure(file: str, start: float = 0.0, end: float | None = None) -> VideoRow:
    return VideoRow(f"{file}-seizure-{start}", Path(f"/{file}.mp4"), "S1", "labelled", "ES", start, end)


def draw(rows: list[tuple[VideoRow, float]], seizures: list[VideoRow] | None = None, clips: int | None = None, seed: int = 0) -> list[Clip]:
    return contextual_clips(rows, seizures or [], clip_s=10.0, clips=clips, fps=FPS, stream=Stream(seed, "contextual"))[0]


def overlap(clips: list[Clip]) -> float:
    spans = sorted((clip.start_s, clip.end_s) for clip in clips)
    return max((end - start for (_, end), (start, _) in itertools.pairwise(spans)), default=0.0)


@st.composite
def recordings(make: st.DrawFn) -> tuple[list[tuple[VideoRow, float]], list[VideoRow]]:
    rows, seizures = [], []
    for n in range(make(st.integers(1, 4))):
        duration = make(st.floats(0.0, 400.0))
        start = make(st.floats(0.0, 100.0))
        rows.append((contextual(f"R{n}", start, make(st.none() | st.floats(start + 0.1, 500.0))), duration))
        for _ in range(make(st.integers(0, 3))):
            onset = make(st.floats(0.0, 400.0))
            seizures.append(seizure(f"R{n}", onset, onset + make(st.floats(0.5, 120.0))))
    return rows, seizures


@given(recordings(), st.none() | st.integers(0, 40), st.integers(0, 9))
def test_clips_lie_in_their_recording_outside_seizures_and_each_other(
    data: tuple[list[tuple[VideoRow, float]], list[VideoRow]], clips: int | None, seed: int
) -> None:
    rows, seizures = data
    drawn = draw(rows, seizures, clips, seed)
    assert clips is None or len(drawn) <= clips
    for row, duration in rows:
        own = [clip for clip in drawn if clip.video_id == row.video_id]
        assert overlap(own) < 1e-6
        for clip in own:
            assert 2 <= clip.frames <= 250
            assert clip.start_s >= row.start_s - 1e-6
            assert clip.end_s <= min(duration, row.end_s or duration) + 1e-6
            for other in seizures:
                if other.path == row.path:
                    assert clip.end_s <= other.start_s + 1e-6 or clip.start_s >= other.end_s - 1e-6


@given(recordings(), st.none() | st.integers(0, 40), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_has_no_say(
    data: tuple[list[tuple[VideoRow, float]], list[VideoRow]], clips: int | None, shuffle: random.Random
) -> None:
    rows, seizures = data
    shuffled, shuffled_seizures = shuffle.sample(rows, len(rows)), shuffle.sample(seizures, len(seizures))
    assert draw(rows, seizures, clips) == draw(shuffled, shuffled_seizures, clips)


@given(st.floats(20.0, 5000.0), st.data())
def test_each_stratum_of_a_recording_holds_one_clip(duration: float, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, int(duration / 10)))
    drawn = draw([(contextual("R"), duration)], clips=count)
    assert [int((clip.start_s + 1e-9) / (duration / count)) for clip in drawn] == list(range(count))


def test_without_a_cap_a_recording_gives_as_many_as_fit() -> None:
    assert len(draw([(contextual("R"), 3600.0)])) == 360
    assert len(draw([(contextual("R"), 3600.0)], [seizure("R", 1000.0, 1100.0)])) == 350


def test_clips_are_shared_in_proportion_to_the_time_of_the_recordings() -> None:
    rows = [(contextual("A"), 1000.0), (contextual("B"), 3000.0), (contextual("C"), 4000.0)]
    drawn = draw(rows, clips=80)
    assert [sum(clip.video_id == name for clip in drawn) for name in "ABC"] == [10, 30, 40]


def test_ties_are_decided_by_lot_and_not_by_name() -> None:
    rows = [(contextual(f"R{n:02}"), 60.0) for n in range(20)]
    chosen = [{clip.video_id for clip in draw(rows, clips=5, seed=seed)} for seed in range(20)]
    assert all(len(names) == 5 for names in chosen)
    assert len(set.union(*chosen)) > 15


def test_another_seed_draws_other_clips_and_another_recording_leaves_them() -> None:
    rows = [(contextual("A"), 500.0)]
    assert draw(rows, clips=5) == draw(rows, clips=5) != draw(rows, clips=5, seed=1)
    both = draw([*rows, (contextual("B"), 500.0)], clips=10)
    assert [clip for clip in both if clip.video_id == "A"] == draw(rows, clips=5)


@pytest.mark.parametrize(("duration", "frames"), [(7.0, [175]), (0.08, [2]), (0.07, []), (0.0, []), (10.0, [250])])
def test_a_recording_shorter_than_a_clip_gives_one_short_clip(duration: float, frames: list[int]) -> None:
    assert [clip.frames for clip in draw([(contextual("R"), duration)])] == frames


def test_a_file_that_is_a_seizure_from_end_to_end_gives_no_contextual_clip() -> None:
    assert draw([(contextual("R"), 100.0)], [seizure("R")]) == []


def test_rows_that_share_a_stretch_of_a_file_do_not_share_its_clips() -> None:
    rows = [(contextual("A", 0, 60, file="F"), 100.0), (contextual("B", 30, 100, file="F"), 100.0)]
    drawn = draw(rows)
    assert len(drawn) == 10
    assert overlap(drawn) < 1e-6


def test_a_clip_knows_its_times() -> None:
    clip = Clip("V", "S", 2.0, 3, 25.0)
    assert clip.times.tolist() == pytest.approx([2.0, 2.04, 2.08])
    assert clip.end_s == pytest.approx(2.12)


@pytest.mark.parametrize(
    ("start", "end", "duration", "expected"),
    [
        (0.0, None, 12.0, (0.0, 300)),
        (2.0, 8.0, 12.0, (2.0, 150)),
        (2.0, 80.0, 12.0, (2.0, 250)),
        (0.0, None, 0.008, (0.0, 1)),
        (9.0, None, 5.0, (5.0, 0)),
    ],
    ids=["whole file", "a part", "end behind the end", "one frame", "start behind the end"],
)
def test_a_labelled_video_is_one_clip(start: float, end: float | None, duration: float, expected: tuple[float, int]) -> None:
    clip = whole_clip(seizure("R", start, end), duration, FPS)
    assert (clip.start_s, clip.frames) == expected


@given(st.floats(0.0, 60.0), st.floats(0.05, 60.0))
def test_tiles_are_consecutive_and_cover_the_labelled_video(start: float, length: float) -> None:
    row = seizure("R", start, start + length)
    whole, tiles = whole_clip(row, 200.0, FPS), tile_clips(row, 200.0, clip_s=10.0, fps=FPS)
    assert all(tile.frames == 250 for tile in tiles[:-1])
    times = np.concatenate([tile.times for tile in tiles]) if tiles else np.array([])
    assert whole.frames - len(times) <= 1  # a last clip of a single frame is not worth keeping
    assert np.allclose(times, whole.times[: len(times)])
