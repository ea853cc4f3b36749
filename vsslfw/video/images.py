"""Decoded pictures -> upright RGB arrays, cropped to a box and resized. libav's own filters, so that they agree with the ffmpeg program."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction

import cv2
import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from vsslfw.video.orientation import upright

Image = NDArray[np.uint8]
SCALER = "bilinear"
MOST_GRAPHS = 4
"""A whole picture and a cut out one need one each; a stream that changes its size in the middle needs others."""


class Images:
    """Picture -> (H, W, 3) uint8 RGB, upright, at ``size`` (H, W) or at its own; each picture is converted once.

    Colour matrix, range and bit depth are the picture's own. Pixels that are not square need no care where ``size`` is
    given: whatever the shape of the picture, all of it is fitted into ``size``.
    """

    def __init__(self, size: tuple[int, int] | None) -> None:
        self.size = size
        self._graphs: dict[object, Graph] = {}
        self._of: VideoFrame | None = None
        self._whole: dict[tuple[int, int] | None, Image] = {}

    def of(self, frame: VideoFrame, box: NDArray[np.float64] | None = None) -> Image:
        """The picture, or the box (x1, y1, x2, y2) of it. Raises av.FFmpegError or ValueError on pixel formats without a way to RGB."""
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
            graph = self._graph(frame, size)
            graph.vpush(frame)
            converted = graph.vpull()
            assert isinstance(converted, VideoFrame)
            self._whole[size] = converted.to_ndarray().astype(np.uint8, copy=False)
        return self._whole[size]

    def _graph(self, frame: VideoFrame, size: tuple[int, int] | None) -> Graph:
        # Whether the picture is mirrored too is not asked of each: that takes as long as a tenth of its decoding.
        kind = (frame.width, frame.height, frame.format.name, frame.colorspace, frame.color_range, frame.rotation, size)
        if kind not in self._graphs:
            if len(self._graphs) == MOST_GRAPHS:
                self._graphs.clear()
            height, width = size or ("ih", "iw")
            steps = (*upright(frame), ("scale", f"w={width}:h={height}:flags={SCALER}"), ("format", "rgb24"))
            self._graphs[kind] = one_thread_graph(frame, steps)
        return self._graphs[kind]


def one_thread_graph(frame: VideoFrame, steps: Sequence[tuple[str, str]]) -> Graph:
    """Filters (name, options) one after another, for pictures like ``frame``."""
    graph = Graph()
    graph.threads = 1
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000))
    chain = [source, *(graph.add(name, options or None) for name, options in steps), graph.add("buffersink")]
    for one, following in itertools.pairwise(chain):
        one.link_to(following)
    graph.configure()
    return graph


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
