"""A recipe as it was written: a tree of values, each with the place it came from, so that an error can name it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from vsslfw.errors import Problem
from vsslfw.locations import KeyPath as KeyPath


@dataclass(frozen=True, order=True)
class Place:
    """Where a value was written: ``file:line:column`` (both from 1), or an option of the command line."""

    source: str
    line: int = 0
    column: int = 0

    @property
    def is_option(self) -> bool:
        """True for ``--set KEY=VALUE`` and the like, which name their key themselves."""
        return self.source.startswith("--")

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


class Unreadable:
    """Stands for a value that was refused: its problem is known, and nothing more is to be said about it."""


UNREADABLE = Unreadable()


@dataclass(frozen=True)
class Node:
    """A value with its place: a scalar, or a dict, list or tuple of nodes."""

    value: Any
    place: Place

    @property
    def children(self) -> list[tuple[str | int, Node]]:
        """The nodes inside, with their keys or indices."""
        if isinstance(self.value, dict):
            return list(self.value.items())
        return list(enumerate(self.value)) if isinstance(self.value, list | tuple) else []

    @cached_property
    def size(self) -> int:
        """How many values there are, counting one that is used twice twice."""
        return 1 + sum(child.size for _, child in self.children)

    @cached_property
    def depth(self) -> int:
        """How deep they are nested."""
        return 1 + max((child.depth for _, child in self.children), default=0)

    def plain(self) -> Any:
        """The value as plain data. What is unreadable is left out of a dict, and None in a list, whose indices must stay."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items() if child.value is not UNREADABLE}
        if isinstance(self.value, list | tuple):
            return type(self.value)(child.plain() for child in self.value)
        return None if self.value is UNREADABLE else self.value

    def unreadable(self, path: KeyPath = ()) -> Iterator[KeyPath]:
        """The key paths of the values that were refused."""
        if self.value is UNREADABLE:
            yield path
        for key, child in self.children:
            yield from child.unreadable((*path, key))

    def place_of(self, path: KeyPath) -> Place:
        """The place of a key path, or of what lies nearest above it."""
        return self._follow(path)[0].place

    def holds(self, path: KeyPath) -> bool:
        """True if there is a value at the key path."""
        return self._follow(path)[1] == len(path)

    def _follow(self, path: KeyPath) -> tuple[Node, int]:
        """The node at the path or nearest above it, and how many keys deep that is."""
        node = self
        for depth, key in enumerate(path):
            below = {str(name): child for name, child in node.children}.get(str(key))
            if below is None:
                return node, depth
            node = below
        return node, len(path)


@dataclass(frozen=True)
class Finding:
    """Something wrong at a key path, and with it at the paths in ``also``; `located` makes it a Problem once places are known."""

    path: KeyPath
    what: str
    hint: str = ""
    also: tuple[KeyPath, ...] = ()

    def located(self, tree: Node) -> tuple[Place, Problem]:
        """The place, and the Problem that names it and the key: of several that clash, the one that was written last."""
        path = max((self.path, *self.also), key=lambda path: _nearness(tree.place_of(path), tree.place))
        place, key = tree.place_of(path), dotted(path)
        if not place.is_option:
            return place, Problem(self.what, f"{place}  {key}".rstrip(), self.hint)
        names_it = place.source.startswith(f"--set {key}=")
        return place, Problem(self.what if names_it or not key else f"{key}: {self.what}", str(place), self.hint)


def _nearness(place: Place, top: Place) -> int:
    """An option is nearer to the user than the recipe, and that is nearer than its bases."""
    return 2 if place.is_option else int(place.source == top.source)


def related(path: KeyPath, others: Iterable[KeyPath]) -> bool:
    """True if the path is one of the others, or lies above or below one."""
    return any(path[: len(other)] == other[: len(path)] for other in others)


def dotted(path: KeyPath) -> str:
    """``("corruption", 0, "span")`` -> ``corruption.0.span``."""
    return ".".join(map(str, path))


def merge(below: Node, above: Node) -> Node:
    """``above`` wins. Dicts are merged key by key, except that another ``type`` replaces a component whole; lists are replaced."""
    old, new = below.value, above.value
    if not isinstance(old, dict) or not isinstance(new, dict):
        return above
    if "type" in old and "type" in new and old["type"].value != new["type"].value:
        return above
    merged = old | {key: merge(old[key], child) if key in old else child for key, child in new.items()}
    return Node(merged, above.place)
