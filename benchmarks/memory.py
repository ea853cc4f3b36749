"""Memory: what extracting a recording of two hours takes beside one of two minutes, anonymous memory at its peak.

    python benchmarks/memory.py [--minutes 2 120] [--rewrite]

Both are 1280 x 720, H.264, 25 frames per second: the packets of ten encoded seconds, muxed again and again. The pipeline extracts each
as a labelled video and as contextual clips, in a process of its own (`resnet18`, one frame per second, so that it takes minutes and not
hours: every picture is decoded all the same). Anonymous memory is what the process itself holds; pages of files, which the system may
drop at any time, are not in it. Needs Linux.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
from pages import save

ENCODED_S = 10
"""Seconds that are encoded; the rest repeats them."""
SHORT = {"C": "ES", "D": "PNES", "E": "PNES"}
"""Subjects without whom no fold could be trained; seconds each."""
CHANGES = ("backbone=dict(type='resnet18', weights=None)", "plugins=[]", "video.fps=1", "contextual.clips=24", "extract.views=1")


def make(path: Path, minutes: float) -> None:
    """A recording of so many minutes: packets of ten encoded seconds again and again, with timestamps that go on."""
    seed = path.with_name("seed.mp4")
    if not seed.exists():
        room = np.broadcast_to(np.linspace(40, 200, 1280, dtype=np.uint8)[None, :, None], (720, 1280, 3))
        with av.open(seed, "w") as file:
            stream = file.add_stream("libx264", rate=25, options={"preset": "ultrafast", "g": "50", "bf": "0"})
            stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
            for n in range(25 * ENCODED_S):
                picture = room.copy()
                picture[200:500, 4 * n % 1000 : 4 * n % 1000 + 200] = 250
                file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            file.mux(stream.encode(None))
    with av.open(path, "w") as file, av.open(seed) as source:
        stream = file.add_stream_from_template(source.streams.video[0])
        packets = [packet for packet in source.demux(video=0) if packet.size]
        step = packets[1].pts - packets[0].pts
        for round_ in range(round(minutes * 60 / ENCODED_S)):
            source.seek(0)
            for number, packet in enumerate(p for p in source.demux(video=0) if p.size):
                packet.pts = packet.dts = (round_ * len(packets) + number) * step
                packet.stream = stream
                file.mux(packet)


def anonymous_mib() -> float:
    """What this process holds now."""
    for line in Path("/proc/self/smaps_rollup").read_text(encoding="utf-8").splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) / 1024
    raise OSError("the system does not say")


@contextmanager
def watched() -> Iterator[list[float]]:
    """Looks at the memory four times a second."""
    seen, ended = [anonymous_mib()], threading.Event()

    def watch() -> None:
        while not ended.wait(0.25):
            seen.append(anonymous_mib())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def extract(folder: Path, changes: list[str]) -> dict[str, float]:
    """Extract what a manifest names; the peak of anonymous memory in MiB, the frames and the seconds."""
    import torch

    from vsslfw import Pipeline, load_recipe

    torch.set_num_threads(1)
    recipe = load_recipe("seizure_bart", profile="stable", data=folder / "videos.csv", overrides=[*CHANGES, *changes])
    pipeline = Pipeline(recipe, cache=folder / "cache")
    started = time.monotonic()
    with watched() as seen:
        features = pipeline.features
    frames = sum(case.entry.length for case in features.cases) + sum(clip.entry.length for clip in features.clips if clip.entry)
    return {"peak_mib": max(seen), "begin_mib": seen[0], "frames": frames, "seconds": time.monotonic() - started}


def measure(minutes: float, folder: Path, changes: list[str]) -> dict[str, float]:
    """The same in a process of its own."""
    recording = folder / f"{minutes:g}.mp4"
    if not recording.exists():
        make(recording, minutes)
    place = Path(tempfile.mkdtemp(dir=folder))
    small = folder / "small.mp4"
    if not small.exists():
        make(small, 1 / 6)
    rows = [
        "video_id,path,subject_id,role,label",
        f"night,{recording},A,contextual,",
        f"long,{_copy(recording, place, 'long')},B,labelled,ES",
        *(f"short-{name},{_copy(small, place, name)},{name},labelled,{label}" for name, label in SHORT.items()),
    ]
    (place / "videos.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    command = [sys.executable, __file__, "--extract", str(place), "--changes", *changes]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    shutil.rmtree(place)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _copy(path: Path, place: Path, name: str) -> Path:
    """Another name for the file: a file cannot belong to two subjects."""
    link = place / f"{name}.mp4"
    link.hardlink_to(path)
    return link


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, nargs=2, default=[2.0, 120.0])
    parser.add_argument("--changes", nargs="*", default=[], help="further --set of the recipe")
    parser.add_argument("--extract", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--rewrite", action="store_true", help="write benchmarks/results/memory.json and the table of docs/performance.md")
    options = parser.parse_args()
    if options.extract:
        print(json.dumps(extract(options.extract, options.changes)))
        return
    with tempfile.TemporaryDirectory() as name:
        found = {minutes: measure(minutes, Path(name), options.changes) for minutes in options.minutes}
    header = ["recording", "frames extracted", "time", "anonymous memory at its peak"]
    rows = [
        [f"{minutes:g} minutes", f"{one['frames']:.0f}", f"{one['seconds']:.0f} s", f"{one['peak_mib']:.0f} MiB"]
        for minutes, one in found.items()
    ]
    short, long = (found[minutes]["peak_mib"] for minutes in options.minutes)
    rows.append(["difference", "", "", f"{long - short:+.0f} MiB"])
    save("memory", header, rows, {"measured": {f"{minutes:g}": one for minutes, one in found.items()}}, rewrite=options.rewrite)


if __name__ == "__main__":
    main()
