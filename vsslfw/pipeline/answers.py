"""The answer of a classifier for a whole video: by window, averaged, and without each stretch in turn (occlusion over time)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from vsslfw.data.samples import video_batches
from vsslfw.data.store import FeatureEntry
from vsslfw.engine import Classifier, collate, predict
from vsslfw.evaluation.aggregate import aggregate
from vsslfw.pipeline.pretrain import Tokens
from vsslfw.recipe import Recipe
from vsslfw.types import Batch

TOGETHER = 16
"""Windows that go through the encoder at once when stretches are hidden: there are many."""


def answer(recipe: Recipe, model: Classifier, entry: FeatureEntry, tokens: Tokens, device: str, *, occlude: bool = True) -> dict[str, Any]:
    """What the model says of a whole video: the average of its windows' predictions (paper, section 4; reading 9).

    ``probabilities`` (K), ``windows`` (their number W), ``window_probabilities`` (W, K), ``spans`` (W, 2) seconds from the
    video's first frame, ``occlusion``: [start_s, end_s, probabilities (K) of the video with MASK in place of these frames], in turn
    (none with ``occlude`` False).
    """
    settings = recipe.settings
    stride = settings.evaluate.stride or settings.positions
    batches = video_batches(entry, settings.positions, tokens.pad, stride=stride, right_align=settings.evaluate.right_align)
    precision = settings.finetune.precision
    windows = predict(model, batches, device=device, precision=precision)
    times = [_times(batch) for batch in batches]
    start = times[0][0]
    frame = _frame_s(times)
    spans = [[float(own[0] - start), float(own[-1] - start + frame)] for own in times]
    occlusion: list[list[Any]] = []
    if occlude and settings.evaluate.occlusion_s is not None:
        stretches = _stretches(spans[-1][1], settings.evaluate.occlusion_s)
        places = _places(times, [(a + start, b + start) for a, b in stretches])
        hidden = (_without(batches[window], frames, tokens.mask) for _, window, frames in places)
        answers = predict(model, _grouped(hidden), device=device, precision=precision)
        shown = np.repeat(windows[None], len(stretches), axis=0)
        for (stretch, window, _), own in zip(places, answers, strict=True):
            shown[stretch, window] = own
        occlusion = [[a, b, aggregate(own, settings.evaluate.aggregate).tolist()] for (a, b), own in zip(stretches, shown, strict=True)]
    return {
        "features": entry.key,
        "probabilities": aggregate(windows, settings.evaluate.aggregate).tolist(),
        "windows": len(batches),
        "window_probabilities": windows.tolist(),
        "spans": spans,
        "occlusion": occlusion,
    }


def _times(batch: Batch) -> NDArray[np.float64]:
    """(K,) seconds of the real frames of one window."""
    return np.asarray(batch.times[0][batch.valid[0]].cpu().numpy(), dtype=np.float64)


def _frame_s(times: Sequence[NDArray[np.float64]]) -> float:
    """How long a frame lasts: 0 if there is only one."""
    steps = np.concatenate([np.diff(own) for own in times])
    return float(np.median(steps)) if len(steps) else 0.0


def _stretches(length: float, seconds: float) -> list[tuple[float, float]]:
    """The video in consecutive stretches of about ``seconds``, all of the same length; none if there is but one."""
    count = math.ceil(round(length / seconds, 6))
    return [(k * length / count, (k + 1) * length / count) for k in range(count)] if count > 1 else []


def _places(times: Sequence[NDArray[np.float64]], stretches: Sequence[tuple[float, float]]) -> list[tuple[int, int, NDArray[np.intp]]]:
    """(stretch, window, frames of the window that lie in the stretch) wherever the two meet."""
    found = []
    for stretch, (a, b) in enumerate(stretches):
        for window, own in enumerate(times):
            frames = np.flatnonzero((own >= a - 1e-9) & (own < b - 1e-9))
            if len(frames):
                found.append((stretch, window, frames))
    return found


def _without(batch: Batch, frames: NDArray[np.intp], mask: Tensor) -> Batch:
    """A window with MASK in place of these frames."""
    features = batch.features.clone()
    features[0, frames] = mask.to(features.dtype)
    return replace(batch, features=features, index=None)


def _grouped(batches: Iterable[Batch]) -> Iterator[Batch]:
    """`TOGETHER` at a time, made only when it is their turn: those of an hour would not fit in memory."""
    rest = iter(batches)
    while group := list(itertools.islice(rest, TOGETHER)):
        yield collate(group)
