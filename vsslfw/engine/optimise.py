"""One optimiser step over a whole batch, exact however it is cut: mmengine's OptimWrapper, scheduler and train_step."""

from __future__ import annotations

import contextlib
import math
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, cast

import torch
from mmengine.optim import OptimWrapper, _ParamScheduler
from torch import nn

from vsslfw.engine.options import Training
from vsslfw.engine.precision import autocast
from vsslfw.engine.schedule import share_of_lr
from vsslfw.types import Batch, Loss


class Trainee(nn.Module):
    """The model as mmengine's loop wants it: with a ``train_step``."""

    def __init__(self, model: nn.Module, *, device: str, micro_batch: int | None) -> None:
        super().__init__()
        self.model = model
        self.device = device
        self.micro_batch = micro_batch

    def train_step(self, batch: Batch, optim_wrapper: BatchOptimWrapper) -> dict[str, float]:
        """Step on ``batch`` and return its sums and ``count``. Weights stay as they are if the loss is not finite."""
        totals: dict[str, Any] = defaultdict(float)
        rows = self.micro_batch or len(batch)
        for start in range(0, len(batch), rows):
            part = batch[start : start + rows].to(self.device)
            with optim_wrapper.optim_context(self):
                loss: Loss = cast(Any, self.model).step(part)
            optim_wrapper.backward(loss.sums["loss"])
            for name, value in {**loss.sums, "count": loss.count}.items():
                totals[name] = totals[name] + value.detach().double()
        # Gradients, sums and count are all plain sums here: data parallel training has to add them up over its
        # processes at this point, and nothing else.
        sums = {name: float(total) for name, total in totals.items()}
        if math.isfinite(sums["loss"]) and sums["count"] > 0:
            optim_wrapper.step_on_mean(sums["count"])
        return sums


class BatchOptimWrapper(OptimWrapper):
    """AdamW that steps once a batch, on the gradient of the batch's mean loss, whatever the micro-batches were."""

    def __init__(self, model: nn.Module, training: Training, *, device: str) -> None:
        parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        optimiser = torch.optim.AdamW(parameters, lr=training.lr, weight_decay=training.weight_decay, fused=True)
        super().__init__(optimiser)
        self.device = device
        self.training = training
        self.parameters = parameters

    @contextlib.contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """The forward pass of a micro-batch."""
        with super().optim_context(model), autocast(self.device, self.training.precision):
            yield

    def step_on_mean(self, count: float) -> None:
        """Turn the summed gradients into those of the mean over ``count``; then clip, step, and forget them."""
        gradients = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
        torch._foreach_div_(gradients, count)
        if self.training.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.parameters, self.training.clip_norm)
        self.step()
        self.zero_grad()


class LearningRate(_ParamScheduler):
    """`share_of_lr` times the recipe's learning rate, in closed form: mmengine's own multiplies its last value on and on."""

    def __init__(self, optimizer: BatchOptimWrapper, training: Training, iterations: int) -> None:
        self.iterations = iterations
        self.schedule = training.schedule
        self.warmup = training.warmup
        super().__init__(optimizer, "lr", by_epoch=False)

    def step(self) -> None:
        """Set the rate of the next iteration."""
        self.last_step += 1
        share = share_of_lr(self.last_step, self.iterations, self.schedule, self.warmup)
        for group, value in zip(self.optimizer.param_groups, self.base_values, strict=True):
            group["lr"] = value * share
