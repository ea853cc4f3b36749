"""The learning rate of each iteration, as a share of the recipe's ``optimiser.lr``."""

from __future__ import annotations

from typing import Literal

Schedule = Literal["linear", "constant"]


def share_of_lr(iteration: int, iterations: int, schedule: Schedule, warmup: float = 0.0) -> float:
    """The factor of iteration 0..iterations-1. ``linear`` falls from 1 towards 0, which iteration ``iterations`` would have.

    ``warmup`` is the share of all iterations in which the rate first rises linearly; its first one is above 0, or it
    would be lost. The paper has none (design reading 12).
    """
    rising = round(warmup * iterations)
    if iteration < rising:
        return (iteration + 1) / rising
    if schedule == "constant":
        return 1.0
    return max(0.0, (iterations - iteration) / (iterations - rising)) if iterations > rising else 0.0
