"""What the probes are given of each tested video: what the manifest says, cached features over time, encoders that are not fine-tuned."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from vsslfw.pipeline.keys import component_key
from vsslfw.pipeline.pretrain import PretrainResult, build_encoder
from vsslfw.pipeline.stages import Pipeline

Floats = NDArray[np.float64]
DURATION = "(duration)"
"""What the length of a video is called beside the manifest's own columns, of which one may be called duration."""


@dataclass(frozen=True)
class Description:
    """A way to describe every video, and what it depends on beside the videos' features: it is made only where it is new."""

    key: str
    name: str
    what: str
    inputs: Any
    make: Callable[[], Any]

    def made(self) -> Described:
        """The description itself."""
        return Described(self.key, self.name, self.what, self.make())


def descriptions(pipeline: Pipeline) -> list[Description]:
    """Every description, from the one that knows least to the one that knows most."""
    settings = pipeline.recipe.settings
    rate = settings.video.fps / pipeline.backbone.module.clip_stride
    windows = [settings.positions, settings.evaluate.stride, settings.evaluate.right_align]
    encoder = [component_key(pipeline.recipe, "encoder", settings.encoder), *windows]
    what = "The manifest's own columns and the video's length; no picture."
    found = [
        Description("metadata", "metadata and duration", what, metadata(pipeline), lambda: metadata(pipeline)),
        Description(
            "mean",
            "features: mean",
            "What the room and the patient look like; nothing of movement.",
            None,
            lambda: of_features(pipeline.features.cases, descriptors.mean),
        ),
        Description(
            "moments",
            "features: mean, SD, |change|",
            "Mean, standard deviation and mean absolute change over time: how much moves, not in which order.",
            None,
            lambda: of_features(pipeline.features.cases, descriptors.moments),
        ),
        Description(
            "stft",
            "features: log-STFT",
            "How fast the features move, by short-time spectra; nothing of what is seen.",
            rate,
            lambda: of_features(pipeline.features.cases, lambda features: descriptors.log_stft(features, rate)),
        ),
        Description(
            "random_encoder",
            "frozen random encoder",
            "The encoder with its initial weights: what its shape gives without any training.",
            encoder,
            lambda: of_encoder(pipeline, None),
        ),
    ]
    results = [result for result in (pipeline.pretrained[fold.name] for fold in pipeline.folds) if result is not None]
    if len(results) == len(pipeline.folds):
        what = "The pre-trained encoder as it is, without fine-tuning: what pre-training alone has learnt that tells the classes apart."
        inputs = [*encoder, [result.key for result in results]]
        found.append(
            Description("pretrained_encoder", "frozen pre-trained encoder", what, inputs, lambda: _of_pretrained(pipeline, results))
        )
    return found


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


def _of_pretrained(pipeline: Pipeline, results: Sequence[PretrainResult]) -> Any:
    """One description if all folds share a pre-training, else one for each fold."""
    found = {result.key: of_encoder(pipeline, result) for result in {result.key: result for result in results}.values()}
    if len(found) == 1:
        return found[results[0].key]
    return {number: found[result.key] for number, result in enumerate(results)}
