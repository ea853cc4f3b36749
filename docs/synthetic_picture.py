"""Draws docs/img/synthetic.png: videos of the synthetic set, a row each, five moments of it.

python docs/synthetic_picture.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import av
import cv2
import numpy as np

from vsslfw.builtin.synthetic_emu import SyntheticEMU

SHOWN = (40, 41, 42, 43, 44, 45)
"""Seeds; of each set one video is shown."""
MOMENTS = (0.1, 0.35, 0.5, 0.7, 0.95)


def row(seed: int, folder: Path) -> np.ndarray:
    """(H, 5 W, 3) uint8 RGB of one video."""
    dataset = SyntheticEMU(
        subjects=2, seed=seed, level="rhythm", seizures_per_subject=1, contextual_per_subject=1, contextual_s=60, fps=12.5
    )
    video = dataset.manifest(folder).parent / "videos" / f"E01-{'c1' if seed % 2 == 0 else 's1'}.mp4"
    with av.open(str(video)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return np.concatenate([frames[int(moment * len(frames))] for moment in MOMENTS], axis=1)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        picture = np.concatenate([row(seed, Path(folder)) for seed in SHOWN])
    small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    target = Path(__file__).parent / "img" / "synthetic.png"
    palette = cv2.cvtColor(small // 8 * 8, cv2.COLOR_RGB2BGR)  # fewer shades: a third of the bytes
    cv2.imwrite(str(target), palette, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    print(f"{target.name}: {target.stat().st_size / 1000:.0f} kB")
