"""The set on disk: H.264 files, videos.csv, and the truth beside them (boxes.csv, truth.csv). All of it, or nothing."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import filelock
import numpy as np
from numpy.typing import NDArray

from vsslfw.atomic import read_json, write_json, write_text
from vsslfw.data.synthetic.body import LEFT, RIGHT, Pose
from vsslfw.data.synthetic.daily import daily_life
from vsslfw.data.synthetic.looks import Light, Look
from vsslfw.data.synthetic.motion import Event, Motion
from vsslfw.data.synthetic.room import Picture
from vsslfw.data.synthetic.scene import Scene, Setting
from vsslfw.data.synthetic.seizures import seizure
from vsslfw.data.synthetic.stamp import Stamp
from vsslfw.data.synthetic.visits import VISITS, visit
from vsslfw.digest import digest_of
from vsslfw.errors import Problem, UserError
from vsslfw.seeds import Stream

log = logging.getLogger(__name__)

ENCODER = {"preset": "ultrafast", "crf": "28", "g": "50", "threads": "1", "x264-params": "threads=1:lookahead-threads=1"}
"""Of libx264. One thread: more of them would make the bytes depend on the machine."""
BOX_STEP_S = 0.2
VIDEO_COLUMNS = ("video_id", "path", "subject_id", "role", "label", "light", "blanket", "visit")
BOX_COLUMNS = ("video_id", "time_s", "x1", "y1", "x2", "y2")
TRUTH_COLUMNS = ("video_id", "event", "part", "start_s", "end_s")


@dataclass(frozen=True)
class Design:
    """What there is to make; durations in seconds, ``size`` (H, W)."""

    subjects: int
    seed: int
    level: str
    """One of `LEVELS`: what tells the classes apart."""
    seizures_per_subject: int
    seizure_s: tuple[float, float]
    contextual_per_subject: int
    contextual_s: float
    fps: float
    size: tuple[int, int]

    def key(self, version: int) -> str:
        """Names the folder of the set: another design, or another ``version`` of this code, is another set."""
        return digest_of({**asdict(self), "version": version})[:16]


@dataclass(frozen=True)
class _Video:
    video_id: str
    subject_id: str
    label: str
    setting: Setting
    blanket: str
    visit: str
    motion: Motion
    stream: Stream

    def row(self) -> tuple[str, ...]:
        role, light = ("labelled" if self.label else "contextual"), ("night" if self.setting.light.night else "day")
        return self.video_id, f"videos/{self.video_id}.mp4", self.subject_id, role, self.label, light, self.blanket, self.visit


def write_set(folder: Path, design: Design, version: int, told: Callable[[int, int], None] | None = None) -> Path:
    """The path of videos.csv in ``folder/<key>``, which is made if it is not there: see `write_into`."""
    return write_into(folder / design.key(version), design, version, told)


def write_into(target: Path, design: Design, version: int, told: Callable[[int, int], None] | None = None) -> Path:
    """The path of videos.csv in ``target``, which is made if it is not there. A half-written set is never used.

    ``told`` is called with the number of finished videos and of all of them. UserError if ``target`` holds anything else than this
    very set, which is left as it is, and if it cannot be written.
    """
    if not _there(target):
        _require_place(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = target.parent / f".{target.name}.lock"
        with filelock.FileLock(lock):
            if not _there(target):
                _write_at_once(target, design, version, told or (lambda done, of: None))
            with contextlib.suppress(OSError):
                lock.unlink()  # whoever waited for it, or makes it anew, finds the set whole
    _check_same(target, design, version)
    return target / "videos.csv"


def _there(target: Path) -> bool:
    return os.path.isdir(target) and any(target.iterdir())  # which, unlike Path's, is False where one may not look


def _write_at_once(target: Path, design: Design, version: int, told: Callable[[int, int], None]) -> None:
    staging = target.parent / f".{target.name}.part"
    shutil.rmtree(staging, ignore_errors=True)
    try:
        _write(staging, design, version, told)
        os.replace(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _require_place(target: Path) -> None:
    """UserError, before anything is made, where a folder ``target`` cannot be."""
    folder = next(parent for parent in target.absolute().parents if os.path.exists(parent))
    if os.path.exists(target) and not os.path.isdir(target):
        raise UserError(Problem("is a file, and a folder is to be written", str(target), "Choose another name"))
    if not folder.is_dir():
        raise UserError(Problem(f"cannot be written: {folder.name} is a file, not a folder", str(target), "Choose another place"))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(Problem(f"cannot be written: the folder {folder} may not be written to", str(target), "Choose another place"))


def _check_same(target: Path, design: Design, version: int) -> None:
    known = target / "design.json"
    if not known.is_file():
        hint = "Choose a new folder, or an empty one"
        raise UserError(Problem("is not empty, and what it holds is not a set of made video", str(target), hint))
    if read_json(known) != _described(design, version):
        hint = "Choose a new folder; the design of this one stands in its design.json"
        raise UserError(Problem("holds a set of another design", str(target), hint))


def _described(design: Design, version: int) -> dict[str, Any]:
    described: dict[str, Any] = json.loads(json.dumps({**asdict(design), "version": version}))
    return described


def _write(folder: Path, design: Design, version: int, told: Callable[[int, int], None]) -> None:
    (folder / "videos").mkdir(parents=True)
    videos, boxes, truth = [], [], []
    count = design.subjects * (design.seizures_per_subject + design.contextual_per_subject)
    for number, video in enumerate(_videos(design), start=1):
        log.info("synthetic EMU: video %d of %d", number, count)
        told(number - 1, count)
        scene = Scene(video.setting, video.motion, video.stream / "noise")
        encode(folder / "videos" / f"{video.video_id}.mp4", scene.frames(), fps=design.fps, size=design.size)
        write_text(folder / "angles" / f"{video.video_id}.csv", angles_table(video.motion.pose, design.fps))
        videos.append(video.row())
        every, present = max(round(BOX_STEP_S * design.fps), 1), scene.present()
        for t, box in list(enumerate(scene.boxes()))[::every]:
            if present[t] < 0.5:
                continue
            boxes.append((video.video_id, f"{t / design.fps:.3f}", *(f"{value:.1f}" for value in box)))
        truth += [
            (video.video_id, event.name, event.part, f"{event.start_s:.3f}", f"{event.end_s:.3f}")
            for event in _in_order(video.motion.events)
        ]
    write_text(folder / "boxes.csv", _csv(BOX_COLUMNS, boxes))
    write_text(folder / "truth.csv", _csv(TRUTH_COLUMNS, truth))
    write_json(folder / "design.json", _described(design, version))
    write_text(folder / "videos.csv", _csv(VIDEO_COLUMNS, videos))
    told(count, count)


def _videos(design: Design) -> Iterator[_Video]:
    root = Stream(design.seed, "synthetic_emu")
    classes = np.array(["ES", "PNES"] * design.subjects)[: design.subjects]
    (root / "classes").generator().shuffle(classes)
    for number, label in enumerate(classes.tolist(), start=1):
        stream = root / "subject" / number
        look = Look.draw(stream / "look")
        for kind, videos in (("c", design.contextual_per_subject), ("s", design.seizures_per_subject)):
            yield from _videos_of_a_subject(design, stream, look, f"E{number:02d}", kind, label, videos)


def _videos_of_a_subject(design: Design, root: Stream, look: Look, subject: str, kind: str, label: str, count: int) -> Iterator[_Video]:
    """Light, blanket, lead-in, visits and duration are spread over each subject's videos, so that no class can have more of one."""
    stream = root / kind
    g = (stream / "nuisances").generator()
    lengths, lead_ins, lights, blankets, gains, visits = (_spread(count, g) for _ in range(6))
    for k in range(count):
        video = stream / k
        light = Light(bool(lights[k] < 0.5), look.brightness * (0.94 + 0.12 * gains[k]))
        blanket, start_y = [("off", None), ("hips", 0.95), ("chest", 0.62)][int(3 * blankets[k])]
        shortest, longest = design.seizure_s if kind == "s" else (design.contextual_s, design.contextual_s)
        seconds = shortest + (longest - shortest) * lengths[k]
        times = np.arange(round(seconds * design.fps)) / design.fps
        onset = float((0.08 + 0.12 * lead_ins[k]) * seconds)
        motion = daily_life(times, look, video) if kind == "c" else seizure(label, design.level, times, look, video, onset=onset)
        visitor = "as it comes"
        if kind == "s":
            drawn = (video / "visit").generator()
            visitor = VISITS[int(len(VISITS) * visits[k])]
            visit(motion, visitor, times, seconds * drawn.uniform(0.0, 0.6), seconds * drawn.uniform(0.8, 1.2), drawn)
        setting = Setting(look, light, start_y, Stamp.draw(root / "room", video / "stamp"), design.fps, design.size)
        yield _Video(f"{subject}-{kind}{k + 1}", subject, label if kind == "s" else "", setting, blanket, visitor, motion, video)


def _spread(count: int, g: np.random.Generator) -> NDArray[np.float64]:
    """(count,) numbers in [0, 1), one in each of ``count`` equal parts, in random order."""
    return np.asarray((g.permutation(count) + g.random(count)) / max(count, 1))


def encode(path: Path, frames: Iterable[Picture], *, fps: float, size: tuple[int, int]) -> None:
    """Write (H, W, 3) uint8 RGB frames as H.264 in MP4, yuv420p; the same frames give the same bytes."""
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001), options=ENCODER)
        stream.height, stream.width = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for frame in frames:
            planes = cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
        container.mux(stream.encode())


def angles_table(pose: Pose, fps: float) -> str:
    """CSV: ``time_s`` and every angle of the pose in radians (``arch`` and ``shift`` in metres), a row a frame."""
    columns, values = ["time_s"], [np.arange(len(pose.roll)) / fps]
    for name, angle in vars(pose).items():
        sides = [(name, angle)] if angle.ndim == 1 else [(f"{name}_left", angle[:, LEFT]), (f"{name}_right", angle[:, RIGHT])]
        for column, values_of_one in sides:
            columns.append(column)
            values.append(values_of_one)
    rows = [tuple(f"{value:.4f}" for value in row) for row in np.stack(values, axis=1).tolist()]
    return _csv(tuple(columns), rows)


def _in_order(events: list[Event]) -> list[Event]:
    return sorted(events, key=lambda event: (event.start_s, -event.end_s))


def _csv(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    return text.getvalue()
