"""Opening a video file: what is not one is refused in words, and no playlist makes libav contact another machine."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any, BinaryIO

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"v=0", b"<?xml", b"<MPD", b"[playlist]")
"""How files begin that libav would follow to others, which nobody has vouched for; some of them it reads for ever."""


class UnreadableError(Exception):
    """This file cannot be read as video; the message says why in plain words. ``passing``: the disk failed, not the content."""

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


def passes(error: BaseException) -> bool:
    """Whether it may be the disk or the network that failed, not the content: the next try may read the same file."""
    if isinstance(error, UnreadableError):
        return error.passing
    return isinstance(error, OSError) and error.errno != errno.EPERM  # libav's word for "it did not work"


def disk_fails(path: Path) -> bool:
    """Whether the bytes of a file cannot be read: what libav calls an error of input and output may be the content as well."""
    try:
        with path.open("rb") as file:
            while file.read(2**20):
                pass
    except OSError:
        return True
    return False


def lacks_index(path: Path) -> bool:
    """Whether an MP4 or MOV file ends before its index: a recorder writes the box ``moov`` last, when it is stopped."""
    try:
        with path.open("rb") as file:
            box = _box(file)
            found = box == b"ftyp"
            while found and box not in (b"", b"moov"):
                box = _box(file)
            return found and box == b""
    except (OSError, OverflowError, ValueError):
        return False


def _box(file: BinaryIO) -> bytes:
    """The type of the box (ISO/IEC 14496-12) here; the file is then at the next one. Nothing at the end; ValueError if it is none."""
    head = file.read(8)
    if len(head) < 8:
        return b""
    length, kind, read = int.from_bytes(head[:4]), head[4:], 8
    if length == 1:  # 64 bits follow
        length, read = int.from_bytes(file.read(8)), 16
    if length == 0:  # to the end of the file
        file.seek(0, os.SEEK_END)
    elif length < read:
        raise ValueError("no box is shorter than its head")
    else:
        file.seek(length - read, os.SEEK_CUR)
    return kind


def in_words(error: BaseException) -> str:
    """An error of libav or of the system, for people."""
    if isinstance(error, av.InvalidDataError):
        return "invalid data"
    return f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"


def open_container(path: Path) -> InputContainer:
    """Open a file for reading. Raises `UnreadableError` if it is none, or no video."""
    if path.is_dir():
        raise UnreadableError("a folder, not a file")
    if not path.exists():
        raise UnreadableError("no such file", passing=True)
    if not os.access(path, os.R_OK):
        raise UnreadableError("no permission to read it", passing=True)
    try:
        if path.stat().st_size == 0:
            raise UnreadableError("empty file (0 bytes)")
        with path.open("rb") as file:
            begin = file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
        if begin.startswith(PLAYLISTS):
            raise UnreadableError("not a video: a playlist, which names other files")
        # "file:" and an absolute path: a name may begin with "-" or look like an address.
        # The whitelist: a playlist must not make libav contact another machine.
        name = f"file:{os.path.abspath(path)}"
        container = av.open(name, metadata_errors="replace", options={"protocol_whitelist": "file"})
    except (av.FFmpegError, OSError, ValueError, RuntimeError) as error:
        why = f"not a video file, or damaged where it begins ({in_words(error)})"
        if isinstance(error, av.InvalidDataError) and lacks_index(path):
            why = "broken off before its index was written (MP4 without moov)"
        raise UnreadableError(why, passing=passes(error)) from error
    kind = container.format.name
    if kind.endswith("_pipe") or kind in ("image2", "tty"):
        container.close()
        raise UnreadableError(f"not a video: {'a text file' if kind == 'tty' else 'a single picture'} ({kind})")
    return container


def best_stream(container: InputContainer) -> VideoStream:
    """The best video stream that is not the cover of an audio file. Raises `UnreadableError` if there is none."""
    best: Any = container.streams.best("video")
    if best is not None and best.disposition & Disposition.attached_pic:  # the cover of an audio file
        best = next((s for s in container.streams.video if not s.disposition & Disposition.attached_pic), None)
    if best is None:
        raise UnreadableError("no video stream: " + ("audio only" if container.streams.audio else "the container is empty"))
    stream: VideoStream = best
    if stream.codec_context is None:
        raise UnreadableError("its video codec is unknown to this version of PyAV")
    return stream
