"""One progress view of a whole study: stages over all variants, and how much of all is left."""

from __future__ import annotations

from vsslfw.pipeline.progress import WHOLE, Progress


class OneView:
    """Passes work on, keeps the stages of single variants to itself, and turns work done into seconds of the whole.

    How fast those pass says how good the estimates are, and so when it ends.

    ``worth``: task -> estimated seconds a unit of it, for the stage that runs.
    """

    def __init__(self, listener: Progress, seconds: float) -> None:
        self._listener = listener
        self.worth: dict[str, float] = {}
        self.finish, self.say, self.merged = listener.finish, listener.say, listener.stage
        listener.start(WHOLE, max(seconds, 1e-6), "s of work, as estimated")

    def stage(self, name: str, state: str, note: str = "", seconds: float | None = None) -> None:
        """A variant's own stage: `merged` says what is true of all."""

    def start(self, task: str, total: float | None, unit: str, done: float = 0) -> None:
        self._listener.start(task, total, unit, done)

    def advance(self, task: str, amount: float, note: str = "") -> None:
        self._listener.advance(task, amount, note)
        if task in self.worth:
            self._listener.advance(WHOLE, amount * self.worth[task])
