"""``--set KEY=VALUE``: one value of the recipe, from the command line."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from vsslfw.errors import Problem
from vsslfw.recipe.evaluate import Evaluator, is_text
from vsslfw.recipe.tree import UNREADABLE, Node, Place, merge

_QUOTED = """put single quotes around the whole: --set '%s=dict(type="...")'"""


def apply_overrides(tree: Node, overrides: Sequence[str]) -> tuple[Node, list[Problem]]:
    """The tree with each ``KEY=VALUE`` in it, the later winning, and what is wrong with their form.

    A key is dotted, list elements by index (``corruption.0.span=10``). Whether a key exists is the schema's business.
    """
    problems: list[Problem] = []
    applied: list[tuple[tuple[str, ...], Node]] = []
    for text in overrides:
        key, equals, value = text.partition("=")
        path = tuple(part.strip() for part in key.split("."))
        place = Place(f"--set {text}")
        if not equals or not all(path) or not is_text(text):
            problems.append(Problem("expected KEY=VALUE, such as pretrain.epochs=10", str(place)))
        elif path[0] in ("profiles", "_base_"):
            hint = "choose a profile with --profile" if path[0] == "profiles" else ""
            problems.append(Problem(f"{path[0]} belongs to a recipe file and cannot be set", str(place), hint))
        else:
            node = value_of(value.strip(), place)
            if isinstance(node.value, str) and value.strip().startswith("dict("):
                # Taken as plain text, it would be answered as the name of a component.
                problems.append(
                    Problem(
                        f"{value.strip()} cannot be read: text in it needs quotes, and a shell takes them", f"--set {key}", _QUOTED % key
                    )
                )
                continue
            try:
                tree = _with(tree, path, node, ())
            except _RefusedError as error:
                problems.append(Problem(str(error), str(place)))
            else:
                applied.append((path, node))
    problems += _undone(tree, applied)
    return tree, problems


class _RefusedError(Exception):
    """The key cannot be followed."""


def value_of(text: str, place: Place) -> Node:
    """A Python literal (dict(...) too), else plain text."""
    evaluator = Evaluator(place.source, text.splitlines(), arithmetic=False)
    try:
        node = evaluator.evaluate(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Node(text, place)
    return Node(text, place) if evaluator.problems else placed(node.plain(), place)


def placed(value: Any, place: Place) -> Node:
    """Plain data as a tree whose every value was written at ``place``."""
    if isinstance(value, dict):
        return Node({key: placed(child, place) for key, child in value.items()}, place)
    if isinstance(value, list | tuple):
        return Node(type(value)(placed(child, place) for child in value), place)
    return Node(value, place)


def _with(tree: Node, path: tuple[str, ...], new: Node, above: tuple[str, ...]) -> Node:
    if not path:
        return merge(tree, new) if isinstance(new.value, dict) else new
    if tree.value is UNREADABLE:
        return tree
    key, rest = path[0], path[1:]
    here = ".".join(above)
    if isinstance(tree.value, dict):
        below = _with(tree.value[key], rest, new, (*above, key)) if key in tree.value else nested(rest, new)
        if key == "type" and not rest:
            return merge(tree, Node({key: below}, tree.place))  # another type: the old one's parameters go
        return Node(tree.value | {key: below}, tree.place)
    if isinstance(tree.value, list | tuple):
        if not key.isdigit() or int(key) >= len(tree.value):
            raise _RefusedError(f"{here} is a list of {len(tree.value)}; expected an index below {len(tree.value)}, found {key}")
        elements = list(tree.value)
        elements[int(key)] = _with(elements[int(key)], rest, new, (*above, key))
        return Node(type(tree.value)(elements), tree.place)
    raise _RefusedError(f'{here} is {tree.plain()!r}, which holds no key "{key}"')


def nested(path: tuple[str, ...], new: Node) -> Node:
    """A tree that holds ``new`` at a key path, and nothing else."""
    return Node({path[0]: nested(path[1:], new)}, new.place) if path else new


def _undone(tree: Node, applied: list[tuple[tuple[str, ...], Node]]) -> list[Problem]:
    """An option that a later one swept away (by naming another type, say) must not be lost in silence."""
    problems = []
    for number, (path, node) in enumerate(applied):
        set_again = any(path == later for later, _ in applied[number + 1 :])
        if not set_again and tree.place_of(path) != node.place:
            problems.append(Problem("a later --set replaces what this one sets", str(node.place), "give it after that one"))
    return problems
