"""How long work takes that this cache has never seen: a little of it is tried, and the time taken. Rough: within a factor of two or so."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from vsslfw.engine import Training
from vsslfw.engine.optimise import BatchOptimWrapper, Trainee
from vsslfw.evaluation.probes import Described, probe
from vsslfw.pipeline.clip_reader import ClipReader, Request
from vsslfw.pipeline.finetune import build_classifier
from vsslfw.pipeline.folds import FoldTask
from vsslfw.pipeline.pretrain import PretrainTask, build_pretext_model
from vsslfw.pipeline.tested import Tested
from vsslfw.plan import CorruptionPlan
from vsslfw.types import Batch
from vsslfw.video import crop

ROUNDS = 4
"""The quickest counts: the first pays for what happens once, and something else may be going on."""


def a_frame(reader: ClipReader, request: Request) -> float:
    """Seconds to decode a frame and to take it through the backbone; the slower of the two, since they run side by side."""
    backbone = reader.backbone
    count = min(request.clip.frames, max(backbone.batch_size, backbone.module.clip_length))
    frames = reader.decode(request, 0, count).frames
    decoding = _quickest(lambda: reader.decode(request, 0, count))
    working = _quickest(lambda: backbone.features(crop(frames, backbone.module.frame_size, where="centre")))
    return max(decoding, working) / count


def a_clip(task: PretrainTask, frame_s: float) -> float:
    """Seconds to learn from a clip once. ``frame_s`` is what each of its frames takes if it is extracted anew each time, else 0."""
    model = build_pretext_model(task.recipe, task.feature_dim, task.tokens.mask)
    online = frame_s * task.clips[0].clip.frames
    return _a_sample(model, task.recipe.settings.pretrain, task.recipe.settings.positions, task.feature_dim, task.device) + online


def a_window(task: FoldTask) -> float:
    """Seconds to learn from a window once."""
    settings = task.recipe.settings
    model = build_classifier(task.recipe, task.feature_dim, len(task.classes))
    return _a_sample(model, settings.finetune, settings.positions, task.feature_dim, task.device)


def a_probed_video(tested: Tested, feature_dim: int) -> float:
    """Seconds a video and fit of a probe."""
    X = np.random.default_rng(0).normal(size=(len(tested.y), feature_dim))
    trial, folds = Described("trial", "", "", X), tested.folds[:1]
    return _quickest(lambda: probe(trial, tested.y, tested.subjects, folds, classes=len(tested.classes), seed=0)) / len(tested.y)


def _a_sample(model: nn.Module, section: Any, positions: int, feature_dim: int, device: str) -> float:
    training = Training.of(section)
    size = training.batch_size
    plan = CorruptionPlan.clean(positions, positions)
    source, target, valid = (torch.from_numpy(part.copy()).expand(size, -1) for part in (plan.source, plan.target, plan.valid))
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(size, positions, feature_dim, generator=generator)
    batch = Batch(features, source, target, valid, torch.zeros(size, positions), labels=torch.zeros(size, dtype=torch.int64))
    batch.seeds = torch.zeros(size, dtype=torch.int64)
    trainee = Trainee(model.to(device).train(), device=device, micro_batch=training.micro_batch)
    optimiser = BatchOptimWrapper(trainee, training, device=device)
    with torch.random.fork_rng(devices=[]):
        return _quickest(lambda: trainee.train_step(batch, optimiser)) / size


def _quickest(work: Callable[[], Any]) -> float:
    taken = []
    for _ in range(ROUNDS):
        started = time.monotonic()
        work()
        taken.append(time.monotonic() - started)
    return min(taken)
