"""Where nothing was recorded no picture is held in its place: what is missing is counted, from any container."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from made_video import walk, write

from vsslfw.video import Player, frames_at, grid

FPS, BEFORE, SECONDS = 25, 10.0, 20.0


def recording(path: Path, gap_s: float, **options: str) -> Path:
    """Twenty seconds of pictures, and nothing for a while after the first ten."""
    return write(
        path, walk(SECONDS, fps=FPS), fps=FPS, times=lambda i: i / FPS + (gap_s if i >= BEFORE * FPS else 0), options={"g": "25", **options}
    )


@pytest.mark.parametrize("options", [{"bf": "0"}, {"bf": "3"}], ids=["plain", "B-frames"])
@pytest.mark.parametrize("name", ["gap.mp4", "gap.mkv", "gap.ts"])
def test_a_gap_is_lost_and_said(name: str, options: dict[str, str], tmp_path: Path) -> None:
    stream = frames_at(recording(tmp_path / name, 20.0, **options), grid(0.0, 40.0, 5.0), size=(36, 48))
    indices = [i for i, _ in stream]
    shown = 51 if name == "gap.mp4" else 50  # MP4 declares half the rate: its average counts the gap
    assert indices == [*range(shown), *range(150, 200)]
    assert re.fullmatch(r"no picture was recorded from 10\.0[04] to 30\.00 s", stream.error)


@pytest.mark.parametrize("start_s", [0.0, 8.0, 10.5, 20.0, 29.9])
@pytest.mark.parametrize("name", ["gap.mp4", "gap.mkv", "gap.ts"])
def test_wherever_reading_begins_the_same_is_lost(name: str, start_s: float, tmp_path: Path) -> None:
    path = recording(tmp_path / name, 20.0)
    stream = frames_at(path, times := grid(start_s, 40.0, 5.0), size=(36, 48))
    found = {round(times[i], 6): image for i, image in stream}
    whole = grid(0.0, 40.0, 10.0)
    expected = {round(whole[i], 6): image for i, image in frames_at(path, whole, size=(36, 48)) if whole[i] > start_s - 1e-6}
    assert found
    assert all(np.array_equal(image, expected[time]) for time, image in found.items())
    assert not [time for time in found if 10.05 <= time < 30.0]


def test_reading_on_in_the_middle_of_a_gap_holds_nothing(tmp_path: Path) -> None:
    player = Player(recording(tmp_path / "gap.ts", 20.0))
    delivered = [len([*frames_at(player, grid(start, start + 5, 5.0), size=(36, 48))]) for start in (0.0, 5.0, 10.0, 20.0, 30.0)]
    player.close()
    assert delivered == [25, 25, 0, 0, 25]


@pytest.mark.parametrize(("fps", "gap_s"), [(25, 0.9), (0.5, 6.0)], ids=["less than a second", "less than five steps"])
def test_a_picture_is_held_where_pictures_are_merely_late(fps: float, gap_s: float, tmp_path: Path) -> None:
    count = round(SECONDS * fps)
    path = write(tmp_path / "late.mp4", walk(SECONDS, fps=fps), fps=fps, times=lambda i: i / fps + (gap_s if i >= count // 2 else 0))
    stream = frames_at(path, grid(0.0, SECONDS + gap_s, 5.0), size=(36, 48))
    assert len([*stream]) == len(stream)
    assert stream.error == ""
