"""What a run folder says of its run, read without running anything; a broken folder is a record that says what is wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from vsslfw.atomic import read_json

STATE, METRICS, SPLIT, LOCK, LOG = "run.json", "metrics.json", "split.json", ".lock", "log.txt"
TRACES = ((STATE,), (LOCK, LOG), (METRICS, SPLIT))
"""Files that no folder holds together but that of a run, whole or half-written."""
State = Literal["finished", "failed", "running", "interrupted", "damaged"]
STATES: tuple[State, ...] = ("finished", "failed", "running", "interrupted", "damaged")
HEADLINES = ("balanced_accuracy", "f1_macro")
"""The definitions of metrics.json that a list shows, each beside the constant answer's."""
DEPTH = 3
"""How many folders below the one that is listed a run may lie."""


@dataclass(frozen=True)
class RunRecord:
    """A run as its folder tells of it."""

    folder: Path
    state: State
    """``interrupted``: stopped by a person, or it says that it runs and no process holds its lock. ``damaged``: what it says
    cannot be read."""
    trouble: str = ""
    """What is wrong with a damaged folder, or the kind of error that a failed run ended with."""
    name: str = ""
    """Of the recipe; so are ``profile`` and ``digest``, which is that of the resolved recipe."""
    profile: str = ""
    data: str = ""
    """``synthetic`` or ``recorded``."""
    digest: str = ""
    started: str = ""
    """UTC, ISO 8601; so is ``ended``."""
    ended: str = ""
    identified: bool = False
    stage: str = ""
    """The stage that runs, or in which it ended without a result."""
    folds: int | None = None
    """Of the split, once it is made."""
    folds_done: int | None = None
    """Those of them that have a result."""
    metrics: dict[str, Any] | None = None
    """metrics.json of a finished run."""

    def figure(self, definition: str) -> tuple[float | None, float | None]:
        """A metric of a finished run and the constant answer's, by its key in metrics.json; none where it is not defined."""
        entry = _inside(_inside(self.metrics, "definitions"), definition)
        return _number(entry.get("value")), _number(entry.get("constant"))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, headline figures instead of all metrics."""
        plain = {name: value for name, value in vars(self).items() if name not in ("folder", "metrics")}
        figures = {name: dict(zip(("value", "constant"), self.figure(name), strict=True)) for name in HEADLINES}
        return {"folder": str(self.folder), **plain, "figures": figures}


def find_runs(folder: Path) -> list[RunRecord]:
    """The runs in and below ``folder``, the latest first; those that say no time come last."""
    records = [read_run(found) for found in _folders(folder, DEPTH)]
    return sorted(records, key=lambda record: (record.started, str(record.folder)), reverse=True)


def _folders(folder: Path, depth: int) -> Iterator[Path]:
    try:
        if any(all((folder / name).is_file() for name in together) for together in TRACES):
            yield folder
            return
        below = sorted(child for child in folder.iterdir() if child.is_dir() and not child.is_symlink()) if depth else []
    except OSError:  # not ours to read
        return
    for child in below:
        if not child.name.startswith("."):
            yield from _folders(child, depth - 1)


def read_run(folder: Path) -> RunRecord:
    """The record of one run folder. No error: what cannot be read makes it ``damaged``."""
    try:
        held, doubt = _held(folder), ""
    except OSError as error:
        held, doubt = False, f"whether it goes on is not known: {LOCK} cannot be opened ({type(error).__name__})"
    try:
        return _record(folder, held, doubt)
    except _DamageError as damage:
        return RunRecord(folder, "running" if held else "damaged", "it is beginning" if held else str(damage))


def _record(folder: Path, held: bool, doubt: str) -> RunRecord:
    said = _read(folder / STATE)
    state = said.get("state")
    if state is None or not _word(said.get("recipe")):
        raise _DamageError(f"{STATE} lacks {'the state' if state is None else 'the digest of the recipe'}")
    if state not in STATES or state == "damaged":
        raise _DamageError(f'{STATE} says the state "{state}", which is none')
    known: State = "running" if held else "interrupted" if state == "running" and not doubt else state
    split = _read(folder / SPLIT).get("folds") if (folder / SPLIT).is_file() else None
    folds = len(split) if isinstance(split, list) else _whole(said.get("folds"))
    words = {name: _word(said.get(name)) for name in ("name", "profile", "data", "started", "ended", "stage")}
    return RunRecord(
        folder,
        known,
        trouble=doubt if known == "running" else _word(said.get("error")),
        digest=said["recipe"],
        identified=said.get("identified") is True,
        folds=folds,
        folds_done=folds if known == "finished" else _whole(said.get("folds_done")),
        metrics=_metrics(_read(folder / METRICS)) if known == "finished" else None,
        **words,
    )


def _metrics(metrics: dict[str, Any]) -> dict[str, Any]:
    lacking = [name for name in HEADLINES if not _inside(_inside(metrics, "definitions"), name)]
    if lacking:
        raise _DamageError(f"{METRICS} lacks {', '.join(lacking)}")
    return metrics


def _inside(value: Any, key: str) -> dict[str, Any]:
    """What stands under a key, if it is a mapping in a mapping."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


class _DamageError(Exception):
    """What is wrong with a folder, in words."""


def _read(path: Path) -> dict[str, Any]:
    try:
        content = read_json(path)
    except FileNotFoundError:
        raise _DamageError(f"{path.name} is missing") from None
    except OSError as error:
        raise _DamageError(f"{path.name} cannot be opened: {error.strerror or type(error).__name__}") from error
    except (ValueError, RecursionError) as error:
        raise _DamageError(f"{path.name} is cut off, or is no JSON") from error
    if not isinstance(content, dict):
        raise _DamageError(f"{path.name} does not hold what a run writes")
    return content


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _whole(value: Any) -> int | None:
    return value if type(value) is int else None


def _number(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and math.isfinite(value) else None


def _held(folder: Path) -> bool:
    """True if a process works in the folder: looked at without leaving a trace of its own."""
    if not (folder / LOCK).exists():
        return False
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False
