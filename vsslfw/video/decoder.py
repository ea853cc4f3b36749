"""Packets -> pictures. What does not decode is said, and nothing is made up in its place."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vsslfw.video.opening import UnreadableError, in_words

BAD_PACKETS_AT_START = 1500
"""A recording cut out of a running stream begins with packets that cannot be decoded until its first key frame."""
BAD_READS = 10
"""So often in a row the container may fail to give a packet; then the file ends there."""
DECODER_THREADS = 0
"""For the slices of a picture, in files that have several; 0: as many as there are cores."""


class Decoder:
    """A stream's packets and pictures, from where its container stands."""

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self._container, self._stream = container, stream
        self.decoded = 0
        """Pictures decoded since `pictures` was called last."""
        self.lost, self.reason = 0, ""
        """The number of the last packet that did not decode, and why it did not."""
        self._container_trouble = ""
        stream.thread_type = "SLICE"  # "AUTO" can deadlock beside the workers of a loader
        stream.codec_context.thread_count = DECODER_THREADS
        stream.codec_context.copy_opaque = True  # a picture says which packet it comes from
        stream.codec_context.options = {"err_detect": "explode+crccheck"}  # else it makes up what is damaged

    def flush(self) -> None:
        """Forget the pictures that are under way."""
        self._stream.codec_context.flush_buffers()

    def pictures(self, first: Sequence[Packet[Any]] = ()) -> Iterator[VideoFrame | None]:
        """Pictures as the decoder gives them, none for each packet that does not decode; those before the first picture are passed over.

        A picture's ``opaque`` is the number of the packet that it comes from. Raises `UnreadableError` if the file begins with
        too many packets that do not decode.
        """
        self.decoded = bad = 0
        damaged = False
        sent: Iterator[Packet[Any] | None] = itertools.chain(first, self.packets(), [Packet()])
        for number, packet in enumerate(sent, start=1):
            frames, trouble = self._decode_packet(packet, number)
            if damaged and packet and packet.size and not trouble:
                trouble = "a packet is incomplete"
            # What cuts a stream into packets gives the mark of a broken one to the one before it.
            damaged = packet is not None and bool(packet.is_corrupt)
            if trouble:
                bad += 1
                self.lost, self.reason = number, trouble
            if trouble and self.decoded:
                yield None
            elif trouble and bad > BAD_PACKETS_AT_START:
                raise UnreadableError(f"no picture of it decodes ({trouble})")
            for frame in frames:
                if self.decoded or not (trouble or frame.is_corrupt):
                    self.decoded += 1
                    yield frame

    def _decode_packet(self, packet: Packet[Any] | None, number: int) -> tuple[list[VideoFrame], str]:
        """The pictures that a packet completes, and what is wrong with it in words."""
        if packet is None:
            return [], self._container_trouble
        packet.opaque = number
        try:
            frames = self._stream.codec_context.decode(packet if packet.size else None)
        except av.EOFError:
            return [], ""
        except (av.FFmpegError, ValueError, RuntimeError) as error:
            return [], in_words(error)
        return frames, "a packet is incomplete" if packet.is_corrupt and packet.size else ""

    def packets(self) -> Iterator[Packet[Any] | None]:
        """The stream's packets; none where the container is damaged and goes on behind it."""
        bad = 0
        while bad < BAD_READS:
            try:
                for packet in self._container.demux(self._stream):
                    bad = 0
                    if packet.size:
                        yield packet
                return
            except (av.FFmpegError, OSError, ValueError, RuntimeError) as error:
                bad += 1
                self._container_trouble = in_words(error)
                yield None


def number_of(frame: VideoFrame) -> int:
    """Of the packet that a picture comes from."""
    return frame.opaque if isinstance(frame.opaque, int) else 0
