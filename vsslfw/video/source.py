"""An open video file: its best video stream, its pictures in order of presentation, and how a time far into it is found."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import av
from av.format import Flags
from av.packet import Packet
from av.video.frame import VideoFrame

from vsslfw.video.clock import RESTART_S, Clock, Picture
from vsslfw.video.decoder import Decoder, number_of
from vsslfw.video.deinterlace import progressive
from vsslfw.video.opening import UnreadableError, best_stream, open_container, passes

SEEK_AFTER_S = 5.0
"""Nearer to the beginning than this, decoding from the beginning is as fast as seeking."""
SEEK_MARGINS_S = (0.5, 10.0, 60.0)
"""How far before the wanted time to look for a key frame; then from the beginning."""
LARGEST_GROUP = 64 * 2**20
"""Bytes from a key frame to the next; a recording that has more is decoded from its beginning."""
INDEX_NOT_TRUSTED = ("avi",)
"""Containers whose index is often wrong: it is not asked, and what lies before a time is read in the order of the file."""
LONGEST_S = 30 * 24 * 3600.0
"""A header that declares more than a month is wrong, and the packets are asked instead."""


class Source:
    """The best video stream of a file. A context manager: libav's threads and memory are given back at its end.

    Raises `UnreadableError` if the file does not open or has no video stream.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open()
        self.seeked = False
        self._cut_off = False
        self._reached: int | None = None
        """The latest timestamp of a picture that was handed out."""
        self._skims = True

    def _open(self) -> None:
        self.container = open_container(self.path)
        try:
            self.stream = best_stream(self.container)
        except BaseException:
            self.container.close()
            raise
        self.decoder = Decoder(self.container, self.stream)
        self.clock = Clock(self.stream, self.container.format.name)

    def __enter__(self) -> Source:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give libav's threads and memory back."""
        self.container.close()

    @property
    def cut_off(self) -> bool:
        """Whether the disk failed so far, not the content: another time there may be more pictures."""
        return self._cut_off or self.decoder.cut_off

    @property
    def declared_frames(self) -> int | None:
        """The number of frames according to the header, which may be wrong."""
        return self.stream.frames or None

    @property
    def declared_duration_s(self) -> float | None:
        """How long the video is according to the stream or the container, which may be wrong; none if neither says."""
        stream, base = self.stream, self.stream.time_base
        if stream.duration and base and 0 < stream.duration * base < LONGEST_S:
            return float(stream.duration * base)
        if self.container.duration and 0 < self.container.duration / av.time_base < LONGEST_S:
            return float(self.container.duration / av.time_base)
        return None

    @property
    def seekable(self) -> bool:
        """Whether a time far into the file can be sought; known once a picture was decoded."""
        name, flags = self.container.format.name, Flags(self.container.format.flags)
        return self.clock.seekable and name not in INDEX_NOT_TRUSTED and not flags & _NO_SEEK

    @property
    def skims(self) -> bool:
        """Whether what lies before a time far into the file can be read without decoding it; known once a picture was decoded."""
        return self.clock.stamped and self._skims

    def pictures(self, start_s: float = 0.0) -> Iterator[Picture]:
        """Yield what is shown and when, from a picture at or before ``start_s`` on, progressive.

        Times increase strictly (`vsslfw.video.clock`). Where ``start_s`` is far in and the file's timestamps can be
        relied on, a key frame before it is sought, and the pictures are the same as when decoding from the beginning.
        A picture that does not decode is lost, and so are those up to the next key frame, since they lean on it: one
        `Picture` without a frame stands for them.
        """
        return progressive(self._pictures(start_s))

    def _pictures(self, start_s: float) -> Iterator[Picture]:
        frames = self.decoder.pictures()
        for first in frames:
            assert first is not None  # what does not decode before the first picture is passed over
            time = self.clock(first)
            self._reached = self.clock.stamp_of(first)
            if start_s > SEEK_AFTER_S and self.seekable:
                frames = self._from_key_before(start_s)
            elif start_s > SEEK_AFTER_S and self.skims:
                frames = self._skimmed(start_s)
            else:
                yield Picture(time, self.clock.duration(first), first)
            break
        yield from self._timed(frames)

    def further(self, start_s: float) -> Iterator[Picture]:
        """`pictures` of a file that `skims`, from where it is read now, well before ``start_s``; ends the iteration before."""
        return progressive(self._timed(self._skimmed(start_s)))

    def _timed(self, frames: Iterator[VideoFrame | None]) -> Iterator[Picture]:
        """Pictures with their times; from a lost one (none) on, nothing up to the next key frame that was sent after it."""
        whole, last_lost = True, 0
        for frame in frames:
            time = self.clock.lose() if frame is None else self.clock(frame)
            if frame is None or frame.is_corrupt:
                last_lost = max(last_lost, self.decoder.lost if frame is None else number_of(frame))
                if whole:
                    reason = self.decoder.reason if frame is None else "its picture is incomplete"
                    yield Picture(time, 0.0, None, f"damaged at {time:.2f} s ({reason}): lost up to the next key frame")
                whole = False
                continue
            self._reached = self.clock.later(self._reached, frame)
            whole = whole or (bool(frame.key_frame) and number_of(frame) > last_lost)
            if whole:
                yield Picture(time, self.clock.duration(frame), frame)

    def last_packet_end_s(self) -> float:
        """Seconds from the first packet's presentation to the last one's end: reads the whole file, decodes nothing."""
        base = float(self.stream.time_base or 0)
        first, last, count = None, 0.0, 0
        for packet in self.decoder.packets():
            if packet is None:
                continue
            count += 1
            stamp = packet.pts if packet.pts is not None else packet.dts
            if stamp is not None:
                first = stamp if first is None else min(first, stamp)
                last = max(last, (stamp - first + (packet.duration or 0)) * base)
        return last or count * self.clock.step_s

    def _from_key_before(self, start_s: float) -> Iterator[VideoFrame | None]:
        """Pictures from a key frame at or before ``start_s``; all pictures if seeking does not land on one."""
        for margin in SEEK_MARGINS_S:
            try:
                self.container.seek(self.clock.stamp(start_s - margin), backward=True, any_frame=False, stream=self.stream)
                found = self._from_key(self.decoder.pictures(), start_s)
            except (av.FFmpegError, UnreadableError) as error:
                self._cut_off = self._cut_off or passes(error)
                continue
            if found is not None:
                return found
        return self._again()

    def _skimmed(self, start_s: float) -> Iterator[VideoFrame | None]:
        """Pictures from a key frame at or before ``start_s``, having read what lies before without decoding it.

        All pictures, from the beginning, if a timestamp is missing on the way, or the clock does not go on at a key frame.
        """
        wanted, ahead = self.clock.stamp(start_s - SEEK_MARGINS_S[0]), self.clock.stamp(start_s + RESTART_S)
        group: list[Packet[Any]] = []
        latest, held = self._reached, 0
        for packet in self.decoder.packets():
            stamp = None if packet is None else self.clock.stamp_of(packet)
            if packet is None or stamp is None or latest is None or (packet.is_keyframe and stamp <= latest) or held > LARGEST_GROUP:
                self._skims = False
                return self._again()
            if packet.is_keyframe and stamp <= wanted:
                group, held = [], 0
            group.append(packet)
            latest, held = max(latest, stamp), held + packet.size
            if latest > ahead:
                break
        self.decoder.flush()
        return self._from_key(self.decoder.pictures(group), start_s) or self._again()

    def _from_key(self, frames: Iterator[VideoFrame | None], start_s: float) -> Iterator[VideoFrame | None] | None:
        """The pictures from the first key frame on; none if it is shown after ``start_s``.

        What is shown before a key frame may lean on pictures that were not decoded (open GOP).
        """
        key = next((frame for frame in frames if frame and (frame.key_frame or self.clock.peek(frame) > start_s)), None)
        if key is None or not key.key_frame or not 0 <= self.clock.peek(key) <= start_s:
            return None
        begin = [key]
        if key.interlaced_frame:
            # It is deinterlaced without the picture before it, so it must not be the one that is shown.
            following = next(frames, None)
            if following is None or self.clock.peek(following) > start_s:
                return None
            begin.append(following)
        self.seeked = True
        self.clock.forget_last()
        return itertools.chain(begin, frames)

    def _again(self) -> Iterator[VideoFrame | None]:
        """All pictures: opening the file anew is the one way back to the beginning that every container has."""
        self._cut_off = self.cut_off
        self.container.close()
        self._open()
        return self.decoder.pictures()


_NO_SEEK = Flags.ts_discont | Flags.no_timestamps | Flags.no_streams
"""In such containers timestamps may start anew in the middle, and a time sought may be found twice."""
