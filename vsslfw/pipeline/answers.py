"""The answer of a classifier for a whole video: by window, averaged, and without each stretch in turn (occlusion over time)."""

from __future__ import annotations

import math
from collections.abc import Sequence
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
        hidden = _hidden(batches, times, [(a + start, b + start) for a, b in stretches], tokens.mask)
        answers = predict(model, _grouped([batch for _, _, batch in hidden]), device=device, precision=precision)
        for number, (a, b) in enumerate(stretches):
            shown = windows.copy()
            for (stretch, window, _), own in zip(hidden, answers, strict=True):
                if stretch == number:
                    shown[window] = own
            occlusion.append([a, b, aggregate(shown, settings.evaluate.aggregate).tolist()])
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


def _hidden(
    batches: Sequence[Batch], times: Sequence[NDArray[np.float64]], stretches: Sequence[tuple[float, float]], mask: Tensor
) -> list[tuple[int, int, Batch]]:
    """(stretch, window, the window with MASK in that stretch) wherever the two meet."""
    found = []
    for number, (a, b) in enumerate(stretches):
        for window, (batch, own) in enumerate(zip(batches, times, strict=True)):
            frames = np.flatnonzero((own >= a - 1e-9) & (own < b - 1e-9))
            if len(frames):
                features = batch.features.clone()
                features[0, frames] = mask.to(features.dtype)
                found.append((number, window, Batch(features, batch.source, batch.target, batch.valid, batch.times)))
    return found


def _grouped(batches: Sequence[Batch]) -> list[Batch]:
    return [collate(batches[first : first + TOGETHER]) for first in range(0, len(batches), TOGETHER)]
