"""What components are given: pictures, sequences with PAD behind them, batches; random, and always the same."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vsslfw.plan import IGNORE, PAD
from vsslfw.testing.subjects import CLASSES, FEATURE_DIM, HIDDEN_DIM
from vsslfw.types import Batch

if TYPE_CHECKING:
    from vsslfw.interfaces import Watched
    from vsslfw.testing.subjects import Subject

WATCHED_S, WATCHED_FPS = 12.0, 5.0
"""Of the videos that a detector may look at."""


def pixels(frames: int, height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """(K,H,W,3) uint8: a bright patch that moves over a grey gradient with noise, so that geometry and colour both matter."""
    rng = np.random.default_rng(seed)
    gradient = np.linspace(60, 160, height)[:, None, None] + np.linspace(-30, 30, width)[None, :, None] + np.array([10.0, 0.0, -20.0])
    made = np.repeat(gradient[None], frames, 0) + rng.normal(0, 8, (frames, height, width, 3))
    for k in range(frames):
        top, left = (k * 3) % max(1, height // 2), (k * 5) % max(1, width // 2)
        made[k, top : top + max(2, height // 3), left : left + max(2, width // 4)] += 70
    return made.clip(0, 255).astype(np.uint8)


def frames_for(backbone: Any, count: int, seed: int = 0) -> Tensor:
    """(N,3,H,W), or (N,L,3,H,W) for a backbone of clips: normalised pictures, each another one."""
    from vsslfw.video.frames import normalise

    (height, width), clip = backbone.frame_size, backbone.clip_length
    raw = np.concatenate([pixels(clip, height, width, seed=seed + 101 * n) for n in range(count)])
    for n in range(count):  # brightness and colour differ from picture to picture
        raw[n * clip : (n + 1) * clip] //= 1 + (n + seed) % 3
        raw[n * clip : (n + 1) * clip] = np.roll(raw[n * clip : (n + 1) * clip], n, axis=-1)
    frames = normalise(raw, backbone.mean, backbone.std)
    return frames.reshape(count, clip, 3, height, width) if clip > 1 else frames


def sequences(lengths: list[int], positions: int, dim: int = FEATURE_DIM, seed: int = 0) -> tuple[Tensor, Tensor]:
    """features (B,T,D) float32, valid (B,T): a PAD feature (the same one everywhere) stands behind each row's real positions."""
    source = torch.Generator().manual_seed(seed)
    features = torch.randn(len(lengths), positions, dim, generator=source)
    valid = torch.arange(positions) < torch.tensor(lengths).unsqueeze(1)
    pad = torch.randn(dim, generator=source)
    return torch.where(valid.unsqueeze(-1), features, pad), valid


def batch_for(
    subject: Subject,
    lengths: list[int],
    positions: int,
    *,
    dims: tuple[int, int] | None = None,
    weights: bool = True,
    seed: int = 0,
) -> tuple[Tensor, Batch]:
    """hidden (B,T,E) and the batch that belongs to it, for a head of this task. dims: (E, output_dim)."""
    hidden_dim, output_dim = dims or (HIDDEN_DIM, FEATURE_DIM if subject.variant == "pretext" else CLASSES)
    feature_dim = output_dim if subject.variant == "pretext" else FEATURE_DIM
    features, valid = sequences(lengths, positions, feature_dim, seed)
    hidden, _ = sequences(lengths, positions, hidden_dim, seed + 1)
    index = torch.arange(positions).expand(len(lengths), positions)
    labels = torch.arange(len(lengths)) % output_dim
    batch = Batch(
        features=features,
        source=torch.where(valid, index, PAD),
        target=torch.where(valid, index, IGNORE),
        valid=valid,
        times=index.double() / 25,
        labels=labels if subject.variant == "classification" else None,
        weights=1.0 + 0.5 * torch.arange(len(lengths)) if weights else None,
        index=torch.arange(len(lengths)),
        seeds=torch.arange(len(lengths)),
    )
    return hidden, batch


def watched_videos() -> list[Watched]:
    """The videos of `boxes_calls`, made once and kept for the life of the process."""
    from vsslfw.interfaces import Watched

    sizes = {video: size for video, _, size in boxes_calls()}
    return [Watched(video, f"S{video[1:]}", _made_video(*size), size, WATCHED_S) for video, size in sizes.items()]


@functools.cache
def _made_video(height: int, width: int) -> Path:
    from vsslfw.data.synthetic.writing import encode

    folder = Path(tempfile.mkdtemp(prefix="vsslfw-kit-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    frames = pixels(int(WATCHED_S * WATCHED_FPS), height, width)
    encode(folder / "video.mp4", frames, fps=WATCHED_FPS, size=(height, width))
    return folder / "video.mp4"


def boxes_calls() -> list[tuple[str, NDArray[np.float64], tuple[int, int]]]:
    """(video_id, times (N,) seconds, size (H, W)): none, one and many times, in pictures that are not square."""
    return [
        ("V01", np.zeros(0), (48, 64)),
        ("V01", np.array([0.0]), (48, 64)),
        ("V02", np.linspace(0.0, 12.0, 50), (64, 48)),
        ("V03", np.array([3.0, 3.04, 9.5]), (240, 320)),
    ]
