"""One file -> its facts: its header, its packets, and its pictures, all of them or some. A bad file raises nothing."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
from av.video.frame import VideoFrame

from vsslfw.scan.facts import Facts, Timing
from vsslfw.scan.packets import timing
from vsslfw.scan.pictures import Album
from vsslfw.video.opening import UnreadableError, in_words, passes
from vsslfw.video.orientation import quarter_turns
from vsslfw.video.source import INDEX_NOT_TRUSTED, Source

SCAN_VERSION = 6
"""Raised whenever the same file would give other facts."""
WHOLE_S = 64.0
"""Shorter files are always decoded whole: that takes no longer than a look here and there."""
LOOKS = (16, 32)
"""From so many looks to fewer than so many, evenly spaced."""
FINEST_S = 1 / 16
MOST_DECODED = 1500
"""Pictures from a key frame to the wanted one; where key frames are further apart, the whole file is decoded."""
SEEK_MARGINS_S = (0.0, 1.0, 10.0)
"""How long before the wanted picture to look for a key frame: some containers land behind it at first."""
BROKEN = (av.FFmpegError, OSError, ValueError, RuntimeError)
"""What libav and the system raise on a file that is damaged."""

Tick = Callable[[float], None]
"""Called with the share of the file that is done, from 0 to 1."""


def examine(path: Path, *, full: bool, tick: Tick = lambda share: None) -> Facts:
    """What the content of a file is. ``full`` decodes all of it, however long it is. Never raises on a bad file."""
    facts = Facts()
    try:
        with Source(path) as source:
            facts = _header(source)
        with Source(path) as source:
            found = timing(source)
            facts = replace(facts, timing=found, passing=found.passing)
        with Source(path) as source:
            facts = _first_picture(source, facts)
        if not full and facts.duration_s > WHOLE_S and _can_be_sought(facts):
            with contextlib.suppress(_OutOfReachError):
                return _here_and_there(path, facts, tick)
        return _whole(path, facts, tick)
    except UnreadableError as error:
        return replace(facts, error=str(error), passing=facts.passing or error.passing)
    except BROKEN as error:
        return replace(facts, error=f"its pictures cannot be read ({in_words(error)})", passing=facts.passing or passes(error))


def look_times(duration_s: float) -> tuple[list[float], float]:
    """(N,) seconds, ``step`` apart, and the step: a power of two, so that files of about the same length share their times."""
    step = max(FINEST_S, 2.0 ** math.floor(math.log2(duration_s / LOOKS[0]))) if duration_s > 0 else FINEST_S
    return [i * step for i in range(max(1, math.ceil(duration_s / step - 1e-6)))], step


def _can_be_sought(facts: Facts) -> bool:
    """Whether the picture that a seek finds is the one of that time."""
    return bool(facts.timing.rate) and not facts.timing.restarts and facts.container not in INDEX_NOT_TRUSTED


def _header(source: Source) -> Facts:
    stream, context = source.stream, source.stream.codec_context
    rate = stream.average_rate or stream.guessed_rate
    return Facts(
        container=source.container.format.name,
        codec=context.name,
        pixel_format=context.pix_fmt or "",
        nominal_rate=round(float(rate), 4) if rate else None,
        declared_frames=source.declared_frames,
        declared_s=source.declared_duration_s,
        video_streams=len(source.container.streams.video),
        audio=bool(source.container.streams.audio),
    )


def _first_picture(source: Source, facts: Facts) -> Facts:
    """Shape, range and interlacing, as the first picture that decodes has them."""
    frame = _first(source)
    if frame is None:
        raise UnreadableError(_nothing(facts.timing))
    upright = quarter_turns(frame) % 2 == 0
    height, width = (frame.height, frame.width) if upright else (frame.width, frame.height)
    ranges = {1: "limited", 2: "full"}
    return replace(
        facts,
        height=height,
        width=width,
        rotation=quarter_turns(frame) * 90,
        interlaced=bool(frame.interlaced_frame),
        colour_range=ranges.get(int(frame.color_range), ""),
    )


def _first(source: Source) -> VideoFrame | None:
    """As the decoder gives it: `Source.pictures` would have made it progressive."""
    packets = source.container.demux(source.stream)
    while True:
        try:
            packet = next(packets, None)
            if packet is None:
                return None
            for frame in source.stream.decode(packet):
                return frame
        except av.InvalidDataError:
            continue


def _whole(path: Path, facts: Facts, tick: Tick) -> Facts:
    album = Album(*look_times(facts.duration_s))
    decoded, places, end = 0, 0, 0.0
    damage: list[str] = []
    with Source(path) as source:
        for picture in source.pictures():
            if picture.frame is None:
                places += 1
                damage += [picture.lost] if len(damage) < 3 else []
                album.break_off(picture.time_s)
                continue
            decoded += 1
            album.push(picture.time_s, picture.frame)
            end = picture.time_s + picture.duration_s
            tick(min(1.0, end / facts.duration_s) if facts.duration_s else 0.0)
        facts = replace(facts, passing=facts.passing or source.decoder.cut_off)
    if not decoded:
        raise UnreadableError(_nothing(facts.timing), passing=facts.passing)
    album.finish(end)
    return replace(
        facts,
        whole=True,
        decoded_frames=decoded,
        damage=tuple(damage),
        damaged_places=places,
        looks=album.looks(),
        signature=album.signature(),
        strip=album.strip(),
    )


class _OutOfReachError(Exception):
    """Key frames are too far apart for a look."""


def _here_and_there(path: Path, facts: Facts, tick: Tick) -> Facts:
    """Raises `_OutOfReachError`."""
    times, step = look_times(facts.duration_s)
    album = Album(times, step)
    failed, passing = 0, facts.passing
    with Source(path) as source:
        origin = _stamp(_first(source))
        for time in times:
            frame, why = (None, None) if origin is None else _picture_at(source, origin, time)
            passing = passing or (frame is None and why is not None and passes(why))
            if frame is None:
                failed += 1
                album.break_off(time)
            else:
                album.push(time, frame)
            tick(time / facts.duration_s)
    facts = replace(facts, passing=passing)
    if failed == len(times):
        return replace(facts, looks=album.looks(failed))
    album.finish(facts.duration_s)
    return replace(facts, looks=album.looks(failed), signature=album.signature(), strip=album.strip())


def _picture_at(source: Source, origin: int, time: float) -> tuple[VideoFrame | None, BaseException | None]:
    """The last picture at or before ``time``, found by the key frame before it; none if it does not decode, and why if that is known."""
    base = float(source.stream.time_base or 0)
    wanted = origin + round(time / base)
    why: BaseException | None = None
    for margin in SEEK_MARGINS_S:
        try:
            source.container.seek(wanted - round(margin / base), backward=True, any_frame=False, stream=source.stream)
            found = _last_before(source, wanted)
        except BROKEN as error:
            why = error if why is None or not passes(why) else why
            continue
        if found is not None:
            return found, None
    return None, why


def _last_before(source: Source, wanted: int) -> VideoFrame | None:
    """From where the last seek landed; none if that is behind the wanted picture. Raises `_OutOfReachError`."""
    found = None
    for count, frame in enumerate(source.container.decode(source.stream)):
        stamp = _stamp(frame)
        if not isinstance(frame, VideoFrame) or stamp is None or stamp > wanted:
            break
        if count > MOST_DECODED:
            raise _OutOfReachError
        found = frame
    return found


def _stamp(frame: VideoFrame | None) -> int | None:
    return None if frame is None else frame.pts if frame.pts is not None else frame.dts


def _nothing(timing: Timing) -> str:
    many = f"; it has {timing.packets} packets" if timing.packets else ""
    return f"no picture of it decodes, although the header describes a video{many}"
