"""A video -> the patient's boxes in it: every n-th frame is looked at, one candidate is chosen in each, and they are smoothed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vsslfw.detection.candidates import Candidates, candidates
from vsslfw.detection.choose import Rule, choose
from vsslfw.detection.labels import Labels
from vsslfw.detection.model import PatientSSD
from vsslfw.detection.track import smoothed
from vsslfw.video import Probe, frames_at

AT_ONCE = 256
"""Pictures in memory."""


@dataclass(frozen=True)
class Watching:
    """How a video is looked at: a picture every ``every_s`` seconds, the ``rule`` of choice, boxes smoothed over ``smooth_s`` seconds."""

    every_s: float = 0.5
    smooth_s: float = 0.3
    rule: Rule = field(default_factory=Rule)


def find_patient(
    model: PatientSSD, path: Path, probed: Probe, watching: Watching, *, start_s: float = 0.0, end_s: float | None = None
) -> Labels:
    """The boxes in a file from ``start_s`` to ``end_s``, in pixels of its upright picture, at times from its first picture.

    Where a picture is lost, or the file ends early, there is no time either; none at all is possible.
    """
    stop = min(end_s if end_s is not None else np.inf, probed.duration_s or 0.0)
    times = np.arange(start_s, max(stop, start_s + 1e-6), watching.every_s)
    found: list[Candidates] = []
    read: list[int] = []
    for at, images in _in_parts(path, times, model.architecture.size):
        found += candidates(model, images, probed.size)
        read += at
    boxes, scores = choose(found, watching.rule)
    return smoothed(Labels(times[read], boxes, scores), watching.smooth_s)


def _in_parts(path: Path, times: NDArray[np.float64], size: tuple[int, int]) -> Iterator[tuple[list[int], NDArray[np.uint8]]]:
    """Indices of times, and their (n,H,W,3) pictures; without those that are lost."""
    stream = iter(frames_at(path, times, size=size))
    while part := list(islice(stream, AT_ONCE)):
        yield [i for i, _ in part], np.stack([image for _, image in part])
