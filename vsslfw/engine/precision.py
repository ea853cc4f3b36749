"""The two precisions of arithmetic: float32, and bfloat16 by autocast (weights, gradients and losses stay in float32)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Literal

import torch
from torch import nn

Precision = Literal["float32", "bfloat16"]


def autocast(device: torch.device | str, precision: Precision) -> torch.autocast:
    """The context in which a forward pass runs. mmengine's AmpOptimWrapper asserts a GPU; this one runs on both."""
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=precision == "bfloat16")


@contextlib.contextmanager
def evaluating(model: nn.Module, device: torch.device | str, precision: Precision) -> Iterator[None]:
    """Eval mode on ``device``, without gradients; the mode it had comes back afterwards."""
    was_training = model.training
    model.to(device).eval()
    try:
        with torch.no_grad(), autocast(device, precision):
            yield
    finally:
        model.train(was_training)
