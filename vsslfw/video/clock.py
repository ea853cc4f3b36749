"""When a picture is shown: one written rule for timestamps that are missing or do not increase."""

from __future__ import annotations

from dataclasses import dataclass

from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

DEFAULT_RATE = 25.0
"""Frames per second where a file gives neither timestamps nor a rate."""
RESTART_S = 1.0
"""A step back of more than this is a clock that started anew (recordings joined end to end), not a wrong timestamp."""
NO_PRESENTATION_TIMES = ("avi",)
"""Containers that store none: what libav gives as pts is in order of decoding where a codec has B-frames."""


@dataclass(frozen=True)
class Picture:
    """What is shown from ``time_s`` on (seconds from the first picture), for ``duration_s`` by its own account."""

    time_s: float
    duration_s: float
    frame: VideoFrame | None
    """None where pictures are lost."""
    lost: str = ""
    """Why, in words."""


class Clock:
    """clock(picture) -> seconds from the first picture, strictly increasing. Pictures come in order of presentation.

    The rule: a picture's presentation timestamp (in AVI, which has none, the decoder's), except that one without a
    timestamp follows the picture before it by that one's duration; one that steps back by more than a second starts the
    clock anew there; and one that does not increase otherwise comes half a duration after the one before it, so that it
    is shown, and the next right timestamp is right again.
    """

    def __init__(self, stream: VideoStream, container: str) -> None:
        rate = stream.average_rate or stream.guessed_rate
        self.base = float(stream.time_base or 0)
        self.step_s = 1 / float(rate) if rate else 1 / DEFAULT_RATE
        self._stream = stream
        self._use_dts = container in NO_PRESENTATION_TIMES
        self._origin: int | None = None
        self._offset = 0.0
        self._missed = False
        self._last: float | None = None
        self._step = self.step_s

    @property
    def seekable(self) -> bool:
        """Whether a picture's timestamp says its time without having seen those before it."""
        return self._origin is not None and not (self._use_dts and self._reorders)

    @property
    def stamped(self) -> bool:
        """Whether every time so far came from a timestamp that orders packets and pictures alike, by a clock that never started anew."""
        return self._origin is not None and not self._missed and not self._offset and (not self._use_dts or not self._reorders)

    def stamp(self, time_s: float) -> int:
        """The timestamp, in the stream's time base, of a time in seconds from the first picture."""
        return int(time_s / self.base) + (self._origin or 0)

    def peek(self, frame: VideoFrame) -> float:
        """The time of a picture by its timestamp alone; -1 if it has none."""
        raw = self._raw(frame)
        return -1.0 if raw is None or self._origin is None else (raw - self._origin) * self.base

    def stamp_of(self, sent: VideoFrame | Packet[VideoStream]) -> int | None:
        """The timestamp of a picture or packet, where it orders both alike; else none."""
        if self._use_dts:
            return None if self._reorders else sent.dts
        return sent.pts

    def later(self, reached: int | None, frame: VideoFrame) -> int | None:
        """The later one of a timestamp and a picture's; none if either has none."""
        stamp = self.stamp_of(frame)
        return None if reached is None or stamp is None else max(reached, stamp)

    @property
    def _reorders(self) -> bool:
        """Whether pictures are sent in another order than they are shown in."""
        return bool(self._stream.codec_context.has_b_frames)

    def forget_last(self) -> None:
        """Go on elsewhere in the stream, after a seek: nothing is known of the picture before."""
        self._last = None

    def lose(self) -> float:
        """The time of a picture that does not decode: after the one before. Without timestamps the next one follows it."""
        time = 0.0 if self._last is None else self._last + self._step
        if self._origin is None and self._last is not None:
            self._last = time
        return time

    def duration(self, frame: VideoFrame) -> float:
        """How long a picture is shown, as far as it says so itself; else the average."""
        return frame.duration * self.base if frame.duration and frame.duration > 0 and self.base else self.step_s

    def __call__(self, frame: VideoFrame) -> float:
        if self._origin is None and self._last is None:
            self._use_dts = self._use_dts or frame.pts is None
            self._origin = self._raw(frame)
        raw = self._raw(frame)
        self._missed = self._missed or raw is None
        if raw is None or self._origin is None:
            time = 0.0 if self._last is None else self._last + self._step
        else:
            time = (raw - self._origin) * self.base + self._offset
            if self._last is not None and time < self._last - RESTART_S:
                self._offset += self._last + self._step - time
                time = self._last + self._step
            elif self._last is not None and time <= self._last:
                time = self._last + self._step / 2
        self._last, self._step = time, self.duration(frame)
        return time

    def _raw(self, frame: VideoFrame) -> int | None:
        return (frame.dts if self._use_dts else frame.pts) if self.base else None
