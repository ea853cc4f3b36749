"""What the probes are given of each tested video: what the manifest says, cached features over time, encoders that are not fine-tuned."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vsslfw.data.samples import video_batches
from vsslfw.engine import load_weights
from vsslfw.evaluation import descriptors
from vsslfw.evaluation.probes import Described
from vsslfw.interfaces import SequenceEncoder
from vsslfw.pipeline.folds import Case
from vsslfw.pipeline.pretrain import PretrainResult, build_encoder
from vsslfw.pipeline.stages import Pipeline

Floats = NDArray[np.float64]
DURATION = "(duration)"
"""What the length of a video is called beside the manifest's own columns, of which one may be called duration."""


def described(pipeline: Pipeline) -> list[Described]:
    """Every description, from the one that knows least to the one that knows most."""
    cases, rate = pipeline.features.cases, pipeline.recipe.settings.video.fps / pipeline.backbone.module.clip_stride
    return [
        Described(
            "metadata", "metadata and duration", "The manifest's own columns and the video's length; no picture.", metadata(pipeline)
        ),
        Described(
            "mean", "features: mean", "What the room and the patient look like; nothing of movement.", of_features(cases, descriptors.mean)
        ),
        Described(
            "moments",
            "features: mean, SD, |change|",
            "Mean, standard deviation and mean absolute change over time: how much moves, not in which order.",
            of_features(cases, descriptors.moments),
        ),
        Described(
            "stft",
            "features: log-STFT",
            "How fast the features move, by short-time spectra; nothing of what is seen.",
            of_features(cases, lambda features: descriptors.log_stft(features, rate)),
        ),
        Described(
            "random_encoder",
            "frozen random encoder",
            "The encoder with its initial weights: what its shape gives without any training.",
            of_encoder(pipeline, None),
        ),
        *_pretrained(pipeline),
    ]


def metadata(pipeline: Pipeline) -> list[dict[str, Any]]:
    """The manifest's own columns, numbers as numbers, and the duration in seconds, of each case."""
    rows = [pipeline.index.videos[case.video_id].row.extra for case in pipeline.features.cases]
    columns = {name: column([row.get(name, "") for row in rows]) for name in sorted({name for row in rows for name in row})}
    return [
        {DURATION: case.seconds} | {name: values[number] for name, values in columns.items()}
        for number, case in enumerate(pipeline.features.cases)
    ]


def column(cells: Sequence[str]) -> list[float] | list[str]:
    """Numbers if every cell is one, else the words."""
    try:
        numbers = [float(cell) for cell in cells]
    except ValueError:
        return list(cells)
    return numbers if all(map(math.isfinite, numbers)) else list(cells)


def of_features(cases: Sequence[Case], describe: Callable[[Floats], Floats]) -> Floats:
    """(N, d): a description of each case's cached features (T, D)."""
    return np.stack([describe(case.entry.read(0)[0].double().numpy()) for case in cases])


def of_encoder(pipeline: Pipeline, pretrained: PretrainResult | None) -> Floats:
    """(N, E): hidden states averaged over real frames and windows, of the pre-trained encoder or of the initial one."""
    encoder = build_encoder(pipeline.recipe, pipeline.backbone.module.feature_dim)
    if pretrained is not None:
        load_weights(pretrained.weights, encoder, pipeline.recipe.registries)
    encoder.eval().to(pipeline.device)
    return np.stack([_hidden(pipeline, encoder, case) for case in pipeline.features.cases])


@torch.inference_mode()
def _hidden(pipeline: Pipeline, encoder: SequenceEncoder, case: Case) -> Floats:
    settings = pipeline.recipe.settings
    stride = settings.evaluate.stride or settings.positions
    windows = []
    batches = video_batches(case.entry, settings.positions, pipeline.tokens.pad, stride=stride, right_align=settings.evaluate.right_align)
    for batch in batches:
        own = batch.to(pipeline.device)
        hidden = encoder(own.features, own.valid)
        windows.append(hidden[own.valid].double().mean(0).cpu().numpy())
    return np.asarray(np.mean(windows, axis=0))


def _pretrained(pipeline: Pipeline) -> list[Described]:
    results = [pipeline.pretrained[fold.name] for fold in pipeline.folds]
    if any(result is None for result in results):
        return []
    by_key = {result.key: result for result in results if result is not None}
    found = {key: of_encoder(pipeline, result) for key, result in by_key.items()}
    keys = [result.key for result in results if result is not None]
    X = found[keys[0]] if len(found) == 1 else {number: found[key] for number, key in enumerate(keys)}
    what = "The pre-trained encoder as it is, without fine-tuning: what pre-training alone has learnt that tells the classes apart."
    return [Described("pretrained_encoder", "frozen pre-trained encoder", what, X)]
