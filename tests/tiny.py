"""The demo, so small that a whole run takes seconds."""

from __future__ import annotations

TINY = {
    "data.subjects": "4",
    "data.seizures_per_subject": "1",
    "data.seizure_s": "(2.0, 3.0)",
    "data.contextual_per_subject": "1",
    "data.contextual_s": "20.0",
    "data.size": "(64, 96)",
    "backbone": 'dict(type="resnet18", weights=None, frame_size=32)',
    "pretrain.epochs": "2",
    "finetune.epochs": "3",
}
"""The demo, so small that a whole run takes seconds; the backbone is random, on purpose."""


def tiny_overrides(**changes: str) -> list[str]:
    """``KEY=VALUE`` for each of `TINY`; a changed or added key is written with ``__`` for its dots."""
    values = TINY | {key.replace("__", "."): value for key, value in changes.items()}
    return [f"{key}={value}" for key, value in values.items()]
