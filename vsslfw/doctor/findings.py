"""What was looked at, and how it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vsslfw.errors import VsslfwError

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


def examine(folder: Path, cache: Path, manifest: Path | None = None) -> Iterator[Finding]:
    """Every finding, group by group; ``folder`` is where runs would be written, ``cache`` what they would share.

    ``manifest``: the video files that it names are looked at too. A check that fails itself becomes a finding.
    """
    from vsslfw.doctor import codecs, devices, imports, packages, places, plugins, videos, weights

    checks: list[tuple[str, Check]] = [
        (packages.VERSIONS, packages.versions),
        (packages.CLASHES, packages.clashes),
        (imports.GROUP, imports.imports),
        (devices.GROUP, devices.devices),
        (codecs.GROUP, codecs.codecs),
        (weights.GROUP, weights.weights),
        (plugins.GROUP, plugins.states),
        (places.GROUP, lambda: places.places(folder, cache)),
    ]
    if manifest is not None:
        checks.append((videos.GROUP, lambda: videos.videos(manifest)))
    for group, check in checks:
        try:
            yield from check()
        except Exception as error:  # whatever breaks here is what the person came to hear of
            yield Finding(group, f"could not be looked at: {type(error).__name__}: {error}", "problem", _todo(error))


def _todo(error: Exception) -> str:
    if isinstance(error, VsslfwError):
        return "Put right what it names"
    if isinstance(error, ImportError):
        return "Put right the versions and imports above first"
    return "Report this, with the output of vsslfw doctor --json"
