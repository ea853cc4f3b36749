"""What a file is, without decoding more of it than one picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import av

from vsslfw.video.opening import UnreadableError, in_words, passes
from vsslfw.video.orientation import quarter_turns
from vsslfw.video.source import Source


@dataclass(frozen=True)
class Probe:
    """A video file as its header and first picture describe it; ``error`` says in words why it cannot be read, or is empty."""

    duration_s: float | None = None
    """Seconds from the first picture to the end of the last, as declared; measured by reading the packets where nothing is
    declared; none if they do not say either."""
    size: tuple[int, int] = (0, 0)
    """(H, W) of the upright picture."""
    rate: float | None = None
    """Average frames per second, if declared."""
    rotation: int = 0
    """Degrees by which pictures are turned counterclockwise to stand upright: 0, 90, 180 or 270."""
    codec: str = ""
    container: str = ""
    frames: int | None = None
    """Declared number of frames, which may be wrong."""
    start_s: float = 0.0
    """Presentation time of the first picture in the file's own clock; everywhere else times count from that picture."""
    error: str = ""
    passing: bool = False
    """Whether it may be the disk that failed, not the content: the next look may find a video."""


def probe(path: Path) -> Probe:
    """Describe a file; readable means that it opens, has a video stream, and its first picture decodes. Never raises on a bad file."""
    try:
        with Source(path) as source:
            return _describe(source)
    except UnreadableError as error:
        return Probe(error=str(error), passing=error.passing)
    except (av.FFmpegError, OSError, ValueError, RuntimeError) as error:
        return Probe(error=f"no picture of it decodes ({in_words(error)})", passing=passes(error))


def _describe(source: Source) -> Probe:
    stream = source.stream
    first = next((picture.frame for picture in source.pictures()), None)
    if first is None:
        raise UnreadableError("no picture of it decodes, although the header describes a video")
    turns = quarter_turns(first)
    size = (first.height, first.width) if turns % 2 == 0 else (first.width, first.height)
    described = Probe(
        duration_s=source.declared_duration_s,
        size=size,
        rate=float(stream.average_rate) if stream.average_rate else None,
        rotation=turns * 90,
        codec=stream.codec_context.name,
        container=source.container.format.name,
        frames=source.declared_frames,
        start_s=float(first.pts * stream.time_base) if first.pts is not None and stream.time_base else 0.0,
    )
    if described.duration_s is not None:
        return described
    with Source(source.path) as again:
        return replace(described, duration_s=again.last_packet_end_s() or None)
