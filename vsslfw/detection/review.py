"""A page of small pictures with the boxes drawn on them, the videos that most need a look first. It shows patients."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from numpy.typing import NDArray

from vsslfw.atomic import write_text
from vsslfw.data.manifest import Manifest, VideoRow
from vsslfw.data.table import summarise
from vsslfw.detection.fit import MISPLACED, NO_FIT, misplaced, strangers
from vsslfw.detection.geometry import iou
from vsslfw.detection.labels import Labels
from vsslfw.errors import Problem, UserError
from vsslfw.video import Probe, frames_at, probe

TILES = 6
"""Pictures of a video: the worst moments, and evenly spread ones."""
WIDTH = 240
TITLE = b"<title>Patient boxes</title>"
QUALITY = 70
SHOWN, NOBODY = (60, 220, 80), (235, 70, 60)


@dataclass(frozen=True)
class Verdict:
    """How much a video needs a look: ``worry`` from 0 on, and why in words."""

    worry: float
    missing: float
    """Share of the times without a box."""
    lowest: float | None
    """The lowest score; none if nobody gives scores."""
    jump: float
    """1 - the smallest overlap of two boxes that follow each other."""


@dataclass(frozen=True)
class Tile:
    """One picture as a data URI, and what stands below it."""

    picture: str
    caption: str


@dataclass(frozen=True)
class Shown:
    """A video on the page; no verdict where there are no boxes to judge."""

    video_id: str
    verdict: Verdict | None
    tiles: list[Tile]
    note: str


def is_review(path: Path) -> bool:
    """Whether a file begins as such a page does."""
    try:
        with path.open("rb") as file:
            return TITLE in file.read(1024)
    except OSError:
        return False


def verdict(labels: Labels) -> Verdict:
    """Of the boxes of a video; without any row of boxes it is the worst there is."""
    found = labels.found
    if not len(found) or not found.any():
        return Verdict(3.0, 1.0, None, 0.0)
    boxes, scores = labels.boxes[found], labels.scores[found]
    lowest = None if np.isnan(scores).all() else float(np.nanmin(scores))
    jump = float(1 - iou(boxes[1:], boxes[:-1]).min()) if len(boxes) > 1 else 0.0
    missing = float(1 - found.mean())
    return Verdict(missing + (0.0 if lowest is None else 1 - lowest) + jump, missing, lowest, jump)


def write_review(
    out: Path, manifest: Manifest, labels: Mapping[str, Labels], *, most: int, told: Callable[[int, int], None] = lambda done, of: None
) -> int:
    """Write the page, mode 0600, without scripts, everything escaped; how many videos are on it. ``told`` hears (done, of how many).

    UserError for boxes of a video that the manifest lacks, or that do not fit the videos of the page.
    """
    if unknown := strangers(labels, [row.video_id for row in manifest.rows]):
        raise UserError(*summarise(unknown), title=NO_FIT)
    nothing = Labels(np.zeros(0), np.zeros((0, 4)), np.zeros(0))
    judged = [(verdict(labels.get(row.video_id, nothing)), row) for row in manifest.rows]
    worst = sorted(judged, key=lambda pair: (-pair[0].worry, pair[1].video_id))[:most]
    shown: list[Shown] = []
    wrong: list[Problem] = []
    for done, (found, row) in enumerate(worst):
        told(done, len(worst))
        probed, own = probe(row.path), labels.get(row.video_id, nothing)
        wrong += [] if probed.error else misplaced(own, row.video_id, probed.size, probed.duration_s)
        shown += [] if wrong else [_shown(row, probed, own, found)]
    told(len(worst), len(worst))
    if wrong:
        raise UserError(*summarise(wrong), title=MISPLACED)
    folder = str(resources.files("vsslfw.detection"))
    page = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    text = page.get_template("review.html").render(videos=shown, of=len(judged))
    write_text(out, text.encode("utf-8", "backslashreplace").decode("utf-8"), private=True)
    return len(shown)


def _shown(row: VideoRow, probed: Probe, labels: Labels, found: Verdict) -> Shown:
    if probed.error:
        return Shown(row.video_id, found if len(labels.times) else None, [], probed.error)
    note = "" if len(labels.times) else "there are no boxes of this video: it would be seen whole"
    times = labels.times if len(labels.times) else np.array([row.start_s])
    chosen = _worst_moments(labels) if len(labels.times) else np.array([0])
    size = (max(round(WIDTH * probed.size[0] / probed.size[1]), 1), WIDTH)
    stream = frames_at(row.path, times[chosen], size=size)
    tiles = [_tile(image, labels, int(chosen[i]), float(times[chosen[i]]), WIDTH / probed.size[1]) for i, image in stream]
    return Shown(row.video_id, found if len(labels.times) else None, tiles, note or stream.error)


def _worst_moments(labels: Labels) -> NDArray[np.intp]:
    """Indices of at most `TILES` times, in order: half of them the worst by score and jump, the others evenly spread."""
    boxes = labels.boxes
    jumps = np.concatenate([[0.0], 1 - iou(boxes[1:], boxes[:-1])])
    worry = np.where(labels.found, 1 - np.nan_to_num(labels.scores, nan=1.0), 1.0) + jumps
    even = np.linspace(0, len(boxes) - 1, TILES).round().astype(int)
    wanted = [*np.argsort(-worry, kind="stable")[: TILES // 2].tolist(), *even.tolist()]
    return np.array(sorted(list(dict.fromkeys(wanted))[:TILES]), dtype=np.intp)


def _tile(image: NDArray[np.uint8], labels: Labels, at: int, time: float, scale: float) -> Tile:
    picture = np.ascontiguousarray(image[..., ::-1])
    caption = f"{time:.1f} s"
    if at < len(labels.times) and labels.found[at]:
        x1, y1, x2, y2 = (int(value) for value in (labels.boxes[at] * scale).round())
        cv2.rectangle(picture, (x1, y1), (x2, y2), SHOWN[::-1], 2)
        caption += "" if np.isnan(labels.scores[at]) else f", score {labels.scores[at]:.2f}"
    else:
        cv2.rectangle(picture, (1, 1), (picture.shape[1] - 2, picture.shape[0] - 2), NOBODY[::-1], 2)
        caption += ", nobody found"
    _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return Tile(f"data:image/jpeg;base64,{base64.b64encode(encoded.tobytes()).decode()}", caption)
