"""What an input of a result is, to a person who writes recipes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Setting:
    """A value of the recipe, by its dotted key."""

    key: str
    value: Any


@dataclass(frozen=True)
class Component:
    """A component with its parameters, which are values of the recipe too, and its own ``cache_version``."""

    key: str
    """Where the recipe names it: ``encoder``, ``corruption.0``, ``pretrain.head``."""
    kind: str
    config: dict[str, Any]
    distribution: str
    cache_version: Any
    code: str = ""
    """Of a plugin that is a single file: the digest of it."""

    @property
    def name(self) -> str:
        """Its type."""
        return str(self.config.get("type", "?"))


@dataclass(frozen=True)
class MadeOf:
    """Other results that went into it, by key."""

    stage: str
    role: str
    """What they were in it: ``clips``, ``trained on``."""
    keys: tuple[str, ...]
    otherwise: str
    """What would change which they are."""


@dataclass(frozen=True)
class Note:
    """Something that no recipe says: a digest of a file, versions of a decoder; or that it says only in part."""

    what: str
    value: Any
    keys: tuple[str, ...] = ()
    """Dotted keys of the recipe that change it."""
    otherwise: str = ""
    """What else changes it."""


@dataclass(frozen=True)
class Unexplained:
    """An input that this version of vsslfw does not know: another version made the result."""

    name: str
    value: Any


Fact = Setting | Component | MadeOf | Note | Unexplained


def as_mapping(facts: Iterable[Fact]) -> dict[str, Any]:
    """By name, for a comparison: values and notes; components nested, with their parameters. Without `MadeOf`."""
    found: dict[str, Any] = {}
    for fact in facts:
        if isinstance(fact, Component):
            key, _, number = fact.key.partition(".")
            if number.isdigit():
                found.setdefault(key, []).append(fact.config)
            else:
                found[fact.key] = fact.config
            found[f"distribution of {fact.key} {fact.name}"] = fact.distribution
            found[f"cache_version of {fact.key} {fact.name}"] = fact.cache_version
            found |= {f"code of {fact.key} {fact.name}": fact.code} if fact.code else {}
        elif isinstance(fact, Setting):
            found[fact.key] = fact.value
        elif isinstance(fact, Note):
            found[fact.what] = fact.value
        elif isinstance(fact, Unexplained):
            found[fact.name] = fact.value
    return found
