"""The pictures of a video at given times, upright, cropped to the patient and resized, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from vsslfw.video.clock import Picture
from vsslfw.video.images import SCALER, Image, Images
from vsslfw.video.opening import UnreadableError, in_words
from vsslfw.video.player import Player

READER_VERSION = 3
"""Raised whenever the same file and times would give other pixels: part of the key of every feature."""
TOLERANCE_S = 1e-3
"""A picture counts as shown this much early: some containers round timestamps to milliseconds."""
FEW = 3
"""So many places of damage are named."""
GAP_S, GAP_STEPS = 1.0, 5
"""Nothing was recorded between pictures that are farther apart than a second and than five usual steps."""
TAIL_S = 1.0
"""The last picture stays until the declared end of the video if that is nearer than this; else for its own duration."""


def decoder_version() -> str:
    """Everything that decides which pixels come out: PyAV, libav, the scaler, OpenCV and our own reader."""
    names = ("libavformat", "libavcodec", "libavfilter", "libswscale")
    libraries = (f"{name} {'.'.join(map(str, av.library_versions[name]))}" for name in names)
    return f"pyav {av.__version__}; {'; '.join(libraries)} {SCALER}; cv2 {cv2.__version__}; vsslfw reader {READER_VERSION}"


def grid(start_s: float, end_s: float, fps: float) -> NDArray[np.float64]:
    """(N,) seconds: start_s + i / fps for each i that has its whole 1 / fps before end_s."""
    return start_s + np.arange(max(0, int((end_s - start_s) * fps + 1e-6)), dtype=np.float64) / fps


def frames_at(
    path: Path | Player, times: NDArray[np.float64], *, size: tuple[int, int] | None, boxes: NDArray[np.float64] | None = None
) -> FrameStream:
    """Pictures of a file at ``times`` (N,), seconds from the first picture, not decreasing. A player stays open, and is read on.

    ``size`` (H, W) is what they are resized to; none keeps the size of the (upright) picture. ``boxes`` (N, 4) are cut out
    first: x1, y1, x2, y2 in pixels of the upright picture; a row of NaN means the whole picture. ValueError on other shapes.
    """
    return FrameStream(path, times, size=size, boxes=boxes)


class FrameStream:
    """Iterating yields (i, image (H,W,3) uint8 RGB): the last picture shown at or before ``times[i]``. In constant memory; once.

    An image may be the same array as the one before it: do not write to it. A bad file raises nothing: an i whose picture
    is lost is skipped, afterwards ``delivered`` counts the images and ``error`` says what was wrong, or is empty.
    """

    def __init__(
        self, path: Path | Player, times: NDArray[np.float64], *, size: tuple[int, int] | None, boxes: NDArray[np.float64] | None
    ) -> None:
        self._player = path if isinstance(path, Player) else Player(Path(path))
        self._stays_open = isinstance(path, Player)
        self.times = np.asarray(times, dtype=np.float64)
        self.boxes = None if boxes is None else np.asarray(boxes, dtype=np.float64)
        if self.times.ndim != 1 or not np.all(np.diff(self.times, prepend=0.0) >= 0):
            raise ValueError("times must be one-dimensional, not negative and not decreasing")
        if self.boxes is not None and self.boxes.shape != (len(self.times), 4):
            raise ValueError(f"boxes must be ({len(self.times)}, 4), one for each time, not {self.boxes.shape}")
        self.size = size
        self.delivered = 0
        self.error = ""
        self._images = Images(size)
        self._lost: list[str] = []
        self._places = 0
        self._last_lost: Picture | None = None

    def __len__(self) -> int:
        return len(self.times)

    @property
    def passing(self) -> bool:
        """Whether the disk failed, not the content, so far: another time more of it may be read."""
        return self._player.cut_off

    def __iter__(self) -> Iterator[tuple[int, Image]]:
        if self.delivered or self.error or not len(self.times):
            return
        try:
            for i, frame in self._shown():
                box = None if self.boxes is None else self.boxes[i]
                try:
                    image = self._images.of(frame, box)
                except (av.FFmpegError, ValueError) as error:
                    self.error = f"picture {i} cannot be converted to RGB: {in_words(error)}"
                    return
                self.delivered += 1
                yield i, image
        except UnreadableError as error:
            self.error = str(error)
        except av.FFmpegError as error:
            self.error = f"its pictures cannot be filtered: {in_words(error)}"
        finally:
            if not self._stays_open:
                self._player.close()

    def _shown(self) -> Iterator[tuple[int, VideoFrame]]:
        """Each i with its picture, as far as the file goes; without those that are lost."""
        times, count = self.times, len(self.times)
        i, last = 0, None
        for picture in self._with_gaps(self._player.pictures(float(times[0]))):
            while last is not None and i < count and times[i] + TOLERANCE_S < picture.time_s:
                if last.frame is not None:
                    yield i, last.frame
                else:
                    self._lose(last)
                i += 1
            last = picture
            if i == count:
                break
        if last is None:
            self.error = "no picture of it decodes, although the header describes a video"
            return
        end = self._end(last)
        while last.frame is not None and i < count and times[i] + TOLERANCE_S < end:
            yield i, last.frame
            i += 1
        if i == count:
            return
        if last.frame is None:
            self._lose(last)
        else:
            cut = f"the video ends at {end:.2f} s: {count - i} of {count} frames lie behind its end"
            self.error = f"{self.error}; {cut}" if self.error else cut

    def _with_gaps(self, pictures: Iterator[Picture]) -> Iterator[Picture]:
        """The pictures, and a lost one a usual step after the last picture before a gap: it is not held until the recording goes on."""
        last: Picture | None = None
        for picture in pictures:
            usual = self._player.usual_step_s
            if last and last.frame and picture.time_s - last.time_s > max(GAP_S, GAP_STEPS * usual):
                since = last.time_s + usual
                yield Picture(since, 0.0, None, f"no picture was recorded from {since:.2f} to {picture.time_s:.2f} s")
            yield picture
            last = picture

    def _end(self, last: Picture) -> float:
        """Seconds at which the last picture stops being shown."""
        own = last.time_s + last.duration_s
        declared = self._player.declared_duration_s
        return max(own, declared) if declared - last.time_s <= TAIL_S else own

    def _lose(self, picture: Picture) -> None:
        """Say why frames are missing: the first places, and how many more there are."""
        if picture is self._last_lost:
            return
        self._last_lost = picture
        self._places += 1
        if self._places <= FEW:
            self._lost.append(picture.lost)
        more = self._places - FEW
        self.error = "; ".join([*self._lost, f"and at {more} more place{'s' if more > 1 else ''}"] if more > 0 else self._lost)
