"""mmengine's Runner, with its habits of a command line program taken off. Import it late: mmengine takes seconds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mmengine.dist import get_dist_info
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch import nn

from vsslfw.digest import digest_of
from vsslfw.engine.checkpoints import CHECKPOINT
from vsslfw.engine.hooks import Checkpoints, History, NamedRandomness, own_randomness
from vsslfw.engine.optimise import BatchOptimWrapper, LearningRate, Trainee
from vsslfw.engine.options import Progress, Training
from vsslfw.engine.samples import Samples, shuffled
from vsslfw.seeds import Stream

LOG = "training.log"


def train(
    model: nn.Module,
    samples: Samples,
    training: Training,
    *,
    path: Path,
    checkpoint: dict[str, Any] | None,
    stream: Stream,
    device: str,
    configuration: dict[str, Any],
    progress: Progress | None,
    stage: str,
    checkpoint_every: int | None,
    num_workers: int,
) -> list[dict[str, Any]]:
    """Run mmengine's epoch loop (`vsslfw.engine.fit` says what it promises), going on from ``checkpoint`` if there is one."""
    history = History(stage, progress)
    with _own_globals(), own_randomness(device):
        loader = shuffled(samples, training.batch_size, stream / "order", num_workers=num_workers)
        optimiser = BatchOptimWrapper(model.to(device), training, device=device)
        runner = QuietRunner(
            model=Trainee(model, device=device, micro_batch=training.micro_batch),
            work_dir=str(path.parent),
            train_dataloader=loader,
            train_cfg={"by_epoch": True, "max_epochs": training.epochs},
            optim_wrapper=optimiser,
            param_scheduler=[LearningRate(optimiser, training, training.epochs * len(loader))],
            default_hooks={"runtime_info": None, "timer": None, "logger": None, "checkpoint": None},
            custom_hooks=[NamedRandomness(stream / "dropout", device), history, Checkpoints(path, checkpoint_every, configuration)],
            checkpoint=checkpoint,
            randomness={"seed": (stream / "mmengine").seed() % 2**32},
            experiment_name=digest_of([str(path.absolute()), configuration]),
        )
        runner.train()
    model.eval()
    return history.epochs


class QuietRunner(Runner):
    """A Runner that writes one log file in its folder, prints nothing, and leaves the process as it was."""

    def __init__(self, *, checkpoint: dict[str, Any] | None = None, **kwargs: Any) -> None:
        self._checkpoint = checkpoint
        super().__init__(**kwargs, load_from=checkpoint and CHECKPOINT, resume=checkpoint is not None)

    def setup_env(self, env_cfg: dict[str, Any]) -> None:
        """Mmengine would change the process's start method, thread counts and file limits here: they are the caller's."""
        self._rank, self._world_size = get_dist_info()
        self._timestamp = ""  # the log folder is then the work folder itself

    def build_logger(self, log_level: int | str = "INFO", log_file: str | None = None, **kwargs: Any) -> MMLogger:
        """One file, and no console."""
        logger = super().build_logger(log_level, str(Path(self.work_dir) / LOG), **kwargs)
        logger.handlers = [handler for handler in logger.handlers if hasattr(handler, "baseFilename")]
        return logger

    def build_visualizer(self, visualizer: Any = None) -> SimpleNamespace:
        """Nothing is drawn: the report draws. Mmengine's would open a matplotlib figure for each fold."""
        return SimpleNamespace()

    def get_hooks_info(self) -> str:
        """One line for the log, not thirty."""
        return ", ".join(type(hook).__name__ for hook in self.hooks)

    def wrap_model(self, model_wrapper_cfg: Any, model: nn.Module) -> nn.Module:
        """The model is on the caller's device already; mmengine would move it to the first GPU it finds."""
        return model

    def load_checkpoint(self, filename: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The checkpoint that was read and checked before. Mmengine's would print, guess the device and not be strict."""
        if self._checkpoint is None:
            raise ValueError("there is no checkpoint to load")
        self.call_hook("after_load_checkpoint", checkpoint=self._checkpoint)
        self.model.load_state_dict(self._checkpoint["state_dict"])
        return self._checkpoint

    def _log_env(self, env_cfg: dict[str, Any]) -> None:
        """The run folder records the environment; mmengine would start compilers to ask for their versions."""

    def dump_config(self) -> None:
        """The run folder records the recipe."""


@contextlib.contextmanager
def _own_globals() -> Iterator[None]:
    """Mmengine keeps loggers, hubs and scopes by name for ever; a process that trains many folds must not."""
    managers = (MMLogger, MessageHub, DefaultScope)
    before = {manager: dict(manager._instance_dict) for manager in managers}
    try:
        yield
    finally:
        for manager in managers:
            for name in set(manager._instance_dict) - set(before[manager]):
                instance = manager._instance_dict.pop(name)
                for handler in getattr(instance, "handlers", []):
                    handler.close()
