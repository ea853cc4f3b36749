"""What a run shows while it goes on: all stages on a terminal, plain lines in a pipe, silence if that was asked for."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from typing import Any

import pytest
from rich.console import Console

from vsslfw.cli import live
from vsslfw.cli.live import LiveProgress


class Clock:
    """Stands in for ``time``: it is as late as somebody says."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(live, "time", clock)
    return clock


def terminal(width: int = 100, term: str = "xterm") -> Console:
    environment = {"TERM": term}
    return Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None, _environ=environment)


def said(console: Console) -> str:
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def screen(progress: LiveProgress, width: int) -> str:
    """What the live view shows at this moment."""
    console = terminal(width)
    console.print(progress._view())
    return said(console)


def tell(progress: LiveProgress) -> None:
    """A run that has come as far as its folds."""
    progress.stage("index", "reused", "48 labelled videos", 0.2)
    progress.stage("extract", "computed", "", 61.0)
    progress.stage("pretrain", "nothing to do", "none: from scratch", 0.0)
    progress.stage("validate", "running", "up to 2 folds at a time")
    progress.start("validate", 8, "folds", 1)
    progress.advance("validate", 1.5, "epoch 3 of 12, loss 0.41 [bold]")


def test_a_pipe_gets_a_line_when_a_stage_begins_and_ends_and_one_a_minute_between(clock: Clock) -> None:
    console = Console(file=io.StringIO())
    with LiveProgress(console) as progress:
        progress.stage("extract", "running")
        progress.start("extract", 100, "frames")
        for _ in range(3):
            clock.now += 25
            progress.advance("extract", 25, "part [1]")
        progress.finish("extract")
        progress.stage("extract", "3 of 8 reused", "5 clips", 100.0)
    lines = said(console).splitlines()
    assert lines[0] == "extract   running"
    assert re.fullmatch(r"extract   75 of 100 frames, part \[1\], \d+ frames/s, \d+ s left", lines[1])
    assert lines[2:] == ["extract   3 of 8 reused, 5 clips (1:40 min)"]


def test_many_short_things_do_not_put_the_line_of_the_minute_off(clock: Clock) -> None:
    console = Console(file=io.StringIO())
    with LiveProgress(console) as progress:
        progress.start("pretrain, all", 9, "encoders")
        for _ in range(3):
            progress.start("pretrain", 60, "epochs")
            clock.now += 25
            progress.advance("pretrain", 60)
            progress.finish("pretrain")
            progress.advance("pretrain, all", 1)
    assert len(said(console).splitlines()) == 1


def test_a_dumb_terminal_is_treated_like_a_pipe() -> None:
    console = terminal(term="dumb")
    with LiveProgress(console) as progress:
        progress.stage("index", "running")
    assert said(console).splitlines()[0] == "index     running"


def test_quiet_is_silent(clock: Clock) -> None:
    console = terminal()
    with LiveProgress(console, quiet=True) as progress:
        tell(progress)
        clock.now += 1000
        progress.advance("validate", 1)
        progress.say("anything")
    assert said(console) == ""


@pytest.mark.parametrize("width", [40, 100, 200])
def test_a_terminal_shows_every_stage_and_what_the_running_one_does(width: int) -> None:
    with LiveProgress(terminal(width)) as progress:
        tell(progress)
        shown = screen(progress, width)
        assert not progress.deaf
    assert all(len(line) <= width for line in shown.splitlines())
    words = " ".join(shown.split())
    states = ["index", "reused", "computed", "61.0 s", "nothing to do", "validate", "running", "report", "waiting", "in all"]
    for expected in [*states, "2/8", "epoch 3 of 12, loss 0.41 [bold]"]:
        assert expected in words
    assert ("2/8 folds" in words) == (width >= live.WIDE)


def test_the_rate_of_extraction_is_in_frames_a_second() -> None:
    with LiveProgress(terminal()) as progress:
        progress.start("extract", None, "frames")
        assert "frames/s" not in screen(progress, 120)
        progress.advance("extract", 10)
        progress.advance("extract", 10)
        assert re.search(r"\d+ frames/s", screen(progress, 120))


def test_a_resumed_fit_leaps_to_where_it_was_and_is_not_taken_for_fast(clock: Clock) -> None:
    with LiveProgress(terminal()) as progress:
        progress._progress.get_time = clock.monotonic
        progress.start("pretrain", 60, "epochs")
        progress.advance("pretrain", 40)
        clock.now += 10
        progress.advance("pretrain", 1)
        assert "3 min left" in screen(progress, 120), "19 epochs of 10 s"


def test_folds_in_other_processes_that_end_together_are_not_taken_for_fast(clock: Clock) -> None:
    with LiveProgress(terminal()) as progress:
        progress._progress.get_time = clock.monotonic
        progress.start("validate", 8, "folds")
        for seconds in (300, 1):
            clock.now += seconds
            progress.advance("validate", 1)
        assert "15 min left" in screen(progress, 120), "6 folds, two in 301 s"


def test_a_run_that_fails_leaves_its_stages_on_the_screen_and_no_half_bar() -> None:
    console = terminal()

    def failing_run() -> None:
        with LiveProgress(console) as progress:
            tell(progress)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing_run()
    last = said(console).rpartition("index")[2]
    assert re.search(r"validate +stopped", last)
    assert "2/8" not in last


def test_several_things_are_counted_at_once() -> None:
    with LiveProgress(terminal()) as progress:
        progress.start("pretrain, all", 4, "encoders", 1)
        progress.start("pretrain", 60, "epochs")
        progress.advance("pretrain", 7)
        words = " ".join(screen(progress, 120).split())
        assert "1/4 encoders" in words
        assert "7/60 epochs" in words


class Broken(io.StringIO):
    """A place that has no room left."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("drawn", [True, False], ids=["terminal", "file"])
def test_what_cannot_be_shown_does_not_end_the_run(drawn: bool) -> None:
    with LiveProgress(Console(file=Broken(), force_terminal=drawn, _environ={"TERM": "xterm"})) as progress:
        tell(progress)
        progress.say("anything")
    assert progress.deaf


@pytest.mark.parametrize("call", [("advance", "nobody began this", 1), ("finish", "nor this"), ("stage", "of a plugin", "running")])
def test_what_nobody_announced_is_no_error(call: tuple[Any, ...]) -> None:
    with LiveProgress(terminal()) as progress:
        getattr(progress, call[0])(*call[1:])
        assert not progress.deaf


def test_a_line_cannot_drive_the_terminal() -> None:
    console = terminal()
    with LiveProgress(console, quiet=False) as progress:
        progress.say("warning   \x1b]0;title\x07 [bold]P1[/bold]")
    assert "\x1b]0;" not in said(console)
    assert "[bold]P1[/bold]" in said(console)


TALKS_ON = """
import sys
from vsslfw.cli.console import RunConsole
from vsslfw.cli.live import LiveProgress
with LiveProgress(RunConsole()) as progress:
    for _ in range(100_000):
        progress.say("x" * 80)
print("the run is over", file=sys.stderr)
"""


def test_a_reader_that_goes_away_ends_the_output_and_not_the_run() -> None:
    command = [sys.executable, "-c", TALKS_ON]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"TERM": "xterm"})
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == "x" * 80 + "\n"
    process.stdout.close()
    assert process.stderr.read() == "the run is over\n"
    assert process.wait(60) == 0


@pytest.mark.parametrize(("seconds", "spoken"), [(9.51, "9.5 s"), (100, "1:40 min"), (3605, "60:05 min"), (11100, "3:05 h")])
def test_time_spent(seconds: float, spoken: str) -> None:
    assert live._spent(seconds) == spoken
