"""vsslfw: self-supervised learning on clinical seizure video."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vsslfw.pipeline.run import RunResult, run
    from vsslfw.pipeline.stages import Pipeline
    from vsslfw.recipe import Recipe, load_recipe

__version__ = "0.1.0"
__all__ = ["Pipeline", "Recipe", "RunResult", "load_recipe", "run"]

_HOMES = {
    "Pipeline": "vsslfw.pipeline.stages",
    "Recipe": "vsslfw.recipe",
    "RunResult": "vsslfw.pipeline.run",
    "load_recipe": "vsslfw.recipe",
    "run": "vsslfw.pipeline.run",
}


def __getattr__(name: str) -> Any:
    """Import the public names on first use: ``import vsslfw`` alone must not import torch."""
    if name not in _HOMES:
        raise AttributeError(f"module 'vsslfw' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
