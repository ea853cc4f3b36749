"""The ffmpeg program (imageio-ffmpeg brings it): native frames passed through, and the same scaler, so that only our errors show."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np

SIZE = (128, 171)
"""(H, W) at which pictures are compared: the size that the paper's pipeline resizes to."""


def run(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    """Run it without a terminal; the test fails with its words if it does."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-hide_banner", "-y", *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, timeout=120)


def make(*arguments: str | Path) -> None:
    """Make a file; AssertionError with ffmpeg's words if it cannot."""
    done = run("-loglevel", "error", *arguments)
    assert done.returncode == 0, done.stderr.decode(errors="replace")


def frames_of(path: Path, *, deinterlace: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Every frame that ffmpeg shows, (N, H, W, 3) uint8, and its presentation time (N,) in seconds of the file's clock."""
    height, width = SIZE
    steps = ["bwdif=mode=send_frame:parity=auto:deint=interlaced"] * deinterlace
    steps += [f"scale={width}:{height}:flags=bilinear", "format=rgb24", "showinfo"]
    output = ["-fps_mode", "passthrough", "-an", "-sn", "-dn", "-vf", ",".join(steps), "-f", "rawvideo", "-"]
    done = run("-loglevel", "info", "-copyts", "-i", f"file:{path}", *output)
    times = [float(found) for found in re.findall(rb"pts_time:(\S+)", done.stderr)]
    frames = np.frombuffer(done.stdout, np.uint8)
    return frames[: len(times) * height * width * 3].reshape(-1, height, width, 3), np.array(times)
