"""An open video file: its best video stream, and its pictures in order of presentation. All of libav is met here."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

import av
from av.format import Flags
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vsslfw.video.clock import RESTART_S, Clock, Picture
from vsslfw.video.deinterlace import progressive
from vsslfw.video.opening import UnreadableError, best_stream, in_words, open_container

BAD_PACKETS_AT_START = 250
"""A recording cut out of a running stream begins with packets that cannot be decoded until its first key frame."""
DECODER_THREADS = 0
"""For the slices of a picture, in files that have several; 0: as many as there are cores."""
BAD_READS = 10
"""So often in a row the container may fail to give a packet; then the file ends there."""
SEEK_AFTER_S = 5.0
"""Nearer to the beginning than this, decoding from the beginning is as fast as seeking."""
SEEK_MARGINS_S = (0.5, 10.0, 60.0)
"""How far before the wanted time to look for a key frame; then from the beginning."""
LONGEST_S = 30 * 24 * 3600.0
"""A header that declares more than a month is wrong, and the packets are asked instead."""


class Source:
    """The best video stream of a file. A context manager: libav's threads and memory are given back at its end.

    Raises `UnreadableError` if the file does not open or has no video stream.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open()
        self.decoded = 0
        """Pictures decoded so far, from the beginning (or from where the last seek landed)."""
        self.seeked = False
        self._lost: Packet[VideoStream] | None = None
        """The last packet that did not decode."""
        self._reason = ""
        self._comes_out = False
        """Whether it gives a picture all the same, part of it made up."""

    def _open(self) -> None:
        self.container = open_container(self.path)
        try:
            self.stream = best_stream(self.container)
        except BaseException:
            self.container.close()
            raise
        self.stream.thread_type = "SLICE"  # "AUTO" can deadlock beside the workers of a loader
        self.stream.codec_context.thread_count = DECODER_THREADS
        self.clock = Clock(self.stream, self.container.format.name)

    def __enter__(self) -> Source:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give libav's threads and memory back."""
        self.container.close()

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
        """Whether a time far into the file can be found without decoding what lies before it; known once a picture was decoded."""
        return self.clock.seekable and not Flags(self.container.format.flags) & _NO_SEEK

    def pictures(self, start_s: float = 0.0) -> Iterator[Picture]:
        """Yield what is shown and when, from a picture at or before ``start_s`` on, progressive.

        Times increase strictly (`vsslfw.video.clock`). Where ``start_s`` is far in and the file's timestamps can be
        relied on, a key frame before it is sought, and the pictures are the same as when decoding from the beginning.
        A picture that does not decode is lost, and so are those up to the next key frame, since they lean on it: one
        `Picture` without a frame stands for them.
        """
        return progressive(self._pictures(start_s))

    def _pictures(self, start_s: float) -> Iterator[Picture]:
        frames = self._decode()
        for first in frames:
            assert first is not None  # what does not decode before the first picture is passed over
            time = self.clock(first)
            if start_s > SEEK_AFTER_S and self.seekable:
                frames = self._from_key_before(start_s)
            elif start_s > SEEK_AFTER_S and self.clock.stamped:
                frames = self._skimmed(start_s)
            else:
                yield Picture(time, self.clock.duration(first), first)
            break
        yield from self._timed(frames)

    def further(self, start_s: float) -> Iterator[Picture]:
        """`pictures` of a file that cannot seek, where it is open at a picture well before ``start_s``; ends the iteration before."""
        return progressive(self._timed(self._skimmed(start_s)))

    def _timed(self, frames: Iterator[VideoFrame | None]) -> Iterator[Picture]:
        """Pictures with their times; from a lost one (none) on, nothing up to the next key frame that was sent after it."""
        lost_stamp: int | None = None
        held_back, whole = 0, True
        for frame in frames:
            if frame is None:
                lost_stamp = None if self._lost is None else self.clock.stamp_of(self._lost)
                held_back = self.stream.codec_context.has_b_frames + self._comes_out
                if whole:
                    yield self._lost_picture(self.clock.lose())
                whole = False
                continue
            stamp, time = self.clock.stamp_of(frame), self.clock(frame)
            if frame.is_corrupt:
                lost_stamp, held_back = stamp, 0
                self._reason = "its picture is incomplete"
                if whole:
                    yield self._lost_picture(time)
                whole = False
                continue
            if not whole:
                behind = held_back <= 0
                if stamp is not None and lost_stamp is not None:
                    behind = stamp > lost_stamp or self.clock.starts_anew(lost_stamp, stamp)
                held_back -= 1
                whole = bool(frame.key_frame) and behind
            if whole:
                yield Picture(time, self.clock.duration(frame), frame)

    def _lost_picture(self, time: float) -> Picture:
        return Picture(time, 0.0, None, f"damaged at {time:.2f} s ({self._reason}): lost up to the next key frame")

    def last_packet_end_s(self) -> float:
        """Seconds from the first packet's presentation to the last one's end: reads the whole file, decodes nothing."""
        base = float(self.stream.time_base or 0)
        first, last, count = None, 0.0, 0
        for packet in self.container.demux(self.stream):
            count += bool(packet.size)
            stamp = packet.pts if packet.pts is not None else packet.dts
            if stamp is not None:
                first = stamp if first is None else min(first, stamp)
                last = max(last, (stamp - first + (packet.duration or 0)) * base)
        return last or count * self.clock.step_s

    def _decode(self, first: Sequence[Packet[VideoStream]] = ()) -> Iterator[VideoFrame | None]:
        """Pictures as the decoder gives them, none for each packet that does not decode; those before the first picture are passed over.

        Raises `UnreadableError` if the file begins with too many of them.
        """
        self.decoded = bad = 0
        for packet in itertools.chain(first, self._packets()):
            frames, trouble = self._decode_packet(packet)
            if trouble:
                bad += 1
                self._lost, self._reason, self._comes_out = packet, trouble, bool(frames)
            if trouble and self.decoded:
                yield None
            elif trouble and bad > BAD_PACKETS_AT_START:
                raise UnreadableError(f"no picture of it decodes ({trouble})")
            for frame in frames:
                if self.decoded or not (trouble or frame.is_corrupt):
                    self.decoded += 1
                    yield frame

    def _decode_packet(self, packet: Packet[VideoStream] | None) -> tuple[list[VideoFrame], str]:
        """The pictures that a packet completes, and what is wrong with it in words."""
        if packet is None:
            return [], self._reason
        try:
            frames = self.stream.decode(packet)
        except (av.FFmpegError, ValueError, RuntimeError) as error:
            return [], in_words(error)
        return frames, "a packet is incomplete" if packet.is_corrupt and packet.size else ""

    def _packets(self) -> Iterator[Packet[VideoStream] | None]:
        """The stream's packets; none where the container is damaged and goes on behind it."""
        bad = 0
        while bad < BAD_READS:
            try:
                for packet in self.container.demux(self.stream):
                    bad = 0
                    yield packet
                return
            except (av.FFmpegError, OSError, ValueError, RuntimeError) as error:
                bad += 1
                self._reason = in_words(error)
                yield None

    def _from_key_before(self, start_s: float) -> Iterator[VideoFrame | None]:
        """Pictures from a key frame at or before ``start_s``; all pictures if seeking does not land on one."""
        for margin in SEEK_MARGINS_S:
            try:
                self.container.seek(self.clock.stamp(start_s - margin), backward=True, any_frame=False, stream=self.stream)
                frames = self._decode()
                # What is shown before the key frame may lean on pictures that were not decoded (open GOP).
                key = next((frame for frame in frames if frame and (frame.key_frame or self.clock.peek(frame) > start_s)), None)
            except (av.FFmpegError, UnreadableError):
                continue
            if key is not None and key.key_frame and 0 <= self.clock.peek(key) <= start_s:
                self.seeked = True
                self.clock.forget_last()
                return itertools.chain([key], frames)
        return self._again()

    def _skimmed(self, start_s: float) -> Iterator[VideoFrame | None]:
        """Pictures from a key frame at or before ``start_s``, having read what lies before without decoding it.

        All pictures, from the beginning, if a timestamp is missing on the way, or the clock starts anew.
        """
        wanted, step_back = self.clock.stamp(start_s - SEEK_MARGINS_S[0]), int(RESTART_S / self.clock.base)
        group: list[Packet[VideoStream]] = []
        latest = self.clock.stamp(0.0)
        for packet in self._packets():
            if packet is None or (packet.size and (packet.pts is None or packet.pts < latest - step_back)):
                return self._again()
            latest = max(latest, packet.pts or latest)
            if packet.is_keyframe and packet.size and latest <= wanted:
                group = []
            group.append(packet)
            if latest > wanted + step_back:
                break
        self.stream.codec_context.flush_buffers()
        frames = self._decode(group)
        key = next((frame for frame in frames if frame and (frame.key_frame or self.clock.peek(frame) > start_s)), None)
        if key is None or not key.key_frame or self.clock.peek(key) > start_s:
            return self._again()
        self.seeked = True
        self.clock.forget_last()
        return itertools.chain([key], frames)

    def _again(self) -> Iterator[VideoFrame | None]:
        """All pictures: opening the file anew is the one way back to the beginning that every container has."""
        self.container.close()
        self._open()
        return self._decode()


_NO_SEEK = Flags.ts_discont | Flags.no_timestamps | Flags.no_streams
"""In such containers timestamps may start anew in the middle, and a time sought may be found twice."""
