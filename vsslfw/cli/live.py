"""What a person sees while a run goes on: one live view of all stages on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.live import Live
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
from rich.table import Table
from rich.text import Text

from vsslfw.pipeline.progress import RUNNING, STAGES

PLAIN_EVERY_S = 60.0
"""Where there is no terminal, a line as often as this."""
WIDE = 90
"""Columns from which a bar has room for everything that is known."""


@dataclass
class _Stage:
    """How a stage stands, and since when it runs."""

    state: str = "waiting"
    note: str = ""
    seconds: float | None = None
    since: float = 0.0


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
        self._stages = {name: _Stage() for name in STAGES}
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(*_columns(console.width), console=console, auto_refresh=False)
        self._live = None if quiet or not console.is_terminal else Live(get_renderable=self._view, console=console, refresh_per_second=4)

    def __enter__(self) -> LiveProgress:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        for task in self._progress.task_ids:  # a run that failed: the stages stay on the screen, half a bar does not
            self._progress.remove_task(task)
        if self._live:
            self._live.stop()

    def stage(self, name: str, state: str, note: str = "", seconds: float | None = None) -> None:
        self._stages[name] = _Stage(state, note, seconds, time.monotonic())
        if self._live is None:
            spent = "" if seconds is None else f" ({_spent(seconds)})"
            self.say(f"{name:<9} {'...' if state == RUNNING else state}{', ' + note if note else ''}{spent}")

    def start(self, task: str, total: float | None, unit: str) -> None:
        self._told = time.monotonic()
        self._tasks[task] = self._progress.add_task(escape(task), total=total, unit=unit, note="")

    def advance(self, task: str, amount: float, note: str = "") -> None:
        self._progress.update(self._tasks[task], advance=amount, note=escape(note))
        if self._live is None and time.monotonic() - self._told > PLAIN_EVERY_S:
            self._told = time.monotonic()
            self._tell(next(t for t in self._progress.tasks if t.id == self._tasks[task]))

    def finish(self, task: str) -> None:
        self._progress.remove_task(self._tasks.pop(task))

    def say(self, line: str) -> None:
        if not self._quiet:
            self._console.print(escape(line), highlight=False, soft_wrap=True)

    def _tell(self, task: Task) -> None:
        """One plain line, for a log file or a pipe."""
        total = "" if task.total is None else f" of {task.total:.0f}"
        left = "" if not task.speed or task.total is None else f", about {(task.total - task.completed) / task.speed / 60:.0f} min left"
        self.say(f"{task.description:<9} {task.completed:.0f}{total} {task.fields['unit']}{left}  {task.fields['note']}".rstrip())

    def _view(self) -> RenderableType:
        """All stages; below the one that runs, what it does."""
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        table.add_column(justify="right", no_wrap=True)
        for name, stage in self._stages.items():
            running = stage.state == RUNNING
            seconds = time.monotonic() - stage.since if running else stage.seconds
            style = "bold" if running else "dim" if stage.state == "waiting" else ""
            said = f"{stage.state}{', ' + stage.note if stage.note else ''}"
            table.add_row(Text(name, style), Text(said, style), Text("" if seconds is None else _spent(seconds), style))
        return Group(table, self._progress) if self._progress.tasks else table


def _columns(width: int) -> list[ProgressColumn]:
    """What a bar shows: on a narrow terminal only how far it is and when it ends."""
    if width < WIDE:
        return [BarColumn(10), MofNCompleteColumn(), TimeRemainingColumn(compact=True)]
    words = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[unit]}")]
    return [SpinnerColumn("line"), *words, _Rate(), TimeRemainingColumn(), TextColumn("{task.fields[note]}")]


def _spent(seconds: float) -> str:
    """``9.5 s``, ``12:30 min``, ``3:05 h``."""
    if seconds < 90:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} min" if minutes < 90 else f"{minutes // 60}:{minutes % 60:02d} h"
