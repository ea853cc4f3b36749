"""How far apart copies and other recordings are for `vsslfw index`: the figures of docs/index_videos.md.

    python benchmarks/copies.py FOLDER

Every pair of videos of FOLDER (no two of them the same recording) is compared, then each video with copies of itself: encoded anew
at 240 x 320 or 180 x 320 pixels, 12 to 25 frames a second, at a low quality.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from pathlib import Path

import av
import numpy as np

from vsslfw.scan.copies import ALIKE, likeness
from vsslfw.scan.examine import examine
from vsslfw.video import frames_at, grid, probe

COPIES = {
    "240 x 320, 25 fps, H.264 crf 38": ((240, 320), 25, "libx264", {"crf": "38"}),
    "180 x 320, 15 fps, H.264 crf 45": ((180, 320), 15, "libx264", {"crf": "45"}),
    "240 x 320, 12 fps, MPEG-4 200 kbit/s": ((240, 320), 12, "mpeg4", {"b": "200000"}),
}


def copy(source: Path, target: Path, size: tuple[int, int], fps: int, codec: str, options: dict[str, str]) -> Path:
    """Encode a video anew."""
    with av.open(str(target), "w") as file:
        stream = file.add_stream(codec, rate=fps, options=options)
        (stream.height, stream.width), stream.pix_fmt = size, "yuv420p"
        for _, image in frames_at(source, grid(0.0, probe(source).duration_s or 0.0, fps), size=size):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        file.mux(stream.encode(None))
    return target


def told(name: str, found: list[float | None]) -> None:
    """One line."""
    known = np.array([value for value in found if value is not None])
    print(f"{name}: {len(found)} pairs, {len(found) - len(known)} that move too little; least {known.min():.2f}, ", end="")
    print(f"median {np.median(known):.2f}, most {known.max():.2f}; {int((known >= ALIKE).sum())} from {ALIKE} on", flush=True)


def main(folder: Path) -> None:
    """Compare, and print."""
    paths = sorted(folder.rglob("*.mp4"))
    own = {path: examine(path, full=False).signature for path in paths}
    told("other recordings", [likeness(own[one], own[other]) for one, other in itertools.combinations(paths, 2)])
    with tempfile.TemporaryDirectory() as place:
        for name, how in COPIES.items():
            target = Path(place) / "copy.mp4"
            told(name, [likeness(own[path], examine(copy(path, target, *how), full=False).signature) for path in paths])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
