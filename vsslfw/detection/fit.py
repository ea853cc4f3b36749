"""Whether boxes fit the manifest and the videos that they are said to be of; every answer names its row of the file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import numpy as np

from vsslfw.detection.labels import CORNERS, Labels
from vsslfw.errors import Problem, did_you_mean

NO_FIT, MISPLACED = "The boxes do not fit the manifest:", "The boxes do not fit the videos:"
"""Titles of what `strangers` and `misplaced` find."""
BEYOND = 0.5
"""A box may reach so far out of the picture, as a share of its width or height: people draw past an edge, but not by more."""
LATE_S = 1.0
"""So much later than the declared end of its file a row may be: declared durations are rounded."""
PIXELS = "boxes are in pixels of the upright picture as it is in the file"
SECONDS = "time_s is in seconds from the first picture of the file, not in milliseconds or numbers of frames"


def strangers(labels: Mapping[str, Labels], video_ids: Collection[str]) -> list[Problem]:
    """One problem, with the nearest id, for each video of the boxes that the manifest lacks."""
    known = set(video_ids)
    return [
        Problem(f'there is no video "{name}" in the manifest', one.file or "boxes", did_you_mean(name, known))
        for name, one in labels.items()
        if name not in known
    ]


def misplaced(labels: Labels, video_id: str, size: tuple[int, int], duration_s: float | None = None) -> list[Problem]:
    """One problem for each box that lies outside a picture of ``size`` (H, W) or far beyond it, and for each row behind the file's end."""
    return [*_out_of_picture(labels, video_id, size), *(_late(labels, video_id, duration_s) if duration_s else ())]


def _out_of_picture(labels: Labels, video_id: str, size: tuple[int, int]) -> Iterator[Problem]:
    height, width = size
    far, edge = BEYOND * np.array([width, height]), np.array([width, height])
    first, last = labels.boxes[:, :2], labels.boxes[:, 2:]
    outside = np.any((first >= edge) | (last <= 0), axis=1)
    wrong = np.concatenate([(first >= edge) | (first < -far), (last <= 0) | (last > edge + far)], axis=1)
    for at in np.flatnonzero(wrong.any(axis=1)):
        corners = ", ".join(f"{value:g}" for value in labels.boxes[at])
        how = "lies outside" if outside[at] else "reaches far beyond"
        what = f'the box of "{video_id}" at {labels.times[at]:g} s ({corners}) {how} the picture of {width} x {height} pixels'
        yield Problem(what, labels.place(int(at), CORNERS[int(wrong[at].argmax())]), PIXELS)


def _late(labels: Labels, video_id: str, duration_s: float) -> Iterator[Problem]:
    for at in np.flatnonzero(labels.times > duration_s + LATE_S):
        what = f'{labels.times[at]:g} s lies behind the end of "{video_id}" ({duration_s:.2f} s)'
        yield Problem(what, labels.place(int(at), "time_s"), SECONDS)
