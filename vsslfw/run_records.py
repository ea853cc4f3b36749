"""What a run folder says of its run, read without running anything; a broken folder is a record that says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from vsslfw.atomic import read_json

STATE, METRICS, SPLIT, LOCK = "run.json", "metrics.json", "split.json", ".lock"
State = Literal["finished", "failed", "running", "interrupted", "damaged"]
STATES: tuple[State, ...] = ("finished", "failed", "running", "interrupted", "damaged")
DEPTH = 3
"""How many folders below the one that is listed a run may lie."""


@dataclass(frozen=True)
class RunRecord:
    """A run as its folder tells of it."""

    folder: Path
    state: State
    """``interrupted``: it says that it runs, and no process holds its lock. ``damaged``: what it says cannot be read."""
    trouble: str = ""
    """What is wrong with a damaged folder, or the kind of error that a failed run ended with."""
    name: str = ""
    profile: str = ""
    data: str = ""
    """``synthetic`` or ``recorded``."""
    digest: str = ""
    """Of the resolved recipe."""
    started: str = ""
    """UTC, ISO 8601; so is ``ended``."""
    ended: str = ""
    identified: bool = False
    folds: int | None = None
    """Of the split, once it is made."""
    metrics: dict[str, Any] | None = None
    """metrics.json of a finished run."""

    def figure(self, definition: str) -> tuple[float | None, float | None]:
        """A metric of a finished run and the constant answer's, by its key in metrics.json; none where it is not defined."""
        entry = (self.metrics or {}).get("definitions", {}).get(definition, {})
        return entry.get("value"), entry.get("constant")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, headline figures instead of all metrics."""
        plain = {name: value for name, value in vars(self).items() if name not in ("folder", "metrics")}
        figures = {}
        for name in ("balanced_accuracy", "f1_macro"):
            value, constant = self.figure(name)
            figures[name] = {"value": value, "constant": constant}
        return {"folder": str(self.folder), **plain, "figures": figures}


def find_runs(folder: Path) -> list[RunRecord]:
    """The runs in and below ``folder``, the latest first; those that say no time come last."""
    records = [read_run(state.parent) for state in _states(folder, DEPTH)]
    return sorted(records, key=lambda record: (record.started, str(record.folder)), reverse=True)


def _states(folder: Path, depth: int) -> Iterator[Path]:
    if (folder / STATE).is_file():
        yield folder / STATE
    elif depth and folder.is_dir():
        for child in sorted(folder.iterdir()):
            if child.is_dir() and not child.is_symlink() and not child.name.startswith("."):
                yield from _states(child, depth - 1)


def read_run(folder: Path) -> RunRecord:
    """The record of one run folder. No error: what cannot be read makes it ``damaged``."""
    try:
        said = read_json(folder / STATE)
        state = said["state"]
        if state not in STATES:
            raise ValueError(f'its state is "{state}"')
        if state == "running" and not _held(folder):
            state = "interrupted"
        metrics = read_json(folder / METRICS) if state == "finished" else None
        folds = len(read_json(folder / SPLIT)["folds"]) if (folder / SPLIT).is_file() else None
        return RunRecord(
            folder,
            state,
            str(said.get("error", "")),
            str(said.get("name", "")),
            str(said.get("profile", "")),
            str(said.get("data", "")),
            str(said["recipe"]),
            str(said.get("started", "")),
            str(said.get("ended", "")),
            bool(said.get("identified", False)),
            folds,
            metrics,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return RunRecord(folder, "damaged", _in_words(error))


def _in_words(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{STATE} lacks {error}"
    if isinstance(error, FileNotFoundError):
        return f"{Path(error.filename).name} is missing"
    return f"cannot be read: {type(error).__name__}: {error}"


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
