"""A component minds its own business: no global randomness, no global settings, no network, no files."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from vsslfw.testing.calls import results
from vsslfw.testing.compare import EXACT, difference
from vsslfw.testing.global_state import global_seeds, random_states, settings
from vsslfw.testing.guards import files_watched
from vsslfw.testing.outcomes import require
from vsslfw.testing.samples import watched_videos
from vsslfw.testing.subjects import Subject


def check_global_random_state(subject: Subject) -> None:
    """Results never depend on the global random state of Python, numpy or torch (encoders and heads: on torch's alone)."""
    found: list[Any] = []
    for seed, make in ((1, subject.shared), (2, subject.build)):
        with global_seeds(seed):
            found.append(results(subject, make()))
    said = difference(found[0], found[1], EXACT if subject.kind == "corruption" else 1e-5)
    todo = "draw from the generator that is handed in, and random weights under vsslfw.weights.seeded(SEED)"
    require(not said, "building and calling it under two seeds of random, numpy.random and torch", said, todo)


def check_random_state_untouched(subject: Subject) -> None:
    """The global generators stand where they stood: what others draw does not depend on it."""
    moved = _observed(subject).generators
    todo = "never call seed() or manual_seed(); draw from the generator that is handed in, or under vsslfw.weights.seeded(SEED)"
    require(not moved, "building and calling it", f"the global generator of {', '.join(moved)} moved", todo)


def check_settings_untouched(subject: Subject) -> None:
    """Global settings stay: torch's default dtype, device, threads, gradients and determinism, numpy's errors, the current folder."""
    changed = _observed(subject).settings
    todo = "use a context manager around your own lines, which puts the setting back"
    require(not changed, "building and calling it", "; ".join(changed), todo)


def check_no_network(subject: Subject) -> None:
    """Nothing contacts a network: not at the first import of its libraries, not when it is built, not when it is used."""
    _observed(subject)
    todo = "read weights from a file or a local cache (vsslfw.weights.find_file), and say in the error where to get them"
    require(not subject.network, "building and calling it", f"it tried {subject.network[0] if subject.network else ''}", todo)


def check_no_files(subject: Subject) -> None:
    """No file is written, moved or removed, and no process started."""
    seen = _observed(subject).files
    todo = "keep what it needs in memory; what must be stored is the framework's cache's business"
    require(not seen, "building and calling it", "; ".join(seen[:3]), todo)


@dataclass(frozen=True)
class _Observation:
    generators: list[str]
    settings: list[str]
    files: list[str]


@functools.lru_cache(maxsize=1)
def _observed(subject: Subject) -> _Observation:
    """What changed around a component while it was built and called, once for four checks: building may take seconds."""
    if subject.kind == "detector":
        watched_videos()  # made before anything is observed
    before = settings()
    with files_watched() as files, global_seeds(7):
        states = random_states()
        results(subject, subject.build())
        generators = [name for name, state in random_states().items() if state != states[name]]
    after = settings()
    changed = [f"{name} was {before[name]} and is {after[name]}" for name in before if before[name] != after[name]]
    return _Observation(generators, changed, files)
