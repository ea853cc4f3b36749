"""What a failing disk says of a video is not remembered: the file is whole as soon as the disk is."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from made_video import walk, write

from vsslfw import load_recipe
from vsslfw.data.clips import Clip
from vsslfw.data.manifest import VideoRow
from vsslfw.digest import digest_of_file
from vsslfw.pipeline import clip_reader, online
from vsslfw.pipeline.backbone import FrozenBackbone
from vsslfw.pipeline.blanks import Blanks
from vsslfw.pipeline.cache import Cache
from vsslfw.pipeline.clip_reader import ClipReader, Request
from vsslfw.pipeline.extract import Extractor
from vsslfw.pipeline.index import Video, look
from vsslfw.testing.tiny import tiny_overrides
from vsslfw.video import probe
from vsslfw.video.decoder import Decoder

RATE, SECONDS, FPS = 10, 90, 5.0
Break = Callable[..., None]


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Break:
    """disk(at, times): what lies from ``at`` seconds on cannot be read, the next so many times that it is; disk(None): healthy."""
    state: dict[str, Any] = {"at": None, "times": 0}
    packets = Decoder.packets

    class Failing:
        def __init__(self, container: Any) -> None:
            self._container = container

        def __getattr__(self, name: str) -> Any:
            return getattr(self._container, name)

        def demux(self, stream: Any) -> Iterator[Any]:
            for packet in self._container.demux(stream):
                time = float(packet.pts * packet.time_base) if packet.size else 0.0
                if state["at"] is not None and time >= state["at"] and state["times"] > 0:
                    state["times"] -= 1
                    raise OSError(errno.EIO, "Input/output error")
                yield packet

    def failing(self: Decoder) -> Iterator[Any]:
        if not isinstance(self._container, Failing):
            self._container = Failing(self._container)  # type: ignore[assignment]
        return packets(self)

    def set_to(at: float | None, times: int = 10**6) -> None:
        state.update(at=at, times=times)
        monkeypatch.setattr(clip_reader, "disk_fails", lambda _: state["at"] is not None)

    monkeypatch.setattr(Decoder, "packets", failing)
    return set_to


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("disk") / "video.mp4", walk(SECONDS, fps=RATE), fps=RATE)


@pytest.fixture(scope="module")
def reader() -> ClipReader:
    recipe = load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides())
    return ClipReader(recipe, FrozenBackbone.of(recipe, "cpu"))


@pytest.fixture
def request_(path: Path) -> Request:
    video = Video(VideoRow("night", path, "S1", "labelled", "ES", 0.0, None), probe(path), digest_of_file(path))
    return Request(Clip("night", "S1", 0.0, int(SECONDS * FPS), FPS), video, {"type": "whole_frame"}, "centre", 1)


def features(reader: ClipReader, cache: Cache, request: Request) -> tuple[int, str]:
    """How many features there are, and why there are none."""
    entries, failed, _ = Extractor(reader, cache, {"components": []}).run([request])
    return sum(entry.length for entry in entries.values()), "".join(failed.values())


@pytest.mark.parametrize("at", [30, 88], ids=["in the first segment", "in the last second"])
def test_a_video_is_left_out_until_the_disk_is_healthy(at: int, disk: Break, reader: ClipReader, request_: Request, tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    disk(at)
    length, reason = features(reader, cache, request_)
    assert length == 0
    assert reason.startswith("the disk failed while it was read (")
    assert reason.endswith("this is not remembered, and the next run tries again")
    disk(None)
    assert features(reader, cache, request_) == (int(SECONDS * FPS), "")


def test_a_failure_that_passes_is_read_over(disk: Break, reader: ClipReader, request_: Request, tmp_path: Path) -> None:
    disk(30, times=10)
    assert features(reader, Cache(tmp_path), request_) == (int(SECONDS * FPS), "")


def test_content_that_libav_takes_for_a_failure_is_damage_like_any_other(
    disk: Break, reader: ClipReader, request_: Request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk(88)
    monkeypatch.setattr(clip_reader, "disk_fails", lambda _: False)
    length, reason = features(reader, Cache(tmp_path), request_)
    assert (reason, int(SECONDS * FPS * 0.95) < length < int(SECONDS * FPS)) == ("", True)


def test_the_check_before_online_training_forgets_it_too(disk: Break, reader: ClipReader, request_: Request, tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    disk(30)
    ((reason,), _) = [found.values() if isinstance(found, dict) else found for found in online.check_readable([request_], reader, cache)]
    assert "could be read" in reason
    disk(None)
    assert [*online.check_readable([request_], reader, cache)[0].values()] == [""]


def test_a_look_at_a_file_forgets_it_too(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import av

    def fails(*_: Any, **__: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    cache = Cache(tmp_path)
    with monkeypatch.context() as failing:
        failing.setattr(av, "open", fails)
        assert "Input/output error" in look(path, cache).probe.error
    assert look(path, cache).probe.error == ""
    assert look(path, cache).remembered


def test_a_place_that_could_not_be_looked_at_is_looked_at_again(disk: Break, tmp_path: Path) -> None:
    dark = write(tmp_path / "dark.mp4", (picture // 64 for picture in walk(20, fps=RATE)), fps=RATE)
    row = VideoRow("night", dark, "S1", "contextual", "", 0.0, None)
    blanks = Blanks({"night": digest_of_file(dark)}, Cache(tmp_path / "cache"))
    disk(2)
    assert blanks(row, 5.0, 10.0) is False
    disk(None)
    assert blanks(row, 5.0, 10.0) is True
