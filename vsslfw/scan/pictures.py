"""What pictures look like, one after another in constant memory: colour, darkness, black and frozen stretches, thumbnails."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from vsslfw.scan.facts import Looks, Signature, Stretch
from vsslfw.video.blank import DARKEST, EVENEST, ON_AVERAGE, SMALL, STILL
from vsslfw.video.images import Image, Images

GREY_LEVELS = 5.0
"""Mean difference between a pixel's strongest and weakest channel below which a picture is without colour."""
DARK_LEVEL = 40.0
BLACK_S = 1.0
FROZEN_S = 10.0
"""Shorter ones are common where nothing moves and the codec repeats what it has."""
MOST_STRETCHES = 20
SIGNATURE = (8, 8)
SIGNATURE_UNITS = 100.0
"""Of a grey level: means over many pixels are finer than one."""
STRIP = 8
STRIP_HEIGHT = 72
QUALITY = 70
TOLERANCE_S = 1e-3


class Album:
    """push(time_s, frame) for pictures in order; then `looks`, `signature` and `strip` say what they were like.

    ``times`` (N,) are those of the signature, ``step_s`` apart, and the strip is taken from them too. Each picture counts
    until the next one, the last one until ``end_s``. Raises what the conversion to RGB raises.
    """

    def __init__(self, times: Sequence[float], step_s: float) -> None:
        self._times, self._step_s = times, step_s
        self._images = Images(SMALL)
        self._at = 0
        self._taken: dict[int, NDArray[np.floating[Any]]] = {}
        self._strip: list[tuple[float, str]] = []
        chosen = np.linspace(0, max(len(times) - 1, 0), min(STRIP, len(times))).round()
        self._of_strip = {int(i) for i in chosen}
        self._strip_images: Images | None = None
        self._shown: tuple[float, VideoFrame, NDArray[np.float32]] | None = None
        self._black, self._frozen = _Stretches(BLACK_S), _Stretches(FROZEN_S)
        self._seconds = self._grey = self._dark = self._black_s = 0.0
        self._frozen_as: NDArray[np.float32] | None = None
        self._same_until = 0.0
        """When the last picture came that was as the first of its stretch: what a look does not see may have moved."""
        self._pictures = 0
        self._moves = False
        self._now = (False, False, False)

    def push(self, time: float, frame: VideoFrame) -> None:
        """One more picture, shown from ``time`` on."""
        small = self._images.of(frame)
        luma: NDArray[np.float32] = small.astype(np.float32).mean(axis=2)
        self._pass(time)
        self._pictures += 1
        black = bool(luma.mean() <= DARKEST and luma.std() <= EVENEST)
        self._black.push(time, black)
        if not self._is_as_before(luma):
            self._moves = self._moves or self._frozen_as is not None
            self._frozen.push(self._same_until, False)
            self._frozen_as = luma
        self._same_until = time
        self._frozen.push(time, not black)
        self._shown = (time, frame, luma)
        self._now = (float((small.max(2).astype(np.float32) - small.min(2)).mean()) < GREY_LEVELS, float(luma.mean()) < DARK_LEVEL, black)

    def break_off(self, time: float) -> None:
        """Pictures are lost from here on: what was shown before does not last."""
        self._pass(time)
        self._shown = None
        self._black.push(time, False)
        self._frozen.push(self._same_until, False)
        self._frozen_as = None

    def finish(self, end: float) -> None:
        """The last picture was shown until ``end``."""
        self._pass(end + 1e-6)
        self._black.push(end, False)
        self._frozen.push(self._same_until, False)

    def looks(self, failed: int = 0) -> Looks:
        """What was seen; ``failed`` pictures did not decode."""
        seconds = self._seconds or 1.0
        return Looks(
            pictures=self._pictures,
            failed=failed,
            grey_share=round(self._grey / seconds, 4),
            dark_share=round(self._dark / seconds, 4),
            black_share=round(self._black_s / seconds, 4),
            black=tuple(self._black.found[:MOST_STRETCHES]),
            frozen=tuple(self._frozen.found[:MOST_STRETCHES]),
            moves=self._moves,
        )

    def signature(self) -> Signature:
        """The small pictures at ``times``."""
        pictures = b"".join((picture * SIGNATURE_UNITS).round().astype("<u2").tobytes() for picture in self._taken.values())
        return Signature(self._step_s, tuple(self._taken), base64.b64encode(pictures).decode())

    def strip(self) -> tuple[tuple[float, str], ...]:
        """Up to eight thumbnails."""
        return tuple(self._strip)

    def _is_as_before(self, luma: NDArray[np.float32]) -> bool:
        """Whether it differs from the first picture of the stretch by no more than a codec changes a picture that stands still."""
        if self._frozen_as is None:
            return False
        changes = np.abs(luma - self._frozen_as)
        return bool(changes.max() <= STILL and changes.mean() <= ON_AVERAGE)

    def _pass(self, time: float) -> None:
        """The picture before was shown up to ``time``."""
        if self._shown is None:
            return
        since, frame, luma = self._shown
        seconds = max(0.0, time - since)
        grey, dark, black = self._now
        self._seconds += seconds
        self._grey += seconds * grey
        self._dark += seconds * dark
        self._black_s += seconds * black
        while self._at < len(self._times) and self._times[self._at] < time - 1e-9:
            if self._times[self._at] >= since - TOLERANCE_S:  # else it was lost
                self._taken[self._at] = cv2.resize(luma, SIGNATURE[::-1], interpolation=cv2.INTER_AREA)
                if self._at in self._of_strip:
                    self._strip.append((round(self._times[self._at], 3), self._thumbnail(frame)))
            self._at += 1

    def _thumbnail(self, frame: VideoFrame) -> str:
        if self._strip_images is None:
            upright = frame.rotation % 180 == 0
            height, width = (frame.height, frame.width) if upright else (frame.width, frame.height)
            self._strip_images = Images((STRIP_HEIGHT, min(4 * STRIP_HEIGHT, max(2, round(width * STRIP_HEIGHT / height)))))
        image: Image = self._strip_images.of(frame)
        _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        return base64.b64encode(jpeg.tobytes()).decode()


class _Stretches:
    """push(time, whether it holds from then on) -> the stretches, of some length at least, in which it held."""

    def __init__(self, least_s: float) -> None:
        self.found: list[Stretch] = []
        self._least_s = least_s
        self._since: float | None = None

    def push(self, time: float, holds: bool) -> None:
        if holds and self._since is None:
            self._since = time
        elif not holds and self._since is not None:
            if time - self._since >= self._least_s:
                self.found.append(Stretch(round(self._since, 3), round(time, 3)))
            self._since = None
