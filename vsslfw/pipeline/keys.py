"""Keys: what a stage's result depends on. Equal keys mean equal results; anything else is never used."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vsslfw.digest import digest_of, digest_of_file
from vsslfw.errors import Problem, UserError
from vsslfw.interfaces import Detector
from vsslfw.locations import replaced
from vsslfw.recipe import Recipe
from vsslfw.recipe.signature import locations_in

COVERED = "a file, in the fingerprint"
"""Stands for a path whose content the component's own fingerprint covers."""


def component_key(recipe: Recipe, kind: str, config: dict[str, Any]) -> dict[str, Any]:
    """A component's part of a key: its parameters, who contributed it, and its own ``cache_version``.

    Of a file that it names, the content counts: as its ``fingerprint`` says if it has one, else all of it; where the file lies
    does not. The version of the package is left out: a release that changes only documentation must not redo a week of features.
    A plugin that is a single file has no version: all of it counts.
    """
    component = recipe.registries.find(kind, config["type"])
    cls = component.load()
    own = getattr(cls, "fingerprint", Detector.fingerprint) is not Detector.fingerprint  # the contract's default covers nothing
    portable = replaced(config, locations_in(cls, kind, config), (lambda _: COVERED) if own else content_of)
    key = {
        "config": portable | {"type": component.name},
        "distribution": component.distribution,
        "cache_version": getattr(cls, "cache_version", 1),
    }
    return key | ({"code": component.code} if component.code else {})


def component_keys(recipe: Recipe, kind: str, configs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """`component_key` of each."""
    return [component_key(recipe, kind, config) for config in configs]


def content_of(path: str) -> str:
    """Digest of the file at a location, or of all files of a folder. UserError if there is none."""
    file = Path(path).expanduser()
    try:
        stat = file.stat()
        return _content(file, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise UserError(Problem(f"cannot be read: {error.strerror}", where=path)) from error


@functools.lru_cache(maxsize=64)
def _content(path: Path, size: int, modified: int) -> str:
    """Remembered for as long as size and time stay: a key is asked for once a clip."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    return digest_of([[file.relative_to(path).as_posix(), digest_of_file(file)] for file in files])
