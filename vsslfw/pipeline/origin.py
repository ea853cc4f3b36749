"""What made a result of the cache: the inputs that its key digests, and what such work costs here."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from vsslfw.atomic import read_json, write_json
from vsslfw.digest import digest_of

ORIGIN = "origin.json"
"""Beside each ``result.json``: the inputs. It is written last, and nothing but ``vsslfw cache`` reads it."""


def write_origin(folder: Path, inputs: dict[str, Any], provenance: dict[str, Any]) -> None:
    """Note what a result was made of."""
    write_json(folder / ORIGIN, {"inputs": inputs, "provenance": provenance})


@dataclass(frozen=True)
class Costs:
    """Seconds a unit of work, as last measured in this cache, by what the work is: for estimates, never for results."""

    cache: Path

    def _path(self, work: dict[str, Any]) -> Path:
        return self.cache / "costs" / f"{digest_of(work)}.json"

    def note(self, work: dict[str, Any], units: float, seconds: float) -> None:
        """Remember what ``units`` of this work took."""
        if units > 0:
            write_json(self._path(work), {"work": work, "units": units, "seconds": seconds})

    def seconds_a_unit(self, work: dict[str, Any]) -> float | None:
        """What a unit took; none if nobody has measured it here."""
        path = self._path(work)
        if not path.is_file():
            return None
        known = read_json(path)
        return float(known["seconds"]) / float(known["units"])


class Task(Protocol):
    """A piece of work of a stage."""

    @property
    def cache(self) -> Path: ...
    @property
    def work(self) -> dict[str, Any]: ...
    @property
    def units(self) -> int: ...


@contextmanager
def measured_unless_resumed(task: Task, folder: Path) -> Iterator[None]:
    """Remember what the body takes, unless it fails, or goes on with what a killed run left in ``folder``."""
    resumed = (folder / "work").exists()
    started = time.monotonic()
    yield
    if not resumed:
        Costs(task.cache).note(task.work, task.units, time.monotonic() - started)
