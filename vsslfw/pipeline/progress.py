"""What a stage tells of its progress, and who listens: the terminal in the main process, nobody in a worker."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeVar

Result = TypeVar("Result")

STAGES = ("index", "extract", "pretrain", "validate", "baselines", "report")
"""The stages of a run, in order."""
RUNNING = "running"
WHOLE = "study"
"""The task that is all of a study, beside those of the stage that runs. Its units are seconds of work, as estimated."""


class Progress(Protocol):
    """A listener. Units are named: frames, epochs, folds."""

    def stage(self, name: str, state: str, note: str = "", seconds: float | None = None) -> None:
        """A stage of `STAGES` begins (`RUNNING`) or has ended: ``computed``, ``reused``, ``3 of 8 reused``, ``nothing to do``."""

    def start(self, task: str, total: float | None, unit: str, done: float = 0) -> None:
        """A piece of work begins; ``done`` of it was there already."""

    def advance(self, task: str, amount: float, note: str = "") -> None:
        """Some of it is done."""

    def finish(self, task: str) -> None:
        """It has ended."""

    def say(self, line: str) -> None:
        """One line that stays."""


class Silent:
    """Listens and says nothing."""

    def stage(self, name: str, state: str, note: str = "", seconds: float | None = None) -> None: ...
    def start(self, task: str, total: float | None, unit: str, done: float = 0) -> None: ...
    def advance(self, task: str, amount: float, note: str = "") -> None: ...
    def finish(self, task: str) -> None: ...
    def say(self, line: str) -> None: ...


_current: Progress = Silent()


def current() -> Progress:
    """The listener of this process."""
    return _current


def during_fit(task: str, units: float) -> Callable[[dict[str, Any]], None]:
    """A callback for `vsslfw.engine.fit`: a whole fit advances ``task`` by ``units``, what a resumed one skips included."""
    done = 0.0

    def report(state: dict[str, Any]) -> None:
        nonlocal done
        reached = units * state["iteration"] / state["iterations"]
        _current.advance(task, reached - done, f"epoch {state['epoch']} of {state['epochs']}, loss {state['loss']:.4g}")
        done = reached

    return report


def counted(results: Iterable[Result], task: str, total: int, unit: str, done: int = 0) -> Iterator[Result]:
    """Hand the results over; each is one unit of ``task``, less what the work on it has reported itself: nothing, in a worker.

    ``done`` of the ``total`` units were there already.
    """
    tally = _Tally(_current, task)
    tally.start(task, total, unit, done)
    with listening(tally):
        for finished, result in enumerate(results, start=1):
            tally.reach(finished)
            yield result
    tally.finish(task)


@contextlib.contextmanager
def making(task: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """A callback that hears (units done, of how many) of what is made before the first stage; silent if it is never called."""
    started, done, total = time.monotonic(), 0, 0

    def told(now: int, of: int) -> None:
        nonlocal done, total
        if not total:
            total = of
            _current.stage(STAGES[0], RUNNING, f"the {unit} are made first")
            _current.start(task, of, unit)
        _current.advance(task, now - done)
        done = now

    yield told
    if total:
        _current.finish(task)
        _current.say(f"{task:<9} {total} {unit} made ({time.monotonic() - started:.0f} s)")


class _Tally:
    """Passes everything on, and knows how far one task has come."""

    def __init__(self, listener: Progress, task: str) -> None:
        self._listener = listener
        self._task = task
        self._reached = 0.0
        self.start, self.finish, self.say, self.stage = listener.start, listener.finish, listener.say, listener.stage

    def advance(self, task: str, amount: float, note: str = "") -> None:
        if task == self._task:
            self._reached += amount
        self._listener.advance(task, amount, note)

    def reach(self, units: float) -> None:
        """Advance by what is missing, if anything is."""
        if units > self._reached:
            self.advance(self._task, units - self._reached)


@contextlib.contextmanager
def listening(progress: Progress) -> Iterator[None]:
    """Make ``progress`` the listener of this process for a while."""
    global _current
    before, _current = _current, progress
    try:
        yield
    finally:
        _current = before
