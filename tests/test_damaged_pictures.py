"""Damage in the middle of a file: what leans on it is lost and counted, what comes before and after stays, and nothing is made up."""

from __future__ import annotations

from pathlib import Path

import av
import ffmpeg_program as ffmpeg
import numpy as np
import pytest

from vsslfw.video import frames_at, grid, source
from vsslfw.video.source import Source

GOP, FRAMES, RATE = 10, 200, 25
SIZE = (96, 128)
CODECS = {
    "mpeg4.avi": ("-c:v", "mpeg4", "-g", str(GOP)),
    "h264.mp4": ("-c:v", "libx264", "-g", str(GOP), "-bf", "0", "-x264-params", "scenecut=0"),
    "h264-with-b-frames.mkv": ("-c:v", "libx264", "-g", str(GOP), "-bf", "2", "-x264-params", "scenecut=0:open-gop=0"),
    "mpeg2.mpg": ("-c:v", "mpeg2video", "-g", str(GOP)),
    "mjpeg.avi": ("-c:v", "mjpeg"),
}


@pytest.fixture(scope="module", params=CODECS)
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds of moving pictures, a key frame every ten."""
    path = tmp_path_factory.mktemp("whole") / request.param
    pictures = f"testsrc2=size={SIZE[1]}x{SIZE[0]}:rate={RATE}:duration={FRAMES / RATE}"
    ffmpeg.make("-f", "lavfi", "-i", pictures, *CODECS[request.param], path)
    return path


def packets(path: Path) -> list[tuple[int, int, bool]]:
    """(place in the file, size, is a key frame) of every packet that the container can place."""
    with av.open(path) as container:
        return [(p.pos, p.size, p.is_keyframe) for p in container.demux(video=0) if p.size]


@pytest.fixture
def damaged(whole: Path, tmp_path: Path) -> Path:
    """The same file with a picture in the middle of a group overwritten by noise."""
    if whole.suffix == ".mpg":
        content = bytearray(whole.read_bytes())
        middle = len(content) // 2
        content[middle : middle + 600] = np.random.default_rng(1).bytes(600)
    else:
        place, size, _ = packets(whole)[104]
        content = bytearray(whole.read_bytes())
        content[place + 4 : place + size] = np.random.default_rng(0).bytes(size - 4)
    path = tmp_path / whole.name
    path.write_bytes(content)
    return path


def read(path: Path, times: np.ndarray) -> tuple[dict[int, np.ndarray], str]:
    stream = frames_at(path, times, size=SIZE)
    found = dict(stream)
    assert stream.delivered == len(found)
    return found, stream.error


def test_what_comes_before_and_after_is_the_same_as_in_the_whole_file(whole: Path, damaged: Path) -> None:
    times = grid(0, FRAMES / RATE, RATE)
    expected, _ = read(whole, times)
    found, error = read(damaged, times)
    lost = sorted(set(expected) - set(found))
    assert len(expected) == FRAMES
    if whole.suffix == ".mpg":  # where its packets lie is not known: the container cuts pictures up
        unsure = {*range(lost[0] - 3, lost[0])}  # the damage hit their timestamps
    else:
        unsure = set()
        assert 100 <= lost[0] <= 104
    assert lost == list(range(lost[0], lost[-1] + 1))
    assert len(lost) <= 2 * GOP
    assert {0, 80, FRAMES - 1} <= set(found)
    assert error.startswith("damaged at ")
    assert error.endswith("lost up to the next key frame")
    assert all(np.array_equal(found[i], expected[i]) for i in found.keys() - unsure)


@pytest.mark.parametrize("start_s", [5.2, 6.5])
def test_a_reading_that_begins_behind_the_damage_does_not_know_of_it(whole: Path, damaged: Path, start_s: float) -> None:
    times = start_s + grid(0, 1, RATE)
    expected, _ = read(whole, times)
    found, error = read(damaged, times)
    assert found.keys() == expected.keys()
    assert error == ""
    assert all(np.array_equal(found[i], expected[i]) for i in found)


@pytest.fixture
def never_seeks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "SEEK_AFTER_S", 1e9)


def test_damage_costs_the_same_wherever_the_reading_begins(damaged: Path, never_seeks: None) -> None:
    everything, _ = read(damaged, grid(0, 8, RATE))
    for start in (3.0, 4.0, 4.4):
        found, _ = read(damaged, start + grid(0, 3, RATE))
        offset = round(start * RATE)
        assert {i + offset for i in found} == {i for i in everything if offset <= i < offset + 3 * RATE}


def test_recordings_that_were_joined_lose_nothing_but_the_seam(tmp_path: Path) -> None:
    one = tmp_path / "one.ts"
    ffmpeg.make("-f", "lavfi", "-i", f"testsrc2=size=128x96:rate={RATE}:duration=4", *CODECS["h264.mp4"], one)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(one.read_bytes() * 2)
    found, _ = read(joined, grid(0, 8, RATE))
    assert len(found) >= 2 * 4 * RATE - GOP
    assert np.array_equal(found[150], read(one, grid(0, 4, RATE))[0][50])


def test_packets_that_do_not_decode_at_the_beginning_are_passed_over(tmp_path: Path) -> None:
    cut = tmp_path / "cut.ts"
    ffmpeg.make("-f", "lavfi", "-i", f"testsrc2=size=128x96:rate={RATE}:duration=4", *CODECS["h264.mp4"], cut)
    content = cut.read_bytes()
    cut.write_bytes(content[len(content) // 3 // 188 * 188 :])
    with Source(cut) as opened:
        first = next(opened.pictures())
    assert first.time_s == 0.0
    assert first.frame is not None
    assert first.frame.key_frame


@pytest.mark.parametrize("seed", range(12))
def test_a_transport_stream_with_packets_cut_out_shows_nothing_made_up(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "whole.ts"
    ffmpeg.make("-f", "lavfi", "-i", f"testsrc2=size=128x96:rate={RATE}:duration=4", *CODECS["h264-with-b-frames.mkv"], path)
    content, generator = path.read_bytes(), np.random.default_rng(seed)
    expected, _ = read(path, grid(0, 4, RATE))
    place, length = int(generator.integers(60, len(content) // 188 - 40)) * 188, int(generator.integers(1, 30)) * 188
    path.write_bytes(content[:place] + content[place + length :])
    found, error = read(path, grid(0, 4, RATE))
    assert all(any(np.array_equal(image, expected[j]) for j in range(max(0, i - 3), min(i + 4, 100))) for i, image in found.items())
    assert len(found) == 100 or error
