"""One progress view of a whole study: stages over all variants, and how much of all is left."""

from __future__ import annotations

from collections.abc import Mapping

from vsslfw.pipeline.progress import WHOLE, Progress


class OneView:
    """Passes work on, keeps the stages of single variants to itself, and turns work done into seconds of the whole.

    How fast those pass says how good the estimates are, and so when it ends. A stage that has more to do than was thought takes nothing
    from the later ones, and one that has less leaves nothing behind.
    """

    def __init__(self, listener: Progress, seconds: Mapping[str, float]) -> None:
        """seconds: stage -> what it is thought to take."""
        self._listener = listener
        self._seconds = dict(seconds)
        self._left = 0.0
        self._worth: Mapping[str, float] = {}
        self.say, self.merged = listener.say, listener.stage
        listener.start(WHOLE, max(sum(seconds.values()), 1e-6), "s of work, as estimated")

    def begin(self, stage: str, worth: Mapping[str, float] | None = None) -> None:
        """A stage begins, and the one before it is over. worth: task -> seconds that a unit of it is thought to take."""
        self.done(self._left)
        self._left = self._seconds.pop(stage, 0.0)
        self._worth = worth or {}

    def done(self, seconds: float) -> None:
        """So much of the stage is done, as estimated."""
        step = min(seconds, self._left)
        self._left -= step
        if step > 0:
            self._listener.advance(WHOLE, step)

    def end(self) -> None:
        """All is over."""
        self.begin("")
        self._listener.finish(WHOLE)

    def stage(self, name: str, state: str, note: str = "", seconds: float | None = None) -> None:
        """A variant's own stage: `merged` says what is true of all."""

    def start(self, task: str, total: float | None, unit: str, done: float = 0) -> None:
        self._listener.start(task, total, unit, done)

    def advance(self, task: str, amount: float, note: str = "") -> None:
        self._listener.advance(task, amount, note)
        self.done(amount * self._worth.get(task, 0.0))

    def finish(self, task: str) -> None:
        self._listener.finish(task)
