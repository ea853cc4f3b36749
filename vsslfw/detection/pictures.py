"""The labelled pictures of a manifest, decoded once, at the size the detector sees them: what training and testing work on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vsslfw.data.manifest import VideoRow
from vsslfw.data.table import summarise
from vsslfw.detection.fit import misplaced
from vsslfw.detection.geometry import Boxes
from vsslfw.detection.labels import Labels
from vsslfw.errors import Problem, UserError
from vsslfw.video import frames_at, probe


@dataclass(frozen=True)
class Pictures:
    """(n,H,W,3) uint8 ``images`` and the patient's boxes (n,4) in their pixels, NaN where nobody is there.

    ``subjects`` and ``videos`` (n,): whose they are, and of which video.
    """

    images: NDArray[np.uint8]
    boxes: Boxes
    subjects: NDArray[np.str_]
    videos: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.images)

    def of(self, subjects: Iterable[str]) -> Pictures:
        """Those of these subjects."""
        chosen = np.isin(self.subjects, list(subjects))
        return Pictures(self.images[chosen], self.boxes[chosen], self.subjects[chosen], self.videos[chosen])


def read_pictures(
    rows: Sequence[VideoRow],
    labels: Mapping[str, Labels],
    size: tuple[int, int],
    *,
    of_each: int,
    told: Callable[[int, int], None] = lambda done, of: None,
) -> Pictures:
    """At most ``of_each`` labelled pictures of each row's video, evenly over its labels, resized to ``size`` (H, W).

    ``told`` hears (videos done, of how many). UserError names every video that cannot be read, every box outside its picture, and
    every row behind the end of its file.
    """
    images, boxes, subjects, videos = [], [], [], []
    problems: list[Problem] = []
    wanted = [row for row in rows if row.video_id in labels]
    for done, row in enumerate(wanted):
        told(done, len(wanted))
        found = labels[row.video_id]
        described = probe(row.path)
        if not described.error and (wrong := misplaced(found, row.video_id, described.size, described.duration_s)):
            problems += wrong
            continue
        chosen = _chosen(found.times, row, of_each)
        if not len(chosen):
            continue
        stream = frames_at(row.path, found.times[chosen], size=size)
        read = list(stream) if not described.error else []
        if not read:
            problems.append(Problem(described.error or stream.error, row.video_id, "leave the video out of the boxes, or mend the file"))
            continue
        height, width = described.size
        scale = np.array([size[1] / width, size[0] / height] * 2)
        of_video = found.boxes[chosen[[i for i, _ in read]]]
        images += [image for _, image in read]
        boxes.append(of_video.clip(0, [width, height, width, height]) * scale)
        subjects += [row.subject_id] * len(read)
        videos += [row.video_id] * len(read)
    told(len(wanted), len(wanted))
    if problems:
        raise UserError(*summarise(problems), title="Boxes or videos cannot be used:")
    if not images:
        raise UserError(Problem("none of the boxes belongs to a video of the manifest", hint="video_id of both files must agree"))
    return Pictures(np.stack(images), np.concatenate(boxes), np.array(subjects), np.array(videos))


def _chosen(times: NDArray[np.float64], row: VideoRow, most: int) -> NDArray[np.intp]:
    """Indices of at most ``most`` times within the row's stretch, evenly spread."""
    inside = np.flatnonzero((times >= row.start_s) & (times < (np.inf if row.end_s is None else row.end_s)))
    if len(inside) <= most:
        return inside
    return np.asarray(inside[np.linspace(0, len(inside) - 1, most).round().astype(int)])
