"""``--vary KEY=VALUE,VALUE``: variants from the command line, swapping parts by name."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PureWindowsPath
from typing import Any

from vsslfw.ablation.parts import part_or_value
from vsslfw.ablation.study import Variant
from vsslfw.errors import Problem, UserError
from vsslfw.recipe import Recipe
from vsslfw.recipe.overrides import nested
from vsslfw.recipe.tree import Node, Place, merge

REFERENCE = "reference"
"""The variant of one-at-a-time studies that has the first value of every ``--vary``."""

SEPARATORS = frozenset("/\\")


@dataclass(frozen=True)
class Varied:
    """One ``--vary``: the key, and each of its values as variants are named by it and as a tree."""

    key: str
    values: Sequence[tuple[str, Node]]


def varied(texts: Sequence[str], base: Recipe) -> list[Varied]:
    """Read them all. UserError with every problem of form; whether keys and values exist, each variant's recipe says."""
    found, problems = [], []
    for text in texts:
        key, equals, values = text.partition("=")
        key, place = key.strip(), Place(f"--vary {text}")
        parts = split(values)
        if not equals or not all(key.split(".")) or len(parts) < 2 or not all(parts):
            hint = "such as --vary pretrain.source=contextual,none"
            problems.append(Problem("expected KEY=VALUE,VALUE with two values or more", str(place), hint))
        elif len(set(parts)) < len(parts):
            problems.append(Problem("a value is named twice", str(place)))
        else:
            nodes = [part_or_value(key, part, base, place) for part in parts]
            found.append(Varied(key, list(zip(_names(key, parts, nodes), nodes, strict=True))))
    keys = [one.key for one in found]
    problems += [
        Problem(f"{key} is varied twice", "--vary", "name all its values in one") for key in sorted(set(keys)) if keys.count(key) > 1
    ]
    if problems:
        raise UserError(*problems)
    return found


def one_at_a_time(varied: Sequence[Varied]) -> list[Variant]:
    """The reference, and every other value alone in it."""
    first = [_change(one.key, one.values[0][1]) for one in varied]
    found = [Variant(REFERENCE, _merged(first))]
    for number, one in enumerate(varied):
        for text, node in one.values[1:]:
            others = [change for at, change in enumerate(first) if at != number]
            found.append(Variant(f"{_short(one.key, varied)}={text}", _merged([*others, _change(one.key, node)])))
    return found


def grid(varied: Sequence[Varied]) -> list[Variant]:
    """Every combination; the first is that of the first values."""
    found = []
    for chosen in itertools.product(*(one.values for one in varied)):
        name = ", ".join(f"{_short(one.key, varied)}={text}" for one, (text, _) in zip(varied, chosen, strict=True))
        found.append(Variant(name, _merged([_change(one.key, node) for one, (_, node) in zip(varied, chosen, strict=True)])))
    return found


def split(text: str) -> list[str]:
    """At the commas that are not inside brackets or quotes."""
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        if letter == "," and depth == 0 and not quote:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _names(key: str, texts: Sequence[str], nodes: Sequence[Node]) -> list[str]:
    """Each value as it was written; of a path the file's name alone, since folders may bear a patient's, and names are kept and shown."""
    names = []
    for text, node in zip(texts, nodes, strict=True):
        value = node.plain()
        short = _without_folders(value, key.rpartition(".")[2])
        as_written = short == value or SEPARATORS.isdisjoint(text)  # it is the recipe's own part, named without its parameters
        names.append(text if as_written else short if isinstance(short, str) else repr(short))
    return [f"{name} #{names[: number + 1].count(name)}" if name in names[:number] else name for number, name in enumerate(names)]


def _without_folders(value: Any, key: str) -> Any:
    """A ``type`` with a slash says whose component it is, and is no path."""
    if isinstance(value, dict):
        return {name: _without_folders(child, name) for name, child in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_without_folders(child, key) for child in value)
    if isinstance(value, str) and key != "type" and not SEPARATORS.isdisjoint(value):
        return PureWindowsPath(value).name or "a path"
    return value


def _change(key: str, node: Node) -> Node:
    return nested(tuple(key.split(".")), node)


def _merged(changes: Sequence[Node]) -> Node:
    tree = changes[0]
    for change in changes[1:]:
        tree = merge(tree, change)
    return tree


def _short(key: str, varied: Sequence[Varied]) -> str:
    """The last part of the key, unless another key ends in the same."""
    last = key.rpartition(".")[2]
    return key if sum(one.key.rpartition(".")[2] == last for one in varied) > 1 else last
