"""Locations: parameters that say where a file lies. Its content counts, never the path, which may hold a patient's name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePath
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

IS_LOCATION = "a path: its content counts, never where it lies"
Location = Annotated[str, IS_LOCATION]
"""The type of a parameter that is a path, as plain text; ``pathlib.Path`` in an annotation means the same."""

KeyPath = tuple[str | int, ...]


def locations(annotation: Any, value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """The key paths of the locations in a value of this type. What a Literal beside it names ("imagenet") is none."""
    origin, args = get_origin(annotation), get_args(annotation)
    if annotation is Path or (origin is Annotated and IS_LOCATION in args[1:]):
        if isinstance(value, str):
            yield path
    elif origin is Annotated:
        yield from locations(args[0], value, path)
    elif origin in (Union, UnionType):
        if not any(get_origin(arg) is Literal and value in get_args(arg) for arg in args):
            yield from dict.fromkeys(found for arg in args for found in locations(arg, value, path))
    elif isinstance(value, dict) and len(args) == 2:
        for key, item in value.items():
            yield from locations(args[1], item, (*path, key))
    elif isinstance(value, list | tuple) and args:
        of_each = args if origin is tuple and len(args) == len(value) and Ellipsis not in args else args[:1] * len(value)
        for index, (arg, item) in enumerate(zip(of_each, value, strict=True)):
            yield from locations(arg, item, (*path, index))


def replaced(values: Any, paths: Iterable[KeyPath], change: Callable[[str], str]) -> Any:
    """A copy of ``values`` with ``change`` applied to the text at each key path."""
    for path in paths:
        values = _changed(values, path, change)
    return values


def file_name(path: str) -> str:
    """The path without its folders: what a run may record of it."""
    return PurePath(path).name


def _changed(values: Any, path: KeyPath, change: Callable[[str], str]) -> Any:
    if not path:
        return change(values)
    key, below = path[0], path[1:]
    if isinstance(values, dict):
        return {**values, key: _changed(values[key], below, change)}
    return type(values)(_changed(item, below, change) if index == key else item for index, item in enumerate(values))
