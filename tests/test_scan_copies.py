"""Copies are told by their bytes, or by how the picture changes; a room that is the same makes no copy."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from made_video import Picture, black, walk, write

from vsslfw.scan.copies import ALIKE, find_copies, likeness
from vsslfw.scan.examine import examine
from vsslfw.scan.facts import Facts


def facts(path: Path) -> Facts:
    return examine(path, full=False)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    return facts(write(tmp_path_factory.mktemp("original") / "a.mp4", walk(12, fps=25), fps=25))


COPIES = {
    "another size": lambda p: write(p, (cv2.resize(x, (96, 72)) for x in walk(12, fps=25)), fps=25),
    "another codec and bit rate": lambda p: write(p, walk(12, fps=25), fps=25, codec="mpeg4", options={"b": "60000"}),
    "another frame rate": lambda p: write(p, walk(12, fps=12), fps=12),
    "another brightness": lambda p: write(p, ((x * 0.6 + 20).astype(np.uint8) for x in walk(12, fps=25)), fps=25),
    "its end cut off": lambda p: write(p, walk(11.6, fps=25), fps=25),
}


@pytest.mark.parametrize("how", COPIES)
def test_a_recording_encoded_anew_is_found(original: Facts, tmp_path: Path, how: str) -> None:
    copy = facts(COPIES[how](tmp_path / "copy.mp4"))
    assert [(c.first, c.second, c.how) for c in find_copies([original, copy], ["1", "2"])] == [(0, 1, "encoded anew")]


@pytest.mark.parametrize("seed", range(1, 6))
def test_another_recording_of_the_same_room_is_no_copy(original: Facts, tmp_path: Path, seed: int) -> None:
    other = facts(write(tmp_path / "other.mp4", walk(12, fps=25, seed=seed), fps=25))
    found = likeness(original.signature, other.signature)
    assert found is not None
    assert found < ALIKE / 2
    assert find_copies([original, other], ["1", "2"]) == []


def test_the_light_that_goes_out_at_the_same_moment_makes_no_copy(tmp_path: Path) -> None:
    one, other = (
        facts(write(tmp_path / f"{seed}.mp4", itertools.chain(walk(6, seed=seed), black(1), walk(5, seed=seed + 10)))) for seed in (1, 2)
    )
    assert find_copies([one, other], ["1", "2"]) == []


def test_the_clock_that_recorders_write_makes_no_copy(tmp_path: Path) -> None:
    def clocked(seed: int) -> Iterator[Picture]:
        for second, picture in enumerate(walk(40, fps=1, seed=seed)):
            picture[:15] = 255 * (second % 2)
            yield picture

    one, other = (facts(write(tmp_path / f"{seed}.mp4", clocked(seed), fps=1)) for seed in (1, 2))
    assert likeness(one.signature, other.signature) == pytest.approx(0, abs=0.3)


def test_two_still_rooms_are_not_compared(tmp_path: Path) -> None:
    one, other = (facts(write(tmp_path / f"{n}.mp4", walk(12, still=True), options={"crf": str(20 + n)})) for n in (1, 2))
    assert likeness(one.signature, other.signature) is None
    assert find_copies([one, other], ["1", "2"]) == []


def test_the_same_bytes_are_found_whatever_they_show(original: Facts) -> None:
    still = Facts(codec="h264")
    found = find_copies([still, original, still, still], ["x", "y", "x", "x"])
    assert [(copy.first, copy.second, copy.how) for copy in found] == [
        (0, 2, "same content"),
        (0, 3, "same content"),
        (2, 3, "same content"),
    ]


def test_files_that_cannot_be_read_are_no_copies_of_each_other() -> None:
    empty = Facts(error="empty file (0 bytes)")
    assert find_copies([empty, empty], ["e3b0", "e3b0"]) == []


@pytest.mark.parametrize("name", ["long.mp4", "long.mkv", "long.ts", "long.avi", "long.mpg"])
def test_looks_here_and_there_see_what_a_whole_reading_sees(tmp_path: Path, name: str) -> None:
    codec = {"long.avi": "mpeg4", "long.mpg": "mpeg2video"}.get(name, "libx264")
    path = write(tmp_path / name, walk(70, fps=25, size=(72, 96)), fps=25, codec=codec)
    quick, full = examine(path, full=False), examine(path, full=True)
    assert quick.looks.failed == 0
    assert not quick.whole
    assert likeness(quick.signature, full.signature) == pytest.approx(1, abs=0.05)
