"""Clips are not drawn where a recording is black or frozen; what a night looks like is not black."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ffmpeg_program as ffmpeg
import pytest

from vsslfw import load_recipe
from vsslfw.data.clips import TRIES, Clip, contextual_clips
from vsslfw.data.manifest import VideoRow, read_manifest
from vsslfw.pipeline.blanks import Blanks
from vsslfw.pipeline.cache import Cache
from vsslfw.pipeline.index import Index, build_index
from vsslfw.seeds import Stream
from vsslfw.testing.tiny import tiny_overrides
from vsslfw.video import probe
from vsslfw.video.blank import blank

ROOM = "testsrc2=size=96x72:rate=10,noise=alls=6:allf=t"
"""A moving picture with a sensor's noise."""
RECORDINGS = {
    "room.mp4": ROOM,
    "black.mp4": "color=black:size=96x72:rate=10:duration=60,noise=alls=4:allf=t",
    "frozen.mp4": f"{ROOM},loop=loop=-1:size=1,trim=duration=60",
    "night.mp4": f"{ROOM},eq=brightness=-0.42:contrast=0.3,format=gray,trim=duration=60",
}
GAPS = {"black": (20.0, 40.0), "frozen": (45.0, 55.0)}
"""Of gaps.mp4: seconds in which nothing is to be seen."""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("recordings")

    def find(name: str) -> Path:
        path = folder / name
        if not path.exists():
            ffmpeg.make("-f", "lavfi", "-i", RECORDINGS[name], "-t", "60", "-c:v", "libx264", "-g", "20", "-crf", "28", path)
        return path

    return find


@pytest.fixture(scope="module")
def gaps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute, with a black stretch of 20 s and a frozen one of 10 s."""
    path = tmp_path_factory.mktemp("gaps") / "gaps.mp4"
    black = "drawbox=t=fill:color=black:enable='between(t,{},{})'".format(*GAPS["black"])
    first, last = (int(10 * second) for second in GAPS["frozen"])
    frozen = f"freezeframes=first={first}:last={last}:replace={first}"
    graph = f"{ROOM},{black},split[a][b];[a][b]{frozen}"
    ffmpeg.make("-f", "lavfi", "-i", graph, "-t", "60", "-c:v", "libx264", "-g", "20", path)
    return path


@pytest.mark.parametrize(("name", "expected"), [("room.mp4", ""), ("night.mp4", ""), ("black.mp4", "black"), ("frozen.mp4", "frozen")])
def test_a_recording_is_black_frozen_or_neither(recording: Callable[[str], Path], name: str, expected: str) -> None:
    assert [blank(recording(name), start, 10.0) for start in (0.0, 25.3, 50.0)] == [expected] * 3


@pytest.mark.parametrize(("start", "expected"), [(0.0, ""), (14.0, ""), (16.0, "black"), (30.0, "black"), (36.0, ""), (45.0, "frozen")])
def test_a_stretch_is_blank_if_most_of_it_is(gaps: Path, start: float, expected: str) -> None:
    assert blank(gaps, start, 10.0) == expected


def test_what_cannot_be_read_is_not_called_blank(tmp_path: Path) -> None:
    (tmp_path / "no.mp4").write_bytes(b"no video")
    assert blank(tmp_path / "no.mp4", 0.0, 10.0) == ""


@pytest.mark.slow
def test_no_real_bedroom_is_black_or_frozen_by_day_or_night(shared_data: Path) -> None:
    for path in sorted((shared_data / "gmdcsa24").rglob("*.mp4")):
        assert blank(path, 0.0, probe(path).duration_s or 0.0) == "", path


def draw(blanks: Callable[[VideoRow, float, float], bool] | None, seed: int = 0, seconds: float = 600.0) -> tuple[list[Clip], int]:
    row = VideoRow("night", Path("/night.mp4"), "S1", "contextual", None, 0.0, None)
    return contextual_clips([(row, seconds)], [], clip_s=10.0, clips=12, fps=5.0, stream=Stream(seed), blank=blanks)


def test_another_place_of_the_same_stratum_is_drawn() -> None:
    def dark(_row: VideoRow, start_s: float, seconds: float) -> bool:
        return start_s % 50.0 < 20.0  # the first part of each stratum

    clips, empty = draw(dark)
    assert not any(clip.start_s % 50.0 < 20.0 for clip in clips)
    assert len(clips) + empty == 12
    assert len(clips) > 9
    assert [int(clip.start_s // 50) for clip in clips] == sorted({int(clip.start_s // 50) for clip in clips})


def test_a_stratum_that_is_blank_throughout_gives_no_clip() -> None:
    looks: list[float] = []

    def covered(_row: VideoRow, start_s: float, seconds: float) -> bool:
        looks.append(start_s)
        return start_s < 300.0 + seconds

    clips, empty = draw(covered)
    assert empty == 6
    assert len(clips) == 6
    assert len(looks) <= 12 * TRIES


def test_where_nothing_is_blank_the_same_clips_are_drawn() -> None:
    assert draw(lambda *_: False) == draw(None)


def index(gaps: Path, folder: Path, skip_blank: bool) -> Index:
    folder.mkdir(exist_ok=True)
    rows = ["video_id,path,subject_id,role,label", f"long,{gaps},A,contextual,", f"a,{gaps},B,labelled,ES", f"b,{gaps},C,labelled,PNES"]
    copies = {subject: folder / f"{subject}.mp4" for subject in "ABC"}
    for subject, path in copies.items():
        if not path.exists():
            path.write_bytes(gaps.read_bytes() + subject.encode())
    rows = [rows[0], *(row.replace(str(gaps), f"{subject}.mp4") for row, subject in zip(rows[1:], "ABC", strict=True))]
    (folder / "videos.csv").write_text("\n".join(rows), encoding="utf-8")
    overrides = tiny_overrides(contextual__skip_blank=str(skip_blank), contextual__clips="5", contextual__clip_s="5.0")
    recipe = load_recipe("seizure_bart", profile="demo", overrides=overrides)
    return build_index(recipe, read_manifest(folder / "videos.csv"), Cache(folder / "cache"))


def inside_a_gap(clip: Clip) -> bool:
    middle = (clip.start_s + clip.end_s) / 2
    return any(start + 1 < middle < end - 1 for start, end in GAPS.values())


def test_clips_of_a_recording_stay_outside_its_gaps(gaps: Path, tmp_path: Path) -> None:
    found = index(gaps, tmp_path, skip_blank=True)
    assert found.contextual
    assert not any(inside_a_gap(clip) for clip in found.contextual)
    assert len(found.contextual) + found.blank == 5
    everywhere = index(gaps, tmp_path, skip_blank=False)
    assert (len(everywhere.contextual), everywhere.blank) == (5, 0)
    assert any(inside_a_gap(clip) for clip in everywhere.contextual)
    assert everywhere.key != found.key


def test_what_was_seen_is_remembered(gaps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = index(gaps, tmp_path, skip_blank=True)

    def no_second_look(*_: object) -> None:
        raise AssertionError("looked again")

    monkeypatch.setattr("vsslfw.pipeline.blanks.blank", no_second_look)
    assert index(gaps, tmp_path, skip_blank=True).contextual == first.contextual
    assert Blanks({}, Cache(tmp_path / "other"))
