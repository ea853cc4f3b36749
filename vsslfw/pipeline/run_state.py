"""run.json: what a run folder says of its run, while it goes on and once it is over."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vsslfw.atomic import write_json
from vsslfw.pipeline import progress
from vsslfw.pipeline.run_folder import STATE

FOLDS = "validate"
"""The task whose units are folds."""
NEARLY = 1e-6
"""A fold is a sum of many small steps: so much may be missing by rounding."""


class RunState:
    """Writes run.json: ``facts`` that hold for the whole run, its state, and, until it has finished, the stage and the folds done.

    Times are UTC, in ISO 8601.
    """

    def __init__(self, folder: Path, facts: dict[str, Any]) -> None:
        self.facts = {**facts, "started": _now()}
        self._path = folder / STATE
        self._reached: dict[str, Any] = {}

    def running(self) -> None:
        """It goes on."""
        write_json(self._path, {**self.facts, "state": "running", **self._reached})

    def finished(self) -> None:
        """It is over, and its results are there."""
        write_json(self._path, {**self.facts, "state": "finished", "ended": _now()})

    def ended_by(self, error: BaseException) -> None:
        """It is over without a result: interrupted by the person, or failed."""
        state = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        write_json(self._path, {**self.facts, "state": state, **self._reached, "ended": _now(), "error": type(error).__name__})

    @contextlib.contextmanager
    def following(self) -> Iterator[None]:
        """Keep run.json up to date with what the stages tell of their progress."""
        with progress.listening(_Follower(progress.current(), self)):
            yield

    def reached(self, **what: Any) -> None:
        """Note how far the run has come. No error if it cannot be written: the work is worth more than the note."""
        self._reached.update(what)
        with contextlib.suppress(OSError):
            self.running()


class _Follower:
    """Passes everything on; notes the stage that runs, and how many folds are done."""

    def __init__(self, listener: progress.Progress, state: RunState) -> None:
        self._listener = listener
        self._state = state
        self._folds = 0.0
        self.finish, self.say = listener.finish, listener.say

    def stage(self, name: str, state: str, note: str = "", seconds: float | None = None) -> None:
        if state == progress.RUNNING:
            self._state.reached(stage=name)
        self._listener.stage(name, state, note, seconds)

    def start(self, task: str, total: float | None, unit: str, done: float = 0) -> None:
        if task == FOLDS:
            self._folds = done
            self._state.reached(folds_done=int(done), folds=None if total is None else int(total))
        self._listener.start(task, total, unit, done)

    def advance(self, task: str, amount: float, note: str = "") -> None:
        if task == FOLDS:
            before, self._folds = int(self._folds + NEARLY), self._folds + amount
            if int(self._folds + NEARLY) > before:
                self._state.reached(folds_done=int(self._folds + NEARLY))
        self._listener.advance(task, amount, note)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
