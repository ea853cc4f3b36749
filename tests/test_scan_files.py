"""What is said of one file: each condition gets its verdict and its words."""

from __future__ import annotations

import errno
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_video import audio_alone, black, night, walk, without_pictures, write
from video_fuzz import mutate

from vsslfw.scan.examine import examine, look_times
from vsslfw.scan.facts import Facts
from vsslfw.scan.memory import Memory
from vsslfw.scan.verdicts import remarks_on, verdict_of
from vsslfw.video.decoder import Decoder
from vsslfw.video.source import Source


def truncated(path: Path) -> Path:
    write(path, walk(8), options={"g": "10"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def joined(path: Path) -> Path:
    """Two recordings end to end, each with a clock of its own."""
    parts = [write(path.with_name(f"{n}.mpg"), walk(8, seed=n), codec="mpeg2video").read_bytes() for n in (1, 2)]
    path.write_bytes(b"".join(parts))
    return path


def with_gap(path: Path) -> Path:
    return write(path, walk(3, fps=25), fps=25, times=lambda i: i / 25 + (4 if i > 30 else 0))


def streams(path: Path, seconds: Iterable[float]) -> Path:
    """Transport streams end to end, each with B-frames, one key frame and a clock of its own."""
    options = {"bf": "3", "g": "1000"}
    parts = [write(path.with_name(f"{n}.ts"), walk(s, fps=25, seed=n), fps=25, options=options) for n, s in enumerate(seconds)]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def interlaced(path: Path) -> Path:
    return write(path, walk(2, fps=25), fps=25, options={"flags": "+ildct+ilme", "x264-params": "tff=1"})


def holding(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


Make = Callable[[Path], Path]
CASES: list[tuple[str, Make, str, str]] = [
    ("good.mp4", lambda p: write(p, walk(3, fps=25), fps=25), "ok", ""),
    ("vfr.mkv", lambda p: write(p, walk(3, fps=25), fps=25, times=lambda i: i / 25 + 0.015 * (i % 3)), "ok", "variable frame rate"),
    ("gap.mkv", with_gap, "warn", "a gap of 4.0 s from 1.2 s on, in which no picture was recorded; 58% of it is missing, and above 5%"),
    ("slow.mp4", lambda p: write(p, walk(5, fps=5), fps=5), "warn", "5.0 frames a second"),
    ("joined.mpg", joined, "warn", "its clock starts anew once"),
    (
        "interlaced.mp4",
        lambda p: write(p, walk(2, fps=25), fps=25, options={"flags": "+ildct+ilme", "x264-params": "tff=1"}),
        "ok",
        "interlaced",
    ),
    ("truncated.mkv", truncated, "unusable", "broken off: its header declares 8.0 s"),
    ("no_index.mp4", truncated, "unusable", "broken off before its index was written (MP4 without moov)"),
    ("zeros.mp4", without_pictures, "unusable", "no picture of it decodes"),
    ("lost.mp4", lambda p: write(p, itertools.chain(walk(2), black(2), walk(2))), "warn", "black 2.0 to 4.0 s"),
    ("covered.mp4", lambda p: write(p, black(3)), "unusable", "black from beginning to end"),
    ("stuck.mp4", lambda p: write(p, itertools.chain(walk(2), walk(12, seed=1, still=True), walk(2))), "warn", "frozen 2.0 to 13.9 s"),
    ("still.mp4", lambda p: write(p, walk(3, still=True)), "warn", "nothing moves from beginning to end"),
    ("night.mp4", lambda p: write(p, night(3)), "warn", "dark for 100% of its time"),
    ("night2.mp4", lambda p: write(p, night(3)), "warn", "without colour for 100% of its time"),
    ("small.mp4", lambda p: write(p, walk(2, size=(48, 64))), "warn", "pictures of 64 x 48 pixels"),
    ("tiny.mp4", lambda p: write(p, walk(2, size=(16, 16))), "unusable", "too small to show anybody"),
    ("one.mp4", lambda p: write(p, walk(0.1)), "unusable", "a single picture"),
    ("empty.mp4", lambda p: holding(p, ""), "unusable", "empty file (0 bytes)"),
    ("text.mp4", lambda p: holding(p, "The patient was seen at 3 am.\n" * 50), "unusable", "not a video"),
    ("sound.mp4", audio_alone, "unusable", "no video stream: audio only"),
    ("-n.mp4", lambda p: write(p, walk(3, fps=25), fps=25), "ok", ""),
    ("raw.h264", lambda p: write(p, walk(3, fps=25), fps=25), "warn", "no timestamps: times are counted at 25 frames a second"),
]


@pytest.mark.parametrize(("name", "make", "verdict", "words"), CASES, ids=[case[0] for case in CASES])
def test_a_file_gets_its_verdict_in_words(tmp_path: Path, name: str, make: Make, verdict: str, words: str) -> None:
    remarks = remarks_on(examine(make(tmp_path / name), full=False))
    assert verdict_of(remarks) == verdict, remarks
    assert words in "; ".join(remark.words for remark in remarks)


@pytest.mark.parametrize("bf", ["0", "3"])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
@pytest.mark.parametrize("cut", range(40, 45))
def test_a_gap_before_b_frames_is_no_clock_that_starts_anew(tmp_path: Path, name: str, cut: int, bf: str) -> None:
    path = write(tmp_path / name, walk(4, fps=25), fps=25, times=lambda i: i / 25 + (4 if i >= cut else 0), options={"bf": bf})
    timing = examine(path, full=False).timing
    assert (timing.gaps, timing.restarts, timing.not_increasing) == (1, 0, 0)
    assert timing.span_s == pytest.approx(8, abs=0.01)
    assert timing.longest_gap is not None
    assert timing.longest_gap.length_s == pytest.approx(4.04, abs=0.002)


@pytest.mark.parametrize("fps", [5, 25])
def test_a_gap_makes_no_recording_slow(tmp_path: Path, fps: int) -> None:
    half = 4 * fps
    path = write(tmp_path / "a.mkv", walk(8, fps=fps), fps=fps, times=lambda i: i / fps + 60 * (i >= half) + 30 * (i >= half + fps))
    facts = examine(path, full=False)
    assert (facts.timing.gaps, facts.timing.rate) == (2, fps)
    assert facts.duration_s == pytest.approx(98, abs=0.05)
    assert ("fast movement is not in it" in " ".join(remark.words for remark in remarks_on(facts))) == (fps == 5)


@pytest.mark.parametrize("seconds", [(8, 8), (1.2, 3), (5, 2, 2)])
def test_streams_joined_end_to_end_start_a_clock_anew(tmp_path: Path, seconds: tuple[float, ...]) -> None:
    timing = examine(streams(tmp_path / "joined.ts", seconds), full=False).timing
    assert (timing.packets, timing.gaps, timing.restarts) == (round(25 * sum(seconds)), 0, len(seconds) - 1)


def test_what_a_good_file_is_stands_in_its_facts(tmp_path: Path) -> None:
    facts = examine(write(tmp_path / "a.mp4", walk(3, fps=25), fps=25), full=True)
    assert (facts.codec, facts.pixel_format, facts.height, facts.width, facts.audio) == ("h264", "yuv420p", 120, 160, False)
    assert (facts.nominal_rate, facts.timing.rate, facts.declared_frames, facts.decoded_frames) == (25, 25, 75, 75)
    assert facts.duration_s == pytest.approx(3, abs=0.01)
    assert len(facts.strip) == 8
    assert Facts.from_dict(json.loads(json.dumps(facts.to_dict()))) == facts


class FailingOnce(Source):
    """The disk fails when a file is opened for the ``at``-th time, and never again."""

    opened, at = 0, 1

    def __init__(self, path: Path) -> None:
        FailingOnce.opened += 1
        if FailingOnce.opened == FailingOnce.at:
            raise OSError(errno.EIO, "Input/output error")
        super().__init__(path)


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_what_a_failing_disk_hides_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    path = write(tmp_path / "a.mp4", walk(2, fps=25), fps=25)
    monkeypatch.setattr("vsslfw.scan.examine.Source", FailingOnce)
    monkeypatch.setattr(FailingOnce, "opened", 0)
    monkeypatch.setattr(FailingOnce, "at", at)
    first, second, third = (Memory(tmp_path / "cache").look(path, full=False, tick=lambda share: None) for _ in range(3))
    assert "Input/output error" in first.facts.error
    assert first.facts.passing
    assert (second.facts.error, second.remembered, third.remembered) == ("", False, True)


class Stale:
    """A container whose file goes away: after twenty packets, and whenever a place is sought."""

    def __init__(self, container: Any) -> None:
        self._container = container

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def seek(self, *_: object, **__: object) -> None:
        raise OSError(errno.ESTALE, "Stale file handle")

    def demux(self, stream: object) -> Iterator[object]:
        yield from itertools.islice(self._container.demux(stream), 20)
        self.seek()


@pytest.mark.parametrize("since", [2, 4], ids=["when packets are read", "when pictures are decoded"])
@pytest.mark.parametrize("full", [False, True])
def test_a_disk_that_fails_on_the_way_is_told_from_damage(long_file: Path, monkeypatch: pytest.MonkeyPatch, full: bool, since: int) -> None:
    opened = itertools.count(1)

    class FailingLater(Source):
        def _open(self) -> None:
            super()._open()
            if next(opened) >= since:
                self.container = Stale(self.container)  # type: ignore[assignment]
                self.decoder = Decoder(self.container, self.stream)

    monkeypatch.setattr("vsslfw.scan.examine.Source", FailingLater)
    monkeypatch.setattr("vsslfw.video.decoder.BAD_READS", 1)
    assert examine(long_file, full=full).passing


@pytest.mark.parametrize(("name", "make", "verdict", "words"), CASES, ids=[case[0] for case in CASES])
def test_what_is_in_the_content_does_not_pass(tmp_path: Path, name: str, make: Make, verdict: str, words: str) -> None:
    assert not examine(make(tmp_path / name), full=False).passing


@pytest.fixture(scope="module")
def long_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """80 s, of which 20 are black."""
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    return write(path, itertools.chain(walk(40), black(20), walk(20, seed=1)))


def test_a_long_file_is_looked_at_here_and_there(long_file: Path) -> None:
    facts = examine(long_file, full=False)
    assert not facts.whole
    assert facts.decoded_frames is None
    assert facts.looks.pictures == len(look_times(80.0)[0]) == 20
    assert facts.looks.black_share == pytest.approx(0.25)
    assert "black 40.0 to 60.0 s (by 20 looks)" in [remark.words for remark in remarks_on(facts)]


def test_a_look_alone_is_not_frozen_but_looks_that_are_alike_are(long_file: Path, tmp_path: Path) -> None:
    assert examine(long_file, full=False).looks.frozen == ()
    stuck = examine(write(tmp_path / "stuck.mp4", itertools.chain(walk(30), walk(40, still=True), walk(10, seed=1))), full=False)
    (stretch,) = stuck.looks.frozen
    assert (stretch.start_s, stretch.end_s) == (32.0, 68.0)


def test_in_less_than_a_second_nothing_need_move(tmp_path: Path) -> None:
    facts = examine(write(tmp_path / "a.mp4", walk(0.8, still=True)), full=False)
    assert not facts.looks.moves
    assert [remark.words for remark in remarks_on(facts)] == ["10.0 frames a second: fast movement is not in it", "only 0.80 s long"]


def test_a_file_with_a_single_key_frame_is_decoded_whole_and_not_called_frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.mp4", walk(30), options={"g": "1000", "sc_threshold": "0"})
    monkeypatch.setattr("vsslfw.scan.examine.WHOLE_S", 0.0)
    monkeypatch.setattr("vsslfw.scan.examine.MOST_DECODED", 50)
    facts = examine(path, full=False)
    assert (facts.whole, facts.decoded_frames, facts.looks.frozen) == (True, 300, ())
    assert facts == examine(path, full=True)


@pytest.mark.parametrize(
    "make", [lambda p: write(p / "a.avi", walk(4), codec="mpeg4"), lambda p: joined(p / "a.mpg")], ids=["avi", "joined"]
)
def test_where_a_seek_may_find_another_time_the_file_is_decoded_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Make) -> None:
    monkeypatch.setattr("vsslfw.scan.examine.WHOLE_S", 0.0)
    assert examine(make(tmp_path), full=False).whole


def test_full_decodes_all_of_it_and_sees_the_same_at_the_same_times(long_file: Path) -> None:
    quick, full = examine(long_file, full=False), examine(long_file, full=True)
    assert full.whole
    assert (full.decoded_frames, full.looks.pictures) == (800, 800)
    assert full.looks.black_share == pytest.approx(0.25, abs=0.01)
    assert quick.signature == full.signature
    assert quick.strip == full.strip


def test_damage_in_a_long_file_is_noticed_at_once_and_measured_in_full(long_file: Path, tmp_path: Path) -> None:
    data = bytearray(long_file.read_bytes())
    third = len(data) // 3
    data[third : 2 * third] = bytes(third)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(data)
    quick, full = remarks_on(examine(damaged, full=False)), remarks_on(examine(damaged, full=True))
    assert "--full says how much is lost" in quick[0].words
    assert verdict_of(full) == "unusable"
    assert "of 800 pictures decode: damaged at" in full[0].words


def test_damaged_files_end_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = [
        write(tmp_path / name, walk(4, size=(48, 64)), codec=codec).read_bytes()
        for name, codec in (("a.mp4", "libx264"), ("b.ts", "libx264"), ("c.avi", "mpeg4"), ("d.mpg", "mpeg2video"))
    ]
    mutant = tmp_path / "mutant"
    for number, seed in itertools.product(range(30), seeds):
        mutant.write_bytes(mutate(seed, np.random.default_rng(number)))
        for whole in (64.0, 0.0):
            monkeypatch.setattr("vsslfw.scan.examine.WHOLE_S", whole)
            facts = examine(mutant, full=False)
            json.dumps(facts.to_dict(), allow_nan=False)
            assert all(remark.words and remark.words.isprintable() for remark in remarks_on(facts))


@pytest.mark.parametrize(("seconds", "step"), [(0.5, 1 / 16), (3, 0.125), (4, 0.25), (60, 2), (3600, 128), (36000, 2048)])
def test_looks_are_evenly_spaced_by_a_power_of_two(seconds: float, step: float) -> None:
    times, found = look_times(seconds)
    assert found == step
    assert times[-1] < seconds <= times[-1] + step
    assert len(times) < 33
