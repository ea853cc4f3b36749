"""What happens around the training loop: named random streams, history, the end of a diverged fit, checkpoints."""

from __future__ import annotations

import contextlib
import math
import random
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from mmengine.hooks import Hook

from vsslfw.engine.checkpoints import write_checkpoint
from vsslfw.errors import Problem, RunError
from vsslfw.seeds import Stream

if TYPE_CHECKING:
    from pathlib import Path

    from vsslfw.engine.options import Progress
    from vsslfw.engine.runner import QuietRunner

_DIVERGED = (
    "Training diverged. `--profile stable` carries optimiser values that do not; "
    "or lower this stage's `optimiser.lr`, or set its `optimiser.clip_norm` (to 1.0, say) and `optimiser.warmup`."
)


@contextlib.contextmanager
def own_randomness(device: str) -> Iterator[None]:
    """Whatever is seeded or drawn inside, the caller's global generators (Python, NumPy, torch) come back as they were."""
    python, numpy = random.getstate(), np.random.get_state()
    cuda = [torch.device(device)] if torch.device(device).type == "cuda" else []
    with torch.random.fork_rng(devices=cuda):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)


class NamedRandomness(Hook):
    """Dropout, and any global draw a plugin makes, is the stream of (epoch, iteration): a resume needs no saved state."""

    def __init__(self, stream: Stream, device: str) -> None:
        self.stream = stream
        self.device = device

    def before_train_iter(self, runner: QuietRunner, batch_idx: int, data_batch: Any = None) -> None:
        seed = (self.stream / runner.epoch / batch_idx).seed()
        random.seed(seed)
        np.random.seed(seed % 2**32)
        torch.default_generator.manual_seed(seed)
        if torch.device(self.device).type == "cuda":
            with torch.cuda.device(self.device):
                torch.cuda.manual_seed(seed)


class History(Hook):
    """Means of an epoch, from sums; tells ``progress``; stops a fit whose loss is not finite."""

    def __init__(self, stage: str, progress: Progress | None) -> None:
        self.stage = stage
        self.progress = progress
        self.epochs: list[dict[str, Any]] = []

    def before_train_epoch(self, runner: QuietRunner) -> None:
        self.sums: dict[str, float] = defaultdict(float)
        self.lr = _lr(runner)

    def after_train_iter(self, runner: QuietRunner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        if not math.isfinite(outputs["loss"]):
            raise self._diverged(runner, f"the loss is {outputs['loss']}")
        for name, value in outputs.items():
            self.sums[name] += value
        self._tell(runner, runner.epoch + 1, runner.iter + 1, self.sums["loss"] / max(self.sums["count"], 1e-12))

    def after_train_epoch(self, runner: QuietRunner) -> None:
        count = self.sums.pop("count")
        if count == 0:
            what = f"nothing counted in the loss of epoch {runner.epoch + 1}: no position or video had a target"
            raise RunError(Problem(what, self.stage))
        if not all(bool(torch.isfinite(parameter).all()) for parameter in runner.model.parameters()):
            raise self._diverged(runner, "the weights are not finite any more")
        means = {name: total / count for name, total in self.sums.items()}
        self.epochs.append({"epoch": runner.epoch + 1, "lr": self.lr, **means})
        runner.logger.info(f"{self.stage}: epoch {runner.epoch + 1}/{runner.max_epochs}, loss {means['loss']:.6g}, lr {self.lr:.4g}")

    def before_save_checkpoint(self, runner: QuietRunner, checkpoint: dict[str, Any]) -> None:
        checkpoint["vsslfw"]["history"] = [dict(epoch) for epoch in self.epochs]

    def after_load_checkpoint(self, runner: QuietRunner, checkpoint: dict[str, Any]) -> None:
        self.epochs[:] = checkpoint["vsslfw"]["history"]

    def before_train(self, runner: QuietRunner) -> None:
        if self.epochs:
            self._tell(runner, runner.epoch, runner.iter, self.epochs[-1]["loss"])

    def _tell(self, runner: QuietRunner, epoch: int, iteration: int, loss: float) -> None:
        if self.progress is not None:
            place = {"epoch": epoch, "epochs": runner.max_epochs, "iteration": iteration, "iterations": runner.max_iters}
            self.progress({"stage": self.stage, **place, "loss": loss})

    def _diverged(self, runner: QuietRunner, what: str) -> RunError:
        when = f"in epoch {runner.epoch + 1} of {runner.max_epochs}, at learning rate {_lr(runner):.4g}"
        return RunError(Problem(f"{what} {when}", self.stage, _DIVERGED))


class Checkpoints(Hook):
    """Keeps the last checkpoint. mmengine's own CheckpointHook is not atomic, and keeps objects that need unpickling."""

    priority = "VERY_LOW"

    def __init__(self, path: Path, every: int | None, configuration: dict[str, Any]) -> None:
        self.path = path
        self.every = every
        self.configuration = configuration

    def after_train_epoch(self, runner: QuietRunner) -> None:
        done = runner.epoch + 1
        if self.every is None or (done % self.every and done != runner.max_epochs):
            return
        checkpoint = {
            "meta": {"epoch": done, "iter": runner.iter, "dataset_meta": {}},
            "state_dict": runner.model.state_dict(),
            "optimizer": runner.optim_wrapper.state_dict(),
            "param_schedulers": [scheduler.state_dict() for scheduler in runner.param_schedulers],
            "message_hub": {"log_scalars": {}, "runtime_info": {}, "resumed_keys": {}},
            "vsslfw": {"configuration": self.configuration},
        }
        runner.call_hook("before_save_checkpoint", checkpoint=checkpoint)
        write_checkpoint(self.path, checkpoint)


def _lr(runner: QuietRunner) -> float:
    return float(runner.optim_wrapper.get_lr()["lr"][0])
