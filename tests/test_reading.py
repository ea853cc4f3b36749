"""A clip's frames, taken piece by piece: the same as in one go, from any container, without those that are damaged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import ffmpeg_program as ffmpeg
import numpy as np
import pytest

from vsslfw import load_recipe
from vsslfw.data.clips import Clip
from vsslfw.data.manifest import VideoRow
from vsslfw.digest import digest_of_file
from vsslfw.pipeline.backbone import FrozenBackbone
from vsslfw.pipeline.cache import Cache
from vsslfw.pipeline.clip_reader import ClipReader, Request
from vsslfw.pipeline.extract import Extractor
from vsslfw.pipeline.index import Video
from vsslfw.testing.tiny import tiny_overrides
from vsslfw.video import probe

SECONDS, RATE, FPS = 30, 25, 5.0
CODECS = {
    "night.mp4": ("-c:v", "libx264", "-g", "50"),
    "night.mpg": ("-c:v", "mpeg2video", "-g", "15", "-bf", "2"),
    "night.avi": ("-c:v", "mpeg4", "-g", "50", "-bf", "2"),
}


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("nights")

    def find(name: str) -> Path:
        if not (folder / name).exists():
            ffmpeg.make("-f", "lavfi", "-i", f"testsrc2=size=96x72:rate={RATE}:duration={SECONDS}", *CODECS[name], folder / name)
        return folder / name

    return find


@pytest.fixture(scope="module")
def reader() -> ClipReader:
    recipe = load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides(video__max_lost="0.2"))
    return ClipReader(recipe, FrozenBackbone.of(recipe, "cpu"))


def request_for(path: Path, seconds: float = SECONDS) -> Request:
    video = Video(VideoRow("night", path, "S1", "labelled", "ES", 0.0, None), probe(path), digest_of_file(path))
    return Request(Clip("night", "S1", 0.0, int(seconds * FPS), FPS), video, {"type": "whole_frame"}, "centre", 1)


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("length", [7, 50, 149])
def test_pieces_are_the_whole(recording: Callable[[str], Path], reader: ClipReader, name: str, length: int) -> None:
    request = request_for(recording(name))
    whole = reader.decode(request)
    reading = reader.reading(request)
    pieces = [reading.take(first, min(first + length, 150)) for first in range(0, 150, length)]
    assert np.array_equal(np.concatenate([piece.frames for piece in pieces]), whole.frames)
    assert np.array_equal(np.concatenate([piece.times for piece in pieces]), whole.times)
    assert len(whole.frames) == 150


def test_a_reading_that_begins_in_the_middle_gives_the_same_frames(recording: Callable[[str], Path], reader: ClipReader) -> None:
    request = request_for(recording("night.mp4"))
    assert np.array_equal(reader.reading(request, 90).take(100, 120).frames, reader.decode(request).frames[100:120])


def test_what_is_passed_over_is_not_held(recording: Callable[[str], Path], reader: ClipReader) -> None:
    reading = reader.reading(request_for(recording("night.mpg")))
    reading.take(0, 10)
    assert len(reading.take(120, 130).frames) == 10
    assert reading._held == []


@pytest.fixture
def damaged(recording: Callable[[str], Path], tmp_path: Path) -> Path:
    """Noise in a picture at 13 s; the next key frame is at 14 s."""
    import av

    path = recording("night.mp4")
    with av.open(path) as container:
        packet = next(p for p in container.demux(video=0) if p.pts is not None and float(p.pts * p.time_base) >= 13.0)
    content = bytearray(path.read_bytes())
    content[packet.pos + 4 : packet.pos + packet.size] = np.random.default_rng(0).bytes(packet.size - 4)
    (tmp_path / "damaged.mp4").write_bytes(content)
    return tmp_path / "damaged.mp4"


def test_frames_that_are_damaged_are_missing_with_their_times(damaged: Path, reader: ClipReader) -> None:
    found = reader.decode(request_for(damaged))
    lost = sorted(set(np.arange(150) / FPS) - set(found.times.tolist()))
    assert len(found.frames) == len(found.times) == 150 - len(lost)
    assert 12.6 <= lost[0] <= 13.2
    assert lost[-1] == pytest.approx(13.8)
    assert "lost up to the next key frame" in found.error


def test_features_of_a_damaged_video_say_what_is_missing(damaged: Path, reader: ClipReader, tmp_path: Path) -> None:
    request = request_for(damaged)
    entries, failed, _ = Extractor(reader, Cache(tmp_path / "cache"), {"components": []}).run([request])
    (entry,) = entries.values()
    assert failed == {}
    assert entry.length == 150 - entry.provenance["frames_lost"] < entry.provenance["frames_expected"] == 150
    assert "lost up to the next key frame" in entry.provenance["decode_error"]


def test_a_run_that_was_killed_before_the_header_knows_that_its_shards_hold_boxes(
    recording: Callable[[str], Path], reader: ClipReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vsslfw.pipeline.extract.SEGMENT_S", 10.0)
    (tmp_path / "boxes.csv").write_text("video_id,time_s,x1,y1,x2,y2\nnight,0,10,10,60,60\n")
    whole = request_for(recording("night.mp4"))
    cropped = replace(whole, region={"type": "boxes_csv", "path": str(tmp_path / "boxes.csv")})
    cache, said = Cache(tmp_path / "cache"), []
    for request in (whole, cropped):
        for _ in range(2):
            entries, _, reused = Extractor(reader, cache, {"components": []}).run([request])
            (entry,) = entries.values()
            assert (len(entry.shards), reused) == (3, 0)
            said.append(entry.provenance["boxes_in_shards"])
            entry.header.unlink()
    assert said == [False, False, True, True]


def test_more_than_max_lost_leaves_the_video_out(damaged: Path, reader: ClipReader, tmp_path: Path) -> None:
    content = damaged.read_bytes()
    damaged.write_bytes(content[:20] + b"\xff" * (len(content) * 3 // 5) + content[20 + len(content) * 3 // 5 :])
    request = request_for(damaged)
    entries, failed, _ = Extractor(reader, Cache(tmp_path / "cache"), {"components": []}).run([request])
    assert entries == {}
    assert "at most 20% may be lost (video.max_lost)" in next(iter(failed.values()))


def test_a_backbone_of_clips_never_sees_across_what_is_missing(damaged: Path, reader: ClipReader, monkeypatch: pytest.MonkeyPatch) -> None:
    request = request_for(damaged)
    found = reader.decode(request)
    missing = sorted(set(range(150)) - set(found.places.tolist()))
    monkeypatch.setattr(type(reader.backbone.module), "clip_length", 8)
    monkeypatch.setattr(type(reader.backbone.module), "clip_stride", 4)
    begins = reader.backbone.begins(found.places)
    whole = [first for first in range(0, 150 - 7, 4) if not set(range(first, first + 8)) & set(missing)]
    assert found.places[begins].tolist() == whole
    assert reader.backbone.feature_times(found.times, begins).tolist() == pytest.approx([(first + 3.5) / FPS for first in whole])
    assert whole[0] < missing[0] < missing[-1] < whole[-1]
