"""Keys: what a stage's result depends on. Equal keys mean equal results; anything else is never used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vsslfw.plugins import registries


def component_key(kind: str, config: dict[str, Any]) -> dict[str, Any]:
    """A component's part of a key: its parameters, who contributed it, and its own ``cache_version``.

    The version of the package is left out: a release that changes only documentation must not redo a week of features.
    """
    component = registries().find(kind, config["type"])
    version = getattr(component.load(), "cache_version", 1)
    return {"config": config, "distribution": component.distribution, "cache_version": version}


def component_keys(kind: str, configs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """`component_key` of each."""
    return [component_key(kind, config) for config in configs]
