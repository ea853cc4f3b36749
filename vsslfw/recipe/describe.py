"""Types in words: what was expected, and what was found."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from vsslfw.errors import did_you_mean
from vsslfw.locations import IS_LOCATION
from vsslfw.recipe.schema import Slot

_WORDS: dict[Any, tuple[str, str]] = {
    int: ("an integer", "integers"),
    float: ("a number", "numbers"),
    str: ("text", "texts"),
    bool: ("True or False", "True or False"),
    type(None): ("None", "None"),
    Path: ("a path", "paths"),
    Any: ("anything", "values"),
    dict: ("dict(...)", "dicts"),
}
_LIMITS = {
    "gt": "above {}",
    "ge": "of at least {}",
    "lt": "below {}",
    "le": "at most {}",
    "min_length": "(at least {})",
    "max_length": "(at most {})",
}


def describe(annotation: Any, *, plural: bool = False) -> str:
    """``Annotated[int, Gt(0)] | None`` -> ``an integer above 0, or None``."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        if any(isinstance(mark, Slot) for mark in args[1:]):
            return "components" if plural else 'a component, dict(type="NAME", ...)'
        if IS_LOCATION in args[1:]:
            return _WORDS[Path][plural]
        return describe(args[0], plural=plural) + "".join(map(_limits, args[1:]))
    if origin is Literal:
        return _alternatives([_quoted(value) for value in args])
    if origin in (Union, types.UnionType):
        return _alternatives([describe(arg, plural=plural) for arg in args])
    if origin is tuple and args and args[-1] is not Ellipsis:
        same = len(set(args)) == 1
        return f"{len(args)} {describe(args[0], plural=True)}" if same else f"({', '.join(describe(arg) for arg in args)})"
    if origin is dict:
        return _WORDS[dict][plural]
    if annotation in (list, tuple) or (origin is not None and args):
        element = args[0] if args else Any
        words = describe(element, plural=True)
        return f"a list of {words.removesuffix(' that is not empty')}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"dict({', '.join(f'{name}=...' for name in annotation.model_fields)})"
    name = str(getattr(annotation, "__name__", annotation))
    return _WORDS.get(annotation, (name, name))[plural]


def mismatch(annotation: Any, value: Any) -> tuple[str, str]:
    """What was expected and found, and as a hint the nearest of the names that the annotation allows."""
    what = f"expected {describe(annotation)}, found {found(value)}"
    if isinstance(value, dict) and describe(annotation).startswith("a list of"):
        return what, "put it in brackets: [dict(...)]"
    if not isinstance(value, str):
        return what, ""
    if any(isinstance(mark, Slot) for mark in getattr(annotation, "__metadata__", ())):
        return what, f"write dict(type={_quoted(value)})"
    near = did_you_mean(value, _literals(annotation))
    return what, near if near.startswith("did") else ""


def _literals(annotation: Any) -> list[str]:
    if get_origin(annotation) is Literal:
        return [value for value in get_args(annotation) if isinstance(value, str)]
    return [value for arg in get_args(annotation) for value in _literals(arg)]


def found(value: Any) -> str:
    """A value as a recipe would write it, shortened."""
    text = _quoted(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) and '"' not in value else repr(value)


def _limits(mark: Any) -> str:
    """The limits of ``pydantic.Field(...)`` or of one of the marks of annotated_types."""
    limits = mark.metadata if isinstance(mark, FieldInfo) else [mark]
    words = [word.format(getattr(limit, name)) for limit in limits for name, word in _LIMITS.items() if hasattr(limit, name)]
    if words == [_LIMITS["min_length"].format(1)]:
        return " that is not empty"
    return f" {' and '.join(words)}" if words else ""


def _alternatives(words: list[str]) -> str:
    if len(words) < 3:
        return " or ".join(words)
    return f"{', '.join(words[:-1])} or {words[-1]}"
