"""Swapping parts by name, in the words that a person writes: ``mask_frames``, ``permute_span+mask_frames``, ``none``."""

from __future__ import annotations

from typing import Any

from vsslfw.recipe import Recipe
from vsslfw.recipe.overrides import placed, value_of
from vsslfw.recipe.tree import Node, Place

LISTS = ("corruption",)
"""Keys that hold a list of components."""


def named(change: Node, base: Recipe, above: tuple[str, ...] = ()) -> Node:
    """The change with components that it names in plain text as the recipe has them: ``corruption="mask_frames"`` keeps its ratio."""
    key = ".".join(above)
    if isinstance(change.value, str) and (key in LISTS or _is_component(_at(base, key))):
        return part_or_value(key, change.value, base, change.place)
    if isinstance(change.value, dict):
        return Node({name: named(child, base, (*above, name)) for name, child in change.value.items()}, change.place)
    return change


def part_or_value(key: str, text: str, base: Recipe, place: Place) -> Node:
    """A literal, or components by name, joined by + where the key holds a list: those that the recipe has keep their parameters."""
    known = _at(base, key)
    if key in LISTS and not text.startswith(("[", "(")):
        names = [] if text == "none" else [name.strip() for name in text.split("+")]
        own = {entry["type"]: entry for entry in known}
        return placed([own.get(name, {"type": name}) for name in names], place)
    if _is_component(known) and not text.startswith(("dict(", "{")):
        return placed({"type": text}, place)
    return value_of(text, place)


def _is_component(known: Any) -> bool:
    return isinstance(known, dict) and "type" in known


def _at(base: Recipe, key: str) -> Any:
    value: Any = base.to_dict()
    for part in key.split("."):
        if isinstance(value, list | tuple) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            return None
    return value
