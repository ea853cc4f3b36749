"""Copies are told by their bytes, or by how the picture changes; a room that is the same makes no copy."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from made_video import Picture, black, walk, write
from numpy.typing import NDArray

from vsslfw.scan.changes import LEAST_CHANGE, LEAST_STEPS
from vsslfw.scan.copies import ALIKE, LENGTHS, LENGTHS_S, find_copies, likeness
from vsslfw.scan.examine import examine, look_times
from vsslfw.scan.facts import Facts, Signature, Timing
from vsslfw.scan.pictures import SIGNATURE, SIGNATURE_UNITS


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


def test_a_signature_is_unpacked_once_however_many_it_is_compared_with(original: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked = []
    decode = base64.b64decode
    monkeypatch.setattr(base64, "b64decode", lambda text: (unpacked.append(text), decode(text))[1])
    assert len(find_copies([original] * 5, list("abcde"))) == 10
    assert len(unpacked) == 5


def plain(one: Signature, other: Signature) -> float | None:
    """The definition of `likeness`, moment by moment."""
    first, second = ({n * s.step_s: p[1:-1] for n, p in zip(s.seen, unpacked(s), strict=True)} for s in (one, other))
    step = max(one.step_s, other.step_s)
    alike = []
    for time in sorted(first.keys() & second.keys()):
        if time + step in first and time + step in second:
            a, b = first[time + step] - first[time], second[time + step] - second[time]
            a, b = a - a.mean(), b - b.mean()
            sizes = float(np.sqrt((a * a).mean())), float(np.sqrt((b * b).mean()))
            if max(sizes) >= LEAST_CHANGE:
                alike.append(float((a * b).mean()) / max(sizes[0] * sizes[1], 1e-9) if min(sizes) > 0 else 0.0)
    return float(np.median(alike)) if len(alike) >= LEAST_STEPS else None


def unpacked(signature: Signature) -> NDArray[np.float32]:
    return np.frombuffer(base64.b64decode(signature.pictures), "<u2").reshape(-1, *SIGNATURE) / np.float32(SIGNATURE_UNITS)


def plain_copies(facts: list[Facts]) -> list[tuple[int, int, float]]:
    found = []
    for one, other in itertools.combinations(range(len(facts)), 2):
        short, long = sorted((facts[one].duration_s, facts[other].duration_s))
        alike = plain(facts[one].signature, facts[other].signature)
        if long <= short * (1 + LENGTHS) + LENGTHS_S and alike is not None and alike >= ALIKE:
            found.append((one, other, round(alike, 3)))
    return found


def invented(draw: np.random.Generator, seconds: float) -> Facts:
    """A file whose pictures change much, little, not at all, or as those of others do; some moments are missing."""
    times, step = look_times(seconds)
    if draw.random() < 0.3 and step > 1 / 16:
        step /= draw.choice([2, 4])  # as if it were a little shorter, or longer
        times = [i * step for i in range(int(seconds / step))]
    shared = np.random.default_rng(int(draw.integers(3))).uniform(0, 200, (4096, *SIGNATURE))[[int(time * 16) % 4096 for time in times]]
    kind = draw.choice(["copy", "noisy copy", "other", "little", "still", "flat"])
    noise = draw.uniform(0, 200, shared.shape)
    pictures = {
        "copy": shared,
        "noisy copy": shared * 0.6 + noise * 0.4,
        "other": noise,
        "little": 100 + shared * draw.choice([0.001, 0.008]),
        "still": np.full_like(shared, 100.0),
        "flat": 100 + draw.uniform(0, 50, (len(times), 1, 1)) + np.zeros(SIGNATURE),
    }[kind]
    kept = [i for i in range(len(times)) if draw.random() > draw.choice([0, 0, 0.1, 0.5])]
    packed = base64.b64encode((pictures[kept] * SIGNATURE_UNITS).round().astype("<u2").tobytes()).decode()
    return Facts(codec="h264", timing=Timing(span_s=seconds), signature=Signature(step, tuple(kept), packed))


def test_all_at_once_finds_what_the_plain_definition_finds_to_the_last_bit() -> None:
    draw = np.random.default_rng(0)
    lengths = [1.9, 2.0, 2.1, 3.9, 4.1, 30.0, 31.9, 32.2, 33.4, 33.6, 60.0, 63.0, 65.0]
    facts = [invented(draw, float(draw.choice(lengths))) for _ in range(80)]
    pairs = list(itertools.combinations([one.signature for one in facts], 2))
    expected = [plain(*pair) for pair in pairs]
    assert [likeness(*pair) for pair in pairs] == expected
    assert sum(value is None for value in expected) > 300
    assert sum(one.step_s != other.step_s for one, other in pairs) > 300
    copies = find_copies(facts, [str(number) for number in range(len(facts))])
    assert [(copy.first, copy.second, copy.alike) for copy in copies] == plain_copies(facts)
    assert len({facts[copy.first].signature.step_s / facts[copy.second].signature.step_s for copy in copies}) > 3
    assert len(copies) > 30


def test_many_files_are_compared_some_at_a_time_and_it_is_told_how_many_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(1)
    facts = [invented(draw, 20.0) for _ in range(40)]
    digests = [str(number) for number in range(len(facts))]
    shares: list[float] = []
    whole = find_copies(facts, digests)
    monkeypatch.setattr("vsslfw.scan.copies.AT_ONCE", 7)
    assert find_copies(facts, digests, shares.append) == whole
    assert shares == sorted(set(shares))
    assert len(shares) >= 39
    assert shares[-1] == 1.0


def test_files_that_cannot_be_read_are_no_copies_of_each_other() -> None:
    empty = Facts(error="empty file (0 bytes)")
    assert find_copies([empty, empty], ["e3b0", "e3b0"]) == []


@pytest.mark.parametrize("name", ["long.mp4", "long.mkv", "long.ts", "long.mpg"])
def test_looks_here_and_there_see_what_a_whole_reading_sees(tmp_path: Path, name: str) -> None:
    codec = {"long.mpg": "mpeg2video"}.get(name, "libx264")
    path = write(tmp_path / name, walk(70, fps=25, size=(72, 96)), fps=25, codec=codec)
    quick, full = examine(path, full=False), examine(path, full=True)
    assert quick.looks.failed == 0
    assert not quick.whole
    assert likeness(quick.signature, full.signature) == pytest.approx(1, abs=0.05)
