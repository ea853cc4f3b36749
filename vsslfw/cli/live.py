"""What a person sees while a run goes on: one live bar a stage on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

PLAIN_EVERY_S = 60.0
"""Where there is no terminal, a line as often as this."""


class _Rate(ProgressColumn):
    """``412 frames/s``, once it is known."""

    def render(self, task: Task) -> Text:
        if task.speed is None or task.fields.get("unit") != "frames":
            return Text("")
        return Text(f"{task.speed:.0f} frames/s")


class LiveProgress:
    """A listener (`vsslfw.pipeline.progress.Progress`) that draws with rich; use it as a context manager."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._told = 0.0
        self._tasks: dict[str, TaskID] = {}
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            _Rate(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        )
        self._progress = Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)

    def __enter__(self) -> LiveProgress:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def start(self, task: str, total: float | None, unit: str) -> None:
        self._told = time.monotonic()
        self._tasks[task] = self._progress.add_task(escape(task), total=total, unit=unit, note="")

    def advance(self, task: str, amount: float, note: str = "") -> None:
        self._progress.update(self._tasks[task], advance=amount, note=escape(note))
        if not self._console.is_terminal and time.monotonic() - self._told > PLAIN_EVERY_S:
            self._told = time.monotonic()
            self._tell(next(t for t in self._progress.tasks if t.id == self._tasks[task]))

    def _tell(self, task: Task) -> None:
        """One plain line, for a log file or a pipe."""
        total = "" if task.total is None else f" of {task.total:.0f}"
        left = "" if not task.speed or task.total is None else f", about {(task.total - task.completed) / task.speed / 60:.0f} min left"
        self.say(f"{task.description:<9} {task.completed:.0f}{total} {task.fields['unit']}{left}  {task.fields['note']}".rstrip())

    def finish(self, task: str) -> None:
        self._progress.remove_task(self._tasks.pop(task))

    def say(self, line: str) -> None:
        if not self._quiet:
            self._console.print(escape(line), highlight=False, soft_wrap=True)
