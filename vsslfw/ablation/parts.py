"""Swapping parts by name, in the words that a person writes: ``mask_frames``, ``permute_span+mask_frames``, ``none``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vsslfw.recipe import Recipe
from vsslfw.recipe.overrides import placed, value_of
from vsslfw.recipe.tree import Node, Place, merge

LISTS = ("corruption",)
"""Keys that hold a list of components."""


def named(change: Node, base: Recipe, above: tuple[str, ...] = ()) -> Node:
    """The change with components that it names in plain text as the recipe has them: ``corruption="mask_frames"`` keeps its ratio.

    Elements of a list that it names by index are changed in the recipe's list.
    """
    key = ".".join(above)
    if isinstance(change.value, str) and (key in LISTS or _is_component(_at(base, key))):
        return part_or_value(key, change.value, base, change.place)
    known = _at(base, key)
    if isinstance(change.value, dict) and isinstance(known, list | tuple) and all(_index(name, known) for name in change.value):
        elements = [placed(element, change.place) for element in known]
        for name, child in change.value.items():
            elements[int(name)] = merge(elements[int(name)], named(child, base, (*above, name)))
        return Node(type(known)(elements), change.place)
    if isinstance(change.value, dict):
        return Node({name: named(child, base, (*above, name)) for name, child in change.value.items()}, change.place)
    return change


def part_or_value(key: str, text: str, base: Recipe, place: Place) -> Node:
    """A literal, or components by name, joined by + where the key holds a list: those that the recipe has keep their parameters."""
    known = _at(base, key)
    if key in LISTS and not text.startswith(("[", "(")):
        names = [] if text == "none" else [name.strip() for name in text.split("+")]
        return placed([_own(name, known) for name in names], place)
    if _is_component(known) and not text.startswith(("dict(", "{")):
        return placed(_own(text, [known]), place)
    return value_of(text, place)


def _own(name: str, known: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The recipe's own component of that name, with its parameters; else one with its usual parameters."""
    return next((entry for entry in known if _same(str(entry["type"]), name)), {"type": name})


def _same(one: str, other: str) -> bool:
    """True too if only one of them says whose it is: what two plugins have cannot be named without."""
    short = one.rpartition("/")[2] == other.rpartition("/")[2]
    return one == other or (short and ("/" in one) != ("/" in other))


def _index(name: str, known: Sequence[Any]) -> bool:
    return name.isdigit() and int(name) < len(known)


def _is_component(known: Any) -> bool:
    return isinstance(known, dict) and "type" in known


def _at(base: Recipe, key: str) -> Any:
    value: Any = base.to_dict()
    for part in key.split("."):
        if isinstance(value, list | tuple) and _index(part, value):
            value = value[int(part)]
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            return None
    return value
