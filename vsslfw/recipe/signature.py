"""The parameters of a component, read off its ``__init__``: what a recipe may set, and what it must."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

from vsslfw.locations import KeyPath, locations

REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True)
class Parameter:
    """One keyword-only argument: its name, type, default (REQUIRED if there is none) and type as the author wrote it."""

    name: str
    annotation: Any
    default: Any
    written: str

    def check(self, value: Any) -> Any:
        """The value, strictly of the annotated type (10 is a float, True and "10" are no integers). Raises ValidationError.

        Checked as JSON, in which a list may be meant for a tuple, and text for a path; a path stays text, as plain data.
        """
        try:
            adapter = TypeAdapter(self.annotation, config=ConfigDict(arbitrary_types_allowed=True))
        except (PydanticSchemaGenerationError, PydanticUserError):
            return value  # a type that cannot be checked from outside; the component checks it itself
        return _plain(adapter.dump_python(adapter.validate_json(json.dumps(value), strict=True)))


def parameters(cls: type, kind: str) -> dict[str, Parameter] | None:
    """Name -> parameter, in the author's order; none if the class takes any (``**kwargs``).

    Arguments that the framework passes by position are left out. scikit-learn's splitters, of kind ``validation``, are
    given nothing by position, so all of theirs count.
    """
    if cls.__init__ is object.__init__:  # type: ignore[misc]
        return {}
    signature = inspect.signature(cls.__init__)  # type: ignore[misc]
    try:
        hints = get_type_hints(cls.__init__, include_extras=True)  # type: ignore[misc]
    except (NameError, TypeError):
        hints = {}  # names known to a type checker alone: then only the parameters' names can be checked
    allowed = {inspect.Parameter.KEYWORD_ONLY} | ({inspect.Parameter.POSITIONAL_OR_KEYWORD} if kind == "validation" else set())
    found = {}
    for name, parameter in list(signature.parameters.items())[1:]:
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            return None
        if parameter.kind in allowed:
            found[name] = Parameter(name, hints.get(name, Any), parameter.default, _written(parameter.annotation))
    return found


def locations_in(cls: type, kind: str, config: dict[str, Any]) -> list[KeyPath]:
    """The key paths of what in a component's config is a location; parameters that ``**kwargs`` take are not known."""
    known = parameters(cls, kind) or {}
    return [found for key, parameter in known.items() if key in config for found in locations(parameter.annotation, config[key], (key,))]


def _written(annotation: Any) -> str:
    if annotation is REQUIRED:
        return ""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def is_plain(value: Any) -> bool:
    """True for what a recipe can hold: None, booleans, numbers, text, and lists, tuples and dicts of them."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return type(value)(_plain(item) for item in value) if isinstance(value, list | tuple) else value


__all__ = ["REQUIRED", "Parameter", "ValidationError", "is_plain", "locations_in", "parameters"]
