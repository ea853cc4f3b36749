"""A recording read in several places: the pictures are those of reading it whole, and no more is decoded than its container asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ffmpeg_program as ffmpeg
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vsslfw.video import Player, frames_at, grid
from vsslfw.video.decoder import Decoder
from vsslfw.video.source import Source

SECONDS, RATE = 20, 25
CONTAINERS = {
    "recording.mpg": ("-c:v", "mpeg2video", "-g", "15", "-bf", "2"),
    "recording.ts": ("-c:v", "libx264", "-g", "50"),
    "recording.avi": ("-c:v", "mpeg4", "-g", "50", "-bf", "2"),
    "recording.mp4": ("-c:v", "libx264", "-g", "50"),
}
CANNOT_SEEK = ("recording.mpg", "recording.ts", "recording.avi")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Twenty seconds in one of the containers, each made once."""
    folder = tmp_path_factory.mktemp("recordings")

    def find(name: str) -> Path:
        if not (folder / name).exists():
            ffmpeg.make("-f", "lavfi", "-i", f"testsrc2=size=64x48:rate={RATE}:duration={SECONDS}", *CONTAINERS[name], folder / name)
        return folder / name

    return find


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What each opening of a file has decoded so far."""
    counts: list[int] = []
    opened, decode_packet = Source._open, Decoder._decode_packet

    def opening(self: Source) -> None:
        counts.append(0)
        opened(self)

    def counting(self: Decoder, packet: Any, number: int) -> Any:
        frames, trouble = decode_packet(self, packet, number)
        counts[-1] += len(frames)
        return frames, trouble

    monkeypatch.setattr(Source, "_open", opening)
    monkeypatch.setattr(Decoder, "_decode_packet", counting)
    return counts


def images(path: Path | Player, start_s: float, seconds: float) -> np.ndarray:
    stream = frames_at(path, start_s + grid(0, seconds, RATE), size=(24, 32))
    found = [image for _, image in stream]
    assert stream.error == ""
    return np.stack(found)


places = st.lists(st.tuples(st.floats(0, SECONDS - 3), st.floats(0.1, 2)), min_size=1, max_size=4)


@pytest.mark.parametrize("name", CONTAINERS)
@given(places=places)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_wherever_it_is_read_next_the_pictures_are_the_same(
    recording: Callable[[str], Path], name: str, places: list[tuple[float, float]]
) -> None:
    player = Player(recording(name))
    for start_s, seconds in places:
        assert np.array_equal(images(player, start_s, seconds), images(recording(name), start_s, seconds))
    player.close()


@pytest.mark.parametrize("name", CANNOT_SEEK)
def test_where_a_container_cannot_seek_it_is_read_on(recording: Callable[[str], Path], name: str, decoded: list[int]) -> None:
    player = Player(recording(name))
    for start_s in (2.0, 3.0, 9.5, 15.0):
        images(player, start_s, 1.0)
    assert len(decoded) == 1
    images(player, 1.0, 1.0)
    assert len(decoded) == 2


@pytest.mark.parametrize("name", ["recording.mp4", "recording.mpg", "recording.ts"])
def test_what_lies_far_between_is_not_decoded(recording: Callable[[str], Path], name: str, decoded: list[int]) -> None:
    player = Player(recording(name))
    for start_s in (7.0, 17.5):
        images(player, start_s, 1.0)
    assert sum(decoded) < 2 * 4 * RATE


def test_where_the_clock_starts_anew_all_is_decoded(recording: Callable[[str], Path], tmp_path: Path) -> None:
    twice = tmp_path / "twice.mpg"
    twice.write_bytes(recording("recording.mpg").read_bytes() * 2)
    expected = images(recording("recording.mpg"), 8.0, 1.0)
    assert np.array_equal(images(twice, SECONDS + 8.0, 1.0), expected)
    player = Player(twice)
    assert np.array_equal(images(player, 8.0, 1.0), expected)
    assert np.array_equal(images(player, SECONDS + 8.0, 1.0), expected)


def test_a_wrong_index_is_not_believed(tmp_path: Path) -> None:
    whole = tmp_path / "whole.avi"
    ffmpeg.make("-f", "lavfi", "-i", f"testsrc2=size=64x48:rate={RATE}:duration={SECONDS}", "-c:v", "mpeg4", "-g", "25", whole)
    content = whole.read_bytes()
    index = content.rindex(b"idx1")
    wrong = tmp_path / "wrong.avi"
    entries = content[index + 8 :]
    entries = entries[: 16 * 100] + entries[16 * 150 :]  # two seconds are not in it
    wrong.write_bytes(content[:index] + b"idx1" + len(entries).to_bytes(4, "little") + entries)
    for start_s in (7.0, 15.2):
        assert np.array_equal(images(wrong, start_s, 1.0), images(whole, start_s, 1.0))


def test_a_recording_that_is_missing_timestamps_is_read_on(recording: Callable[[str], Path], decoded: list[int]) -> None:
    player = Player(recording("recording.avi"))
    for start_s in (2.0, 8.0, 16.0):
        images(player, start_s, 1.0)
    assert len(decoded) == 1


def test_a_reading_ends_when_another_begins(recording: Callable[[str], Path]) -> None:
    player = Player(recording("recording.mpg"))
    first = player.pictures(0.0)
    next(first)
    next(player.pictures(3.0))
    with pytest.raises(RuntimeError, match="this reading ended"):
        next(first)
