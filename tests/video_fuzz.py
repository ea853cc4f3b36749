"""Small valid files whose bytes are changed at random, and what reading such a file comes to."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vsslfw.video import frames_at, grid, probe

SIZE = (24, 32)
MOST_S = 5.0
"""Of a damaged file no more is read, whatever its header declares."""


@dataclass(frozen=True)
class Outcome:
    """How reading a file ended."""

    name: str
    error: str
    delivered: int
    expected: int
    seconds: float


def mutate(content: bytes, generator: np.random.Generator) -> bytes:
    """Some bytes changed, a stretch overwritten, cut out or repeated, or the end cut off."""
    data = np.frombuffer(content, np.uint8).copy()
    place, length = int(generator.integers(len(data))), int(generator.integers(1, 1 + len(data) // 8))
    kind = generator.integers(5)
    if kind == 0:
        places = generator.integers(0, len(data), int(generator.integers(1, 20)))
        data[places] = generator.integers(0, 256, len(places), dtype=np.uint8)
    elif kind == 1:
        data[place : place + length] = generator.integers(0, 256, len(data[place : place + length]), dtype=np.uint8)
    elif kind == 2:
        data = np.delete(data, slice(place, place + length))
    elif kind == 3:
        data = np.insert(data, place, data[place : place + length])
    else:
        data = data[:place]
    return data.tobytes()


def read(path: Path) -> Outcome:
    """Probe a file and read it at 25 frames per second, from its beginning and from near its end."""
    started = time.monotonic()
    found = probe(path)
    length = min(found.duration_s or 0.0, MOST_S)
    delivered = expected = 0
    error = found.error
    for start in () if error else (0.0, length * 0.8):
        stream = frames_at(path, grid(start, length, 25), size=SIZE)
        indices = [i for i, image in stream if image.shape == (*SIZE, 3)]
        assert indices == sorted(set(indices))
        assert len(indices) == stream.delivered <= len(stream)
        assert stream.error or stream.delivered == len(stream)
        delivered, expected, error = delivered + len(indices), expected + len(stream), error or stream.error
    return Outcome(path.name, error, delivered, expected, time.monotonic() - started)


def peak_mib() -> float:
    """The most memory that this process has held, since it became this program: Linux lets ru_maxrss begin at what its parent held."""
    status = Path("/proc/self/status")
    if status.exists():
        peak = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
