"""What the cache has noted of a result: its inputs, and the components that made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vsslfw.atomic import read_json
from vsslfw.caching.contents import Result
from vsslfw.errors import Problem, UserError
from vsslfw.pipeline.origin import ORIGIN


@dataclass(frozen=True)
class Origin:
    """``inputs`` are what the key digests; none where they were not noted."""

    inputs: dict[str, Any] | None
    provenance: dict[str, Any] = field(default_factory=dict)

    def version_of(self, kind: str, name: str, distribution: str) -> str:
        """The version of a component when the result was made; nothing if it was not noted."""
        for component in self.provenance.get("components", ()):
            if (component.get("kind"), component.get("name"), component.get("distribution")) == (kind, name, distribution):
                return str(component.get("version", ""))
        return ""

    def made_for(self) -> str:
        """For which recipe it was made first, in a sentence without an end; nothing if that was not noted."""
        recipe = _mapping(self.provenance, "recipe")
        if not recipe:
            return ""
        name, profile, digest = (str(recipe.get(part, "?")) for part in ("name", "profile", "digest"))
        by, data = (self.provenance.get(part, "?") for part in ("vsslfw", "data"))
        return f"by vsslfw {by} for {name}, profile {profile}, digest {digest[:8]}, on {data} video"


def read_origin(result: Result) -> Origin:
    """Of a result; empty if it is unfinished. UserError if a file of it is damaged."""
    if result.head is None:
        return Origin(None)
    if result.folder is None:
        provenance = dict(_mapping(_read(result.head), "provenance"))
        return Origin(provenance.pop("inputs", None), provenance)
    path = result.folder / ORIGIN
    if path.is_file():
        noted = _read(path)
        return Origin(dict(_mapping(noted, "inputs")), dict(_mapping(noted, "provenance")))
    return Origin(None, dict(_mapping(_read(result.head), "provenance")))


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = read_json(path)
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(Problem(f"cannot be read: {type(error).__name__}", str(path), "Remove the result, and run again")) from error
    return content if isinstance(content, Mapping) else {}


def _mapping(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = content.get(name)
    return found if isinstance(found, Mapping) else {}
