"""Which video can be read, and whether made video can be written."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Literal

from vsslfw.doctor.findings import Finding

GROUP = "video"
DECODERS = ("h264", "hevc", "mpeg4", "mpeg2video", "mjpeg", "wmv2", "vc1", "av1", "vp9")
"""What hospital recorders, exports and screen captures use."""
ENCODER = "libx264"
REINSTALL = "pip install --force-reinstall 'av>=17' (its own wheel brings FFmpeg with it)"


def codecs() -> Iterator[Finding]:
    """PyAV and its FFmpeg, the decoders, and a film of a second that is written and read again."""
    import av

    yield Finding(GROUP, f"PyAV {av.__version__} with FFmpeg {av.ffmpeg_version_info}")
    missing = [name for name in DECODERS if not _has(name, "r")]
    there = ", ".join(name for name in DECODERS if name not in missing)
    yield Finding(GROUP, f"decoders: {there}")
    if missing:
        yield Finding(GROUP, f"no decoder for {', '.join(missing)}", "problem" if "h264" in missing else "note", REINSTALL)
    if not _has(ENCODER, "w"):
        yield Finding(GROUP, f"no encoder {ENCODER}: the synthetic set cannot be made", "problem", REINSTALL)
        return
    frames = _there_and_back()
    if frames == 25:
        yield Finding(GROUP, f"25 frames were written with {ENCODER} and read again")
    else:
        yield Finding(GROUP, f"25 frames were written with {ENCODER}, and {frames} came back", "problem", REINSTALL)


def _has(name: str, mode: Literal["r", "w"]) -> bool:
    import av

    try:
        av.codec.Codec(name, mode)
    except (ValueError, av.FFmpegError):
        return False
    return True


def _there_and_back() -> int:
    import av

    file = io.BytesIO()
    _write(file)
    file.seek(0)
    with av.open(file, "r") as reading:
        return len(list(reading.decode(video=0)))


def _write(file: io.BytesIO) -> None:
    import av
    import numpy as np

    with av.open(file, "w", format="mp4") as writing:
        stream = writing.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = 64, 64, "yuv420p"
        for shade in range(25):
            picture = np.full((64, 64, 3), 8 * shade, np.uint8)
            writing.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        writing.mux(stream.encode())
