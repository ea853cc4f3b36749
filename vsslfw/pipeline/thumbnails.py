"""A clip before and after its corruption, for the report: the plan of pre-training, and small pictures of it (paper, Fig. 2)."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vsslfw.errors import VsslfwError
from vsslfw.interfaces import SequenceCorruption
from vsslfw.pipeline.clip_reader import ClipReader
from vsslfw.pipeline.pretrain import PretrainClip, in_order, split_held_out
from vsslfw.pipeline.stages import Pipeline
from vsslfw.plan import MASK, PAD, CorruptionPlan
from vsslfw.report.data import Example, Tile
from vsslfw.seeds import Stream

TILES = 16
HEIGHT = 72
"""Of a thumbnail, pixels."""
QUALITY = 60
MASK_GREY = 0.2
"""How light MASK is drawn: the constant picture lies outside what a screen can show."""

Picture = NDArray[np.uint8]


def example_of(pipeline: Pipeline, *, pictures: bool) -> Example | None:
    """The first held-out clip (or the first) under the plan of epoch 0, sample 0; none without pre-training.

    ``pictures``: with thumbnails of the frames. Where the video cannot be read any more the plan is shown alone: no error.
    """
    chosen = _clip(pipeline)
    if chosen is None:
        return None
    clip, held_out = chosen
    length = pipeline.backbone.length(clip.clip.frames)
    plan = pipeline.corruption_plan(min(length, pipeline.recipe.settings.positions), epoch=0, sample=0)
    note = _other_levels(pipeline)
    frames: Picture | None = None
    if pictures and pipeline.backbone.module.clip_length == 1:
        try:
            frames = ClipReader(pipeline.recipe, pipeline.backbone).decode(clip.request).frames
        except (OSError, VsslfwError) as error:
            note = f"{note} The clip's video could not be read again ({type(error).__name__}), so no picture is shown.".strip()
    if frames is not None and len(frames) < plan.length:
        frames, note = None, f"{note} The clip's video lost frames, so no picture is shown.".strip()
    fps = clip.clip.fps / pipeline.backbone.module.clip_stride
    tiles = [_tile(plan, position, frames) for position in chosen_positions(plan)]
    return Example(plan.source.tolist(), tiles, fps, held_out, frames is not None, note)


def chosen_positions(plan: CorruptionPlan, count: int = TILES) -> list[int]:
    """Positions that stand for the whole plan: evenly spread ones, each nudged to a masked or moved neighbour now and then."""
    even = np.unique(np.linspace(0, len(plan) - 1, min(count, len(plan))).round().astype(int))
    reach = max(len(plan) // (2 * max(len(even), 1)), 0)
    chosen = []
    for number, position in enumerate(even.tolist()):
        wanted = plan.masked if number % 3 == 1 else plan.moved if number % 3 == 2 else np.zeros(len(plan), bool)
        near = [i for i in range(max(position - reach, 0), min(position + reach, len(plan) - 1) + 1) if wanted[i]]
        chosen.append(min(near, key=lambda i: abs(i - position)) if near else position)
    return sorted(set(chosen))


def _clip(pipeline: Pipeline) -> tuple[PretrainClip, bool] | None:
    for fold in pipeline.folds:
        if clips := pipeline.admitted[fold.name]:
            settings = pipeline.recipe.settings
            training, held_out = split_held_out(in_order(clips), settings.pretrain.held_out, Stream(settings.seed, "pretrain"))
            return (held_out or training)[0], bool(held_out)
    return None


def _other_levels(pipeline: Pipeline) -> str:
    noises = [(c["type"], pipeline.recipe.registries.build("corruption", c)) for c in pipeline.recipe.settings.corruption]
    others = [f"{name} ({noise.level} level)" for name, noise in noises if not isinstance(noise, SequenceCorruption)]
    return f"Not shown, since no plan holds it: {', '.join(others)}." if others else ""


def _tile(plan: CorruptionPlan, position: int, frames: Picture | None) -> Tile:
    source = int(plan.source[position])
    shows = "mask" if source == MASK else "pad" if source == PAD else "own" if source == position else "moved"
    if frames is None:
        return Tile(position, shows, source if source >= 0 else None)
    clean = uri(frames[position]) if source != PAD else uri(_flat(frames, 0.5))
    corrupted = uri(frames[source]) if source >= 0 else uri(_flat(frames, MASK_GREY if source == MASK else 0.5))
    return Tile(position, shows, source if source >= 0 else None, clean, corrupted)


def _flat(frames: Sequence[Picture] | Picture, grey: float) -> Picture:
    return np.full_like(frames[0], round(255 * grey))


def uri(picture: Picture) -> str:
    """(H, W, 3) uint8 RGB -> a small JPEG as a ``data:`` URI; the same picture gives the same bytes."""
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (round(width * HEIGHT / height), HEIGHT), interpolation=cv2.INTER_AREA)
    _, coded = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(coded.tobytes()).decode("ascii")
