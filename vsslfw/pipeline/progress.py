"""What a stage tells of its progress, and who listens: the terminal in the main process, nobody in a worker."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol


class Progress(Protocol):
    """A listener. Units are named: frames, epochs, folds."""

    def start(self, task: str, total: float | None, unit: str) -> None:
        """A piece of work begins."""

    def advance(self, task: str, amount: float, note: str = "") -> None:
        """Some of it is done."""

    def finish(self, task: str) -> None:
        """It has ended."""

    def say(self, line: str) -> None:
        """One line that stays."""


class Silent:
    """Listens and says nothing."""

    def start(self, task: str, total: float | None, unit: str) -> None: ...
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


@contextlib.contextmanager
def listening(progress: Progress) -> Iterator[None]:
    """Make ``progress`` the listener of this process for a while."""
    global _current
    before, _current = _current, progress
    try:
        yield
    finally:
        _current = before
