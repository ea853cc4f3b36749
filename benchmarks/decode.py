"""Decode and resize: frames/s of vsslfw beside torchcodec, OpenCV and decord, on the same 720p H.264 file, in turn in one process.

    python benchmarks/decode.py [--seconds 20] [--rounds 7] [--rewrite]

Every reader gives 128 x 171 RGB of every frame, with one thread for the codec and one for the rest; a picture is one slice. They take
turns, so that what else the machine does falls on all alike; the first round is not counted. The peers come with
`pip install 'vsslfw[bench]'`; one that is missing is a row that says so. torchcodec looks for FFmpeg's libraries: this script starts anew
with those that PyAV brings.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
from pages import save

from vsslfw.video import decoder, frames_at, grid

SIZE = (128, 171)
RATE = 25
BITRATE = "4M"
"""Bits a second, about what recorders of monitoring units write at this size."""
REEXECUTED = "VSSLFW_BENCHMARK_LIBRARIES"
Reader = Callable[[Path], int]
"""Reads a file, named by its seconds; how many frames of `SIZE` it gave."""


def make(path: Path, seconds: int) -> None:
    """A room with a moving texture and a sensor's noise, 1280 x 720, H.264 of `BITRATE` with a key frame every ten seconds."""
    generator = np.random.default_rng(0)
    room = cv2.resize(generator.integers(0, 255, (45, 80, 3), dtype=np.uint8), (1280, 720), interpolation=cv2.INTER_CUBIC)
    patch = cv2.resize(generator.integers(0, 255, (30, 30, 3), dtype=np.uint8), (240, 240))
    with av.open(path, "w") as file:
        stream = file.add_stream(
            "libx264",
            rate=RATE,
            options={"preset": "medium", "b": BITRATE, "g": str(10 * RATE), "x264-params": "slices=1:sliced-threads=0"},
        )
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for n in range(seconds * RATE):
            picture = room.copy()
            x, y = int(520 + 400 * np.sin(n / 17)), int(240 + 200 * np.cos(n / 23))
            picture[y : y + 240, x : x + 240] = patch
            noise = generator.integers(-6, 7, (180, 320, 1)).repeat(4, 0).repeat(4, 1)
            noisy = np.clip(picture.astype(np.int16) + noise, 0, 255).astype(np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(noisy, format="rgb24")))
        file.mux(stream.encode(None))


def ours(path: Path) -> int:
    return sum(image.shape == (*SIZE, 3) for _, image in frames_at(path, grid(0, int(path.stem), RATE), size=SIZE))


def opencv_linear(path: Path) -> int:
    return opencv(path, cv2.INTER_LINEAR)


def opencv(path: Path, interpolation: int = cv2.INTER_AREA) -> int:
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    count = 0
    while True:
        there, picture = video.read()
        if not there:
            return count
        small = cv2.resize(picture, SIZE[::-1], interpolation=interpolation)
        count += cv2.cvtColor(small, cv2.COLOR_BGR2RGB).shape == (*SIZE, 3)


def decord(path: Path) -> int:
    import decord

    reader = decord.VideoReader(str(path), width=SIZE[1], height=SIZE[0], num_threads=1)
    return sum(reader.next().asnumpy().shape == (*SIZE, 3) for _ in range(len(reader)))


def torchcodec(path: Path) -> int:
    from torchcodec.decoders import VideoDecoder
    from torchcodec.transforms import Resize

    decoder = VideoDecoder(str(path), num_ffmpeg_threads=1, dimension_order="NHWC", seek_mode="approximate", transforms=[Resize(SIZE)])
    return sum(frame.shape == (*SIZE, 3) for frame in decoder)


READERS: dict[str, tuple[Reader, str, str]] = {
    "vsslfw": (ours, "av", "`frames_at`: by presentation time, as in every run"),
    "OpenCV": (opencv, "opencv-python-headless", "`VideoCapture`, `cv2.resize` (area), BGR to RGB"),
    "OpenCV, aliased": (opencv_linear, "opencv-python-headless", "the same, `cv2.resize` (linear): 4 of 55 pixels count"),
    "decord": (decord, "decord", "`VideoReader(width=, height=)`: has a thread of its own"),
    "torchcodec": (torchcodec, "torchcodec", "`VideoDecoder` with `Resize`, approximate seek mode"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=20, help="length of the file")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--rewrite", action="store_true", help="write benchmarks/results/decode.json and the table of docs/performance.md")
    options = parser.parse_args()
    _with_libraries()
    cv2.setNumThreads(1)
    decoder.DECODER_THREADS = 1
    rates: dict[str, list[float]] = {name: [] for name in READERS}
    works: dict[str, list[float]] = {name: [] for name in READERS}
    missing: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{options.seconds}.mp4"
        make(path, options.seconds)
        for number in range(options.rounds + 1):
            for name, (reader, _, _) in READERS.items():
                if name in missing:
                    continue
                started, worked = time.perf_counter(), time.process_time()
                try:
                    count = reader(path)
                except (ImportError, OSError, RuntimeError) as error:
                    missing[name] = f"not measured: {str(error).strip().splitlines()[0][:80]}"
                    continue
                if number:
                    assert count == options.seconds * RATE, f"{name} gave {count} frames"
                    rates[name].append(count / (time.perf_counter() - started))
                    works[name].append(count / (time.process_time() - worked))
    rows = []
    for name, (_, distribution, how) in READERS.items():
        shown = [name, _version(distribution), how]
        if name in missing:
            rows.append([*shown, missing[name], "", "", ""])
            continue
        for measured in (rates, works):
            paired = statistics.median(a / b for a, b in zip(measured["vsslfw"], measured[name], strict=True))
            shown += [f"{statistics.median(measured[name]):.0f}", f"{paired:.2f}"]
        rows.append(shown)
    header = ["reader", "version", "how", "frames/s", "vsslfw beside it", "frames a CPU second", "vsslfw beside it "]
    facts = {"seconds": options.seconds, "rounds": options.rounds, "frames_per_s": rates, "frames_per_cpu_s": works, "missing": missing}
    save("decode", header, rows, facts, rewrite=options.rewrite)


def _version(distribution: str) -> str:
    try:
        return f"{distribution} {importlib.metadata.version(distribution)}"
    except importlib.metadata.PackageNotFoundError:
        return distribution


def _with_libraries() -> None:
    """Start anew where the loader finds PyAV's FFmpeg under the names that others look for."""
    bundled = Path(av.__file__).parent.parent / "av.libs"
    if os.environ.get(REEXECUTED) or not bundled.is_dir() or not sys.platform.startswith("linux"):
        return
    folder = Path(tempfile.mkdtemp())
    for library in bundled.glob("lib*.so.*"):
        name, _, version = library.name.partition(".so.")
        (folder / f"{name.rpartition('-')[0]}.so.{version.split('.')[0]}").symlink_to(library)
    paths = [str(folder), str(bundled), os.environ.get("LD_LIBRARY_PATH", "")]
    os.execve(
        sys.executable, [sys.executable, *sys.argv], {**os.environ, "LD_LIBRARY_PATH": ":".join(filter(None, paths)), REEXECUTED: "1"}
    )


if __name__ == "__main__":
    main()
