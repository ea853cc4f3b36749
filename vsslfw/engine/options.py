"""How to train, and who hears of it: what the call and the loop behind it share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vsslfw.engine.precision import Precision
from vsslfw.engine.schedule import Schedule

Progress = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Training:
    """How to train, whatever the model. AdamW with decoupled weight decay of every parameter (paper, section 4.2)."""

    epochs: int
    batch_size: int
    lr: float
    weight_decay: float = 0.0
    micro_batch: int | None = None
    """Samples that are in memory at once; the gradient is that of the whole batch, but for the draws of dropout. None: the whole batch."""
    schedule: Schedule = "linear"
    """Per iteration: ``linear`` falls to 0 at the end, ``constant`` stays (`vsslfw.engine.schedule`)."""
    warmup: float = 0.0
    """Share of all iterations in which the learning rate rises to ``lr``."""
    clip_norm: float | None = None
    """Largest L2 norm of the gradient (of the mean loss); None does not clip."""
    precision: Precision = "float32"

    @classmethod
    def of(cls, section: Any) -> Training:
        """From the ``pretrain`` or ``finetune`` section of a recipe."""
        optimiser = section.optimiser
        return cls(
            epochs=section.epochs,
            batch_size=section.batch_size,
            micro_batch=section.micro_batch,
            precision=section.precision,
            lr=optimiser.lr,
            weight_decay=optimiser.weight_decay,
            schedule=optimiser.schedule,
            warmup=optimiser.warmup,
            clip_norm=optimiser.clip_norm,
        )
