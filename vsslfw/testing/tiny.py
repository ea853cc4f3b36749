"""The demo, so small that a whole run takes seconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vsslfw.recipe import Recipe

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
    "statistics.resamples": "20",
    "statistics.permutations": "2",
}
"""Key -> value, as ``--set`` takes them; the backbone is random, on purpose."""


def tiny_overrides(**changes: str) -> list[str]:
    """``KEY=VALUE`` for each of `TINY`; a changed or added key is written with ``__`` for its dots."""
    values = TINY | {key.replace("__", "."): value for key, value in changes.items()}
    return [f"{key}={value}" for key, value in values.items()]


def tiny_recipe(*overrides: str, recipe: str | Path = "seizure_bart", profile: str | None = "demo") -> Recipe:
    """A resolved recipe of tiny size, with your ``KEY=VALUE`` overrides on top. A recipe with a backbone of its own keeps it.

    Raises UserError as `vsslfw.load_recipe` does.
    """
    from vsslfw.recipe import load_recipe

    yours = [text.partition("=")[0].strip() for text in overrides]
    wanted = {key: value for key, value in TINY.items() if not any(f"{key}.".startswith(f"{name}.") for name in yours)}
    if _backbone(recipe, profile) != _backbone("seizure_bart", profile):
        wanted.pop("backbone", None)
    return load_recipe(recipe, profile=profile, overrides=[*(f"{key}={value}" for key, value in wanted.items()), *overrides])


def _backbone(recipe: str | Path, profile: str | None) -> str | None:
    """Its name; none where the recipe as it is cannot be loaded."""
    from vsslfw.errors import UserError
    from vsslfw.recipe import load_recipe

    try:
        name: str = load_recipe(recipe, profile=profile).settings.backbone["type"]
    except UserError:
        return None
    return name
