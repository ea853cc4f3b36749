"""Clips: which stretches of which videos are read. Seeded, spread over time, and never inside a labelled seizure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vsslfw.data.manifest import VideoRow
from vsslfw.seeds import Stream
from vsslfw.video import grid

Span = tuple[float, float]
"""(start, end) in seconds from the first picture of a file."""
Blank = Callable[[VideoRow, float, float], bool]
"""(row, start in seconds, seconds) -> whether nothing is to be seen there."""


TRIES = 4
"""So often a place in a stratum is drawn, until one is not blank."""


@dataclass(frozen=True)
class Clip:
    """``frames`` frames at ``fps`` frames per second from ``start_s`` seconds after the first picture of a video."""

    video_id: str
    subject_id: str
    start_s: float
    frames: int
    fps: float

    @property
    def times(self) -> NDArray[np.float64]:
        """(frames,) seconds from the first picture of the file."""
        return self.start_s + np.arange(self.frames, dtype=np.float64) / self.fps

    @property
    def end_s(self) -> float:
        """Where the last frame ends."""
        return self.start_s + self.frames / self.fps


def whole_clip(row: VideoRow, duration: float, fps: float) -> Clip:
    """The row's stretch of a file of ``duration`` seconds as one clip; it has one frame where it is shorter than one."""
    start, end = _stretch(row, duration)
    return Clip(row.video_id, row.subject_id, start, max(_length(start, end, fps), int(end > start)), fps)


def tile_clips(row: VideoRow, duration: float, *, clip_s: float, fps: float) -> list[Clip]:
    """The row's stretch cut in consecutive clips of ``clip_s``; a shorter last one is kept if it has at least 2 frames."""
    whole, frames = whole_clip(row, duration, fps), _length(0.0, clip_s, fps)
    cuts = [(first, min(frames, whole.frames - first)) for first in range(0, whole.frames, frames)]
    return [Clip(row.video_id, row.subject_id, whole.start_s + first / fps, length, fps) for first, length in cuts if length >= 2]


def contextual_clips(
    rows: Sequence[tuple[VideoRow, float]],
    seizures: Sequence[VideoRow],
    *,
    clip_s: float,
    clips: int | None,
    fps: float,
    stream: Stream,
    blank: Blank | None = None,
) -> tuple[list[Clip], int]:
    """Draw clips of ``clip_s`` seconds from contextual (row, duration in seconds) pairs (paper, section 4: 13k clips of 10 s).

    At most ``clips`` in all, shared in proportion to what fits into each recording; none means as many as fit. Each
    admissible stretch of a recording is split into equal strata and one clip drawn in each, so that clips never overlap
    each other, nor a stretch of the same file that is labelled (``seizures``). A recording shorter than a clip gives one short clip of at
    least 2 frames. Where ``blank`` says that nothing is to be seen, another place of the stratum is drawn, `TRIES` times in all.
    Returns the clips, sorted by video and time, and how many strata have none for being blank; what is drawn does not
    depend on the order of ``rows``.
    """
    free = _admissible(rows, seizures)
    fits = {row.video_id: _fitting(free[row.video_id], clip_s, fps) for row, _ in rows}
    shares = _shares(fits, sum(fits.values()) if clips is None else clips, stream)
    drawn, empty = [], 0
    for row, _ in sorted(rows, key=lambda pair: pair[0].video_id):
        generator = (stream / row.video_id).generator()
        strata = [*_draw(free[row.video_id], shares[row.video_id], clip_s, generator)]
        spans: dict[int, Span] = {}
        for _ in range(TRIES):
            # All strata in the order of time, and only then those that were blank once more: a file may only read on.
            for number, places in enumerate(strata):
                span = None if number in spans else next(places, None)
                if span is not None and not (blank and blank(row, span[0], span[1] - span[0])):
                    spans[number] = span
        empty += len(strata) - len(spans)
        drawn += [Clip(row.video_id, row.subject_id, span[0], _length(*span, fps), fps) for _, span in sorted(spans.items())]
    return drawn, empty


def _admissible(rows: Sequence[tuple[VideoRow, float]], seizures: Sequence[VideoRow]) -> dict[str, list[Span]]:
    """Video id -> the stretches that clips may be drawn from. Rows that share a stretch of a file: the first has it."""
    taken: dict[Path, list[Span]] = {}
    for seizure in seizures:
        taken.setdefault(seizure.path.resolve(), []).append((seizure.start_s, math.inf if seizure.end_s is None else seizure.end_s))
    free = {}
    for row, duration in sorted(rows, key=lambda pair: pair[0].video_id):
        others = taken.setdefault(row.path.resolve(), [])
        stretch = _stretch(row, duration)
        free[row.video_id] = _without(stretch, others)
        others.append(stretch)
    return free


def _without(span: Span, others: Sequence[Span]) -> list[Span]:
    """What is left of a span when others are taken out."""
    left, (start, end) = [], span
    for other_start, other_end in sorted(others):
        if start < min(other_start, end):
            left.append((start, min(other_start, end)))
        start = max(start, other_end)
    return [*left, (start, end)] if start < end else left


def _fitting(spans: Sequence[Span], clip_s: float, fps: float) -> int:
    """How many clips fit; 1 if none does but there is time for a short one."""
    longest = max((_length(*span, fps) for span in spans), default=0)
    return sum(_whole_clips(span, clip_s) for span in spans) or int(longest >= 2)


def _whole_clips(span: Span, clip_s: float) -> int:
    return int((span[1] - span[0]) / clip_s + 1e-9)


def _shares(fits: Mapping[str, int], clips: int, stream: Stream) -> dict[str, int]:
    """``clips`` shared in proportion to ``fits``, never more than fit: largest remainders, ties by lot."""
    total = sum(fits.values())
    if clips >= total:
        return dict(fits)
    quota = {name: clips * fit / total for name, fit in fits.items()}
    shares = {name: int(share) for name, share in quota.items()}
    lot = {name: (stream / "share" / name).seed() for name in fits}
    order = sorted(fits, key=lambda name: (shares[name] - quota[name], lot[name]))
    for name in order[: clips - sum(shares.values())]:
        shares[name] += 1
    return shares


def _draw(spans: Sequence[Span], count: int, clip_s: float, generator: np.random.Generator) -> Iterator[Iterator[Span]]:
    """``count`` times the places in one stratum where a clip of ``clip_s`` may be; the longest stretch if no clip fits whole."""
    capacity = {i: whole for i, span in enumerate(spans) if (whole := _whole_clips(span, clip_s))}
    if not count or not spans:
        return
    if not capacity:
        yield iter([max(spans, key=lambda span: span[1] - span[0])])
        return
    # Places evenly apart among all that fit decide how many clips each stretch gets.
    ends = np.cumsum(list(capacity.values()))
    places = (np.arange(count) + generator.random()) * ends[-1] / count
    counts = np.bincount(np.searchsorted(ends, places, side="right").clip(max=len(ends) - 1), minlength=len(ends))
    for (i, fitting), drawn in zip(capacity.items(), counts, strict=True):
        (start, end), number = spans[i], min(int(drawn), fitting)
        stratum = (end - start) / max(number, 1)
        for k in range(number):
            yield _places(start + k * stratum, max(stratum - clip_s, 0.0), clip_s, generator)


def _places(start: float, room: float, clip_s: float, generator: np.random.Generator) -> Iterator[Span]:
    for _ in range(TRIES if room > 0 else 1):
        place = start + generator.random() * room
        yield place, place + clip_s


def _stretch(row: VideoRow, duration: float) -> Span:
    end = duration if row.end_s is None else min(row.end_s, duration)
    return min(row.start_s, end), end


def _length(start: float, end: float, fps: float) -> int:
    return len(grid(start, end, fps))
