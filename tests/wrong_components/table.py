"""Which check must catch which wrong component."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Wrong:
    """A wrong component, of a kind (or kind/variant), and the check that must catch it."""

    kind: str
    cls: type
    check: str

    def __str__(self) -> str:
        return f"{self.kind}-{self.cls.__name__}-{self.check}"


WRONG: list[Wrong] = []


def caught_by(check: str, *kinds: str) -> Callable[[type], type]:
    """A class decorator: ``check`` must catch it, as a component of each of ``kinds``."""

    def remember(cls: type) -> type:
        WRONG.extend(Wrong(kind, cls, check) for kind in kinds)
        return cls

    return remember
