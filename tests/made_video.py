"""Small made videos for tests of the scan: somebody who walks in a room, in every condition a recorder may leave a file in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
SIZE = (120, 160)


def walk(seconds: float, *, fps: float = 10, seed: int = 0, size: tuple[int, int] = SIZE, still: bool = False) -> Iterator[Picture]:
    """(H, W, 3) uint8: somebody in red walks about the same room; another seed walks otherwise."""
    height, width = size
    room = np.linspace(60, 160, width, dtype=np.float32)[None, :, None] * np.array([1.0, 0.9, 0.7], np.float32)
    room = np.repeat(room, height, axis=0)
    phases = np.random.default_rng(seed).uniform(0, 6, 6)
    for i in range(round(seconds * fps)):
        t = 0.0 if still else i / fps
        x = 0.5 + 0.2 * np.sin(0.9 * t + phases[0]) + 0.15 * np.sin(2.3 * t + phases[1])
        y = 0.5 + 0.2 * np.sin(0.7 * t + phases[2]) + 0.15 * np.sin(1.9 * t + phases[3])
        picture = room.copy()
        top, left = int(y * height * 0.7), int(x * width * 0.7)
        picture[top : top + height // 4, left : left + width // 5] = (220, 40, 40)
        yield picture.round().astype(np.uint8)


def write(
    path: Path,
    pictures: Iterable[Picture],
    *,
    fps: float = 10,
    codec: str = "libx264",
    times: Callable[[int], float] | None = None,
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
) -> Path:
    """Encode pictures; ``times`` gives the seconds at which each is shown, if not evenly. Returns ``path``."""
    rate = Fraction(fps).limit_denominator(1000)
    with av.open(str(path), "w", options=container or {}) as file:
        stream = file.add_stream(codec, rate=rate, options={"g": "20", **(options or {})})
        stream.pix_fmt = "yuv420p"
        base = Fraction(1, 1000) if times else 1 / rate
        stream.codec_context.time_base = base
        for i, picture in enumerate(pictures):
            if i == 0:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = (round(times(i) * 1000) if times else i), base
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def black(seconds: float, *, fps: float = 10) -> Iterator[Picture]:
    """Nothing at all."""
    return (np.zeros((*SIZE, 3), np.uint8) for _ in range(round(seconds * fps)))


def night(seconds: float, *, fps: float = 10) -> Iterator[Picture]:
    """The same walk by infra-red, in a dark room: no colour."""
    for picture in walk(seconds, fps=fps):
        yield np.repeat((picture.mean(2, keepdims=True) * 0.2 + 8).astype(np.uint8), 3, axis=2)


def audio_alone(path: Path) -> Path:
    """A file of a second of silence, whatever its name says."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16000
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def without_pictures(path: Path) -> Path:
    """A whole header, and zeros where the pictures were."""
    write(path, walk(1))
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    end = data.index(b"moov") if data.index(b"moov") > start else len(data)
    data[start : end - 4] = bytes(end - 4 - start)
    path.write_bytes(data)
    return path
