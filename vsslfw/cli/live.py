"""What a person sees while a run goes on: one live view of all stages on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import functools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from vsslfw.pipeline.progress import RUNNING, STAGES, WHOLE
from vsslfw.printable import printable

log = logging.getLogger("vsslfw")
Method = TypeVar("Method", bound=Callable[..., Any])

PLAIN_EVERY_S = 60.0
"""Where there is no terminal, a line as often as this."""
WIDE = 90
"""Columns from which a bar and all that is known fit into one line."""
RATE_OVER_S = 120.0
"""A rate is that of the last two minutes: long videos tell of themselves once in a while only."""
STOPPED = "stopped"


@dataclass
class _Stage:
    """How a stage stands, and since when it runs."""

    state: str = "waiting"
    note: str = ""
    seconds: float | None = None
    since: float = 0.0

    def spent(self) -> str:
        seconds = time.monotonic() - self.since if self.state == RUNNING else self.seconds
        return "" if seconds is None else _spent(seconds)

    def __str__(self) -> str:
        return f"{self.state}, {self.note}" if self.note else self.state


def _harmless(method: Method) -> Method:
    """What goes wrong while something is shown must not end hours of work: from then on nothing is shown."""

    @functools.wraps(method)
    def guarded(self: LiveProgress, *args: Any, **named: Any) -> None:
        if not self.deaf:
            try:
                method(self, *args, **named)
            except Exception as error:
                self.deaf = True
                log.info("the progress is shown no longer: %s", type(error).__name__)

    return guarded  # type: ignore[return-value]


class LiveProgress:
    """A listener (`vsslfw.pipeline.progress.Progress`) that draws with rich; use it as a context manager. It never raises."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self.deaf = quiet
        """Shows nothing, or nothing any more."""
        self._console = console
        self._columns = {True: _columns(wide=True), False: _columns(wide=False)}
        self._began = self._told = time.monotonic()
        self._stages = {name: _Stage() for name in STAGES}
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(console=console, auto_refresh=False, speed_estimate_period=RATE_OVER_S)
        drawn = console.is_interactive and not quiet  # a dumb terminal is none
        self._live = Live(get_renderable=self._view, console=console, refresh_per_second=4) if drawn else None

    def __enter__(self) -> LiveProgress:
        self._begin()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        if self._live:
            with contextlib.suppress(Exception):  # also if nothing is shown any more: the cursor must come back
                self._live.stop()

    @_harmless
    def _begin(self) -> None:
        self._began = time.monotonic()
        if self._live:
            self._live.start()

    @_harmless
    def _end(self) -> None:
        """A run that failed: the stages stay on the screen, half a bar does not."""
        for task in self._progress.task_ids:
            self._progress.remove_task(task)
        for name, stage in self._stages.items():
            if stage.state == RUNNING:
                self.stage(name, STOPPED, "", time.monotonic() - stage.since)

    @_harmless
    def stage(self, name: str, state: str, note: str = "", seconds: float | None = None) -> None:
        before = self._stages.get(name, _Stage())
        since = before.since if before.state == state == RUNNING else time.monotonic()
        stage = self._stages[name] = _Stage(state, note, seconds, since)
        if self._live is None:
            self.say(f"{name:<9} {stage}{f' ({stage.spent()})' if seconds is not None else ''}")

    @_harmless
    def start(self, task: str, total: float | None, unit: str, done: float = 0) -> None:
        if not self._tasks:  # many short pre-trainings must not put the line of the minute off for ever
            self._told = time.monotonic()
        if task in self._tasks:
            self._progress.remove_task(self._tasks[task])
        self._tasks[task] = self._progress.add_task(
            escape(task), total=total, completed=int(done), unit=unit, note="", base=done, first=None
        )

    @_harmless
    def advance(self, task: str, amount: float, note: str = "") -> None:
        if task not in self._tasks:
            return
        now = time.monotonic()
        self._progress.update(self._tasks[task], advance=amount, note=note)
        state = next(t for t in self._progress.tasks if t.id == self._tasks[task])
        if state.fields["first"] is None:
            state.fields["first"] = (now, state.completed)
        if self._live is None and now - self._told > PLAIN_EVERY_S:
            self._told = now
            for name in dict.fromkeys([task, *({WHOLE} & self._tasks.keys())]):
                self.say(_line(name, next(t for t in self._progress.tasks if t.id == self._tasks[name])))

    @_harmless
    def finish(self, task: str) -> None:
        if task in self._tasks:
            self._progress.remove_task(self._tasks.pop(task))

    @_harmless
    def say(self, line: str) -> None:
        for part in line.splitlines():
            self._console.print(Text(printable(part)), soft_wrap=True)

    def _view(self) -> RenderableType:
        """All stages; below them, what the one that runs does."""
        try:
            return self._drawn()
        except Exception as error:  # on rich's own thread, where it would be printed over the screen
            return Text(f"({type(error).__name__})")

    def _drawn(self) -> RenderableType:
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        table.add_column(justify="right", no_wrap=True)
        for name, stage in list(self._stages.items()):
            style = "bold" if stage.state == RUNNING else "dim" if stage.state == "waiting" else ""
            table.add_row(Text(name, style), Text(str(stage), style), Text(stage.spent(), style))
        table.add_row(Text("in all", "dim"), "", Text(_spent(time.monotonic() - self._began), "dim"))
        wide = self._console.width >= WIDE
        self._progress.columns = self._columns[wide]
        shown: list[RenderableType] = [table]
        if tasks := self._progress.tasks:
            shown += [self._progress, *(Text(_note(task)) for task in tasks if not wide and _note(task))]
        return Group(*shown)


class _Told(ProgressColumn):
    """Words about a task; never read as markup."""

    def __init__(self, words: Callable[[Task], str]) -> None:
        super().__init__()
        self._words = words

    def render(self, task: Task) -> Text:
        return Text(self._words(task))


def _columns(*, wide: bool) -> tuple[ProgressColumn, ...]:
    """What a bar shows: on a narrow terminal only how far it is and when it ends."""
    if not wide:
        return BarColumn(8), MofNCompleteColumn(), _Told(_left)
    words = [_Told(words) for words in (_unit, _rate, _left, _note)]
    return SpinnerColumn("line"), TextColumn("{task.description}"), BarColumn(24), MofNCompleteColumn(), *words


def _line(name: str, task: Task) -> str:
    """One plain line, for a log file or a pipe."""
    total = "" if task.total is None else f" of {task.total:.0f}"
    told = [f"{task.completed:.0f}{total} {_unit(task)}", _note(task), _rate(task), _left(task)]
    return f"{name:<9} {', '.join(filter(None, told))}"


def _unit(task: Task) -> str:
    return str(task.fields["unit"])


def _note(task: Task) -> str:
    return str(task.fields["note"])


def _rate(task: Task) -> str:
    return f"{task.speed:.0f} frames/s" if task.speed and _unit(task) == "frames" else ""


def _left(task: Task) -> str:
    """Time left at the rate since the task began, or since it was first heard of if that is slower.

    A resumed fit begins with a leap to where it was; folds in other processes are first heard of when one is done.
    """
    if task.total is None or task.start_time is None or task.completed <= task.fields["base"]:
        return ""
    now, remaining = time.monotonic(), task.total - task.completed
    rates = [(task.completed - task.fields["base"]) / max(now - task.start_time, 1e-9)]
    since, then = task.fields["first"] or (now, task.completed)
    if task.completed > then and now > since:
        rates.append((task.completed - then) / (now - since))
    seconds = remaining / min(rates)
    if seconds < 90:
        return f"{max(seconds, 0):.0f} s left"
    return f"{seconds / 60:.0f} min left" if seconds < 5400 else f"{seconds / 3600:.1f} h left"


def _spent(seconds: float) -> str:
    """``9.5 s``, ``12:30 min``, ``3:05 h``."""
    if seconds < 90:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} min" if minutes < 90 else f"{minutes // 60}:{minutes % 60:02d} h"
