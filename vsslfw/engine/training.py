"""Train a model: the one call that pre-training and fine-tuning share."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import nn

from vsslfw.engine.checkpoints import CHECKPOINT, configuration_of, resumable
from vsslfw.engine.options import Progress, Training
from vsslfw.engine.samples import Samples
from vsslfw.errors import Problem, RunError
from vsslfw.seeds import Stream


def fit(
    model: nn.Module,
    samples: Samples,
    training: Training,
    *,
    folder: Path,
    stream: Stream,
    device: str = "cpu",
    provenance: dict[str, Any] | None = None,
    progress: Progress | None = None,
    stage: str = "training",
    checkpoint_every: int | None = 1,
    num_workers: int = 0,
) -> list[dict[str, Any]]:
    """Train ``model`` (it has ``step(batch) -> Loss``) in place, and return the history: one dict an epoch.

    An epoch's dict has ``epoch`` (from 1), ``lr`` (of its first iteration) and the mean of every sum that the loss gives,
    ``loss`` among them. It holds no times: the same fit twice gives the same history. Initial weights are the caller's;
    order, samples and dropout come from ``stream``, and the caller's global generators are left as they were.

    A checkpoint is kept in ``folder`` after every ``checkpoint_every`` epochs and after the last (None: never). If one
    is there, the fit goes on from it, and ends bitwise as if it had never stopped. ``progress`` gets a dict after each
    iteration, and once after a resume: stage, epoch, epochs, iteration, iterations (of all epochs), loss (of the epoch so
    far). The model ends on ``device``, in eval mode.

    Raises RunError if the loss or the weights stop being finite (design reading 12), if no frame or video counts in an
    epoch's loss, if there are no samples, or if the checkpoint is damaged; UserError if the checkpoint is of another
    configuration (training, stage, stream, provenance, number of samples, shape of the model).
    """
    if len(samples) == 0:
        raise RunError(Problem("there is nothing to train on: no samples", stage))
    configuration = configuration_of(
        model, stage=stage, stream=repr(stream), samples=len(samples), training=asdict(training), provenance=provenance or {}
    )
    path = folder / CHECKPOINT
    checkpoint = resumable(path, configuration)

    from vsslfw.engine.runner import train  # mmengine takes seconds to import

    return train(
        model,
        samples,
        training,
        path=path,
        checkpoint=checkpoint,
        stream=stream,
        device=device,
        configuration=configuration,
        progress=progress,
        stage=stage,
        checkpoint_every=checkpoint_every,
        num_workers=num_workers,
    )
