"""What was looked at, and how it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Outcome = Literal["ok", "note", "problem"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    group: str
    what: str
    outcome: Outcome = "ok"
    todo: str = ""
    """What to do about it; never empty for a problem."""


Check = Callable[[], Iterator[Finding]]


def examine(folder: Path, cache: Path) -> Iterator[Finding]:
    """Every finding, group by group; ``folder`` is where runs would be written, ``cache`` what they would share.

    A check that fails itself becomes a finding.
    """
    from vsslfw.doctor import codecs, devices, packages, places, plugins, weights

    checks: list[tuple[str, Check]] = [
        ("versions", packages.versions),
        ("packages that clash", packages.clashes),
        ("devices", devices.devices),
        ("video", codecs.codecs),
        ("weights", weights.weights),
        ("plugins", plugins.states),
        ("places", lambda: places.places(folder, cache)),
    ]
    for group, check in checks:
        try:
            yield from check()
        except Exception as error:  # whatever breaks here is what the person came to hear of
            yield Finding(group, f"could not be looked at: {type(error).__name__}: {error}", "problem", "Report this: vsslfw doctor --json")
