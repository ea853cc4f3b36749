"""The pictures of a video at given times, upright, cropped to the patient and resized, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from vsslfw.video.probe import quarter_turns
from vsslfw.video.source import Source, UnreadableError, in_words

Image = NDArray[np.uint8]

READER_VERSION = 1
"""Raised whenever the same file and times would give other pixels: part of the key of every feature."""
TOLERANCE_S = 1e-3
"""A picture counts as shown this much early: some containers round timestamps to milliseconds."""
TAIL_S = 1.0
"""The last picture stays until the declared end of the video if that is nearer than this; else for its own duration."""


def decoder_version() -> str:
    """Everything that decides which pixels come out: PyAV, libav, the scaler, OpenCV and our own reader."""
    libraries = (f"{name} {'.'.join(map(str, av.library_versions[name]))}" for name in ("libavformat", "libavcodec", "libswscale"))
    return f"pyav {av.__version__}; {'; '.join(libraries)} bilinear; cv2 {cv2.__version__}; vsslfw reader {READER_VERSION}"


def grid(start_s: float, end_s: float, fps: float) -> NDArray[np.float64]:
    """(N,) seconds: start_s + i / fps for each i that has its whole 1 / fps before end_s."""
    return start_s + np.arange(max(0, int((end_s - start_s) * fps + 1e-6)), dtype=np.float64) / fps


def frames_at(
    path: Path, times: NDArray[np.float64], *, size: tuple[int, int] | None, boxes: NDArray[np.float64] | None = None
) -> FrameStream:
    """Pictures of a file at ``times`` (N,), seconds from the first picture, not decreasing.

    ``size`` (H, W) is what they are resized to; none keeps the size of the (upright) picture. ``boxes`` (N, 4) are cut out
    first: x1, y1, x2, y2 in pixels of the upright picture; a row of NaN means the whole picture. ValueError on other shapes.
    """
    return FrameStream(path, times, size=size, boxes=boxes)


class FrameStream:
    """Iterating yields (i, image (H,W,3) uint8 RGB): the last picture shown at or before ``times[i]``. In constant memory; once.

    An image may be the same array as the one before it: do not write to it. A bad file raises nothing: afterwards
    ``delivered`` counts the images and ``error`` says what was wrong, or is empty. All N come, or the first ``delivered``.
    """

    def __init__(self, path: Path, times: NDArray[np.float64], *, size: tuple[int, int] | None, boxes: NDArray[np.float64] | None) -> None:
        self.path = Path(path)
        self.times = np.asarray(times, dtype=np.float64)
        self.boxes = None if boxes is None else np.asarray(boxes, dtype=np.float64)
        if self.times.ndim != 1 or not np.all(np.diff(self.times, prepend=0.0) >= 0):
            raise ValueError("times must be one-dimensional, not negative and not decreasing")
        if self.boxes is not None and self.boxes.shape != (len(self.times), 4):
            raise ValueError(f"boxes must be ({len(self.times)}, 4), one for each time, not {self.boxes.shape}")
        self.delivered = 0
        self.error = ""
        self._images = _Images(size)

    def __len__(self) -> int:
        return len(self.times)

    def __iter__(self) -> Iterator[tuple[int, Image]]:
        if self.delivered or self.error or not len(self.times):
            return
        try:
            with Source(self.path) as source:
                for frame in self._shown(source):
                    box = None if self.boxes is None else self.boxes[self.delivered]
                    try:
                        image = self._images.of(frame, box)
                    except av.FFmpegError as error:
                        self.error = f"picture {self.delivered} cannot be converted to RGB: {in_words(error)}"
                        return
                    self.delivered += 1
                    yield self.delivered - 1, image
        except UnreadableError as error:
            self.error = str(error)

    def _shown(self, source: Source) -> Iterator[VideoFrame]:
        """The picture for each time, as far as the file goes."""
        times, count = self.times, len(self.times)
        pictures = source.pictures(float(times[0]))
        i, shown, since = 0, None, 0.0
        while i < count:
            try:
                since_next, picture = next(pictures, (0.0, None))
            except (av.FFmpegError, OSError, ValueError, RuntimeError) as error:
                self.error = _stopped(source, since, error)
                picture = None
            if picture is None:
                break
            while shown is not None and i < count and times[i] + TOLERANCE_S < since_next:
                yield shown
                i += 1
            shown, since = picture, since_next
        if shown is None:
            self.error = self.error or "no picture of it decodes, although the header describes a video"
            return
        end = self._end(source, shown, since)
        while i < count and times[i] + TOLERANCE_S < end:
            yield shown
            i += 1
        if i < count and not self.error:
            self.error = f"the video ends at {end:.2f} s: {count - i} of {count} frames lie behind its end"

    def _end(self, source: Source, last: VideoFrame, since: float) -> float:
        """Seconds at which the last picture stops being shown."""
        own = since + source.clock.duration(last)
        declared = source.declared_duration_s or 0.0
        return max(own, declared) if not self.error and declared - since <= TAIL_S else own


class _Images:
    """Picture -> upright RGB array at the wanted size, converting each picture once."""

    def __init__(self, size: tuple[int, int] | None) -> None:
        self.size = size
        # One reformatter for the whole video, one thread: PyAV's default starts a thread pool for every picture.
        self._reformatter = VideoReformatter()
        self._of: VideoFrame | None = None
        self._whole: dict[tuple[int, int] | None, Image] = {}

    def of(self, frame: VideoFrame, box: NDArray[np.float64] | None) -> Image:
        if frame is not self._of:
            self._of, self._whole = frame, {}
        if box is None or np.any(np.isnan(box)):
            image = self._rgb(frame, self.size)
            self.size = self.size or image.shape[:2]  # a stream that changes size in the middle keeps the first
            return image
        image = _cut(self._rgb(frame, None), box)
        return image if self.size is None or image.shape[:2] == self.size else _resize(image, self.size)

    def _rgb(self, frame: VideoFrame, size: tuple[int, int] | None) -> Image:
        if size not in self._whole:
            turns = quarter_turns(frame.rotation)
            height, width = (size if turns % 2 == 0 else size[::-1]) if size else (frame.height, frame.width)
            rgb = self._reformatter.reformat(frame, width, height, "rgb24", interpolation=Interpolation.BILINEAR, threads=1)
            image: Image = rgb.to_ndarray().astype(np.uint8, copy=False)
            self._whole[size] = np.ascontiguousarray(np.rot90(image, turns)) if turns else image
        return self._whole[size]


def _cut(image: Image, box: NDArray[np.float64]) -> Image:
    """The box, on whole pixels, within the picture; at least one pixel of it."""
    height, width = image.shape[:2]
    left, top = (int(np.clip(np.floor(v), 0, limit - 1)) for v, limit in zip(box[:2], (width, height), strict=True))
    right, bottom = (int(np.clip(np.ceil(v), low + 1, limit)) for v, low, limit in zip(box[2:], (left, top), (width, height), strict=True))
    return np.ascontiguousarray(image[top:bottom, left:right])


def _resize(image: Image, size: tuple[int, int]) -> Image:
    """Area averaging where the picture gets smaller, linear interpolation where it grows."""
    smaller = size[0] * size[1] < image.shape[0] * image.shape[1]
    resized: Image = cv2.resize(image, (size[1], size[0]), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    return resized


def _stopped(source: Source, since: float, error: BaseException) -> str:
    if source.seeked or not source.declared_frames:
        return f"decoding stops after {since:.2f} s: {in_words(error)}"
    return f"{source.decoded} of {source.declared_frames} frames decode, then {in_words(error)}"
