"""What a run shows while it goes on: all stages on a terminal, plain lines in a pipe, silence if that was asked for."""

from __future__ import annotations

import contextlib
import io

import pytest
from rich.console import Console

from vsslfw.cli import live
from vsslfw.cli.live import LiveProgress


def test_a_pipe_gets_a_line_when_a_stage_begins_and_ends_and_now_and_then_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PLAIN_EVERY_S", -1.0)
    said = io.StringIO()
    with LiveProgress(Console(file=said)) as progress:
        progress.stage("extract", "running")
        progress.start("extract", 100, "frames")
        progress.advance("extract", 25, "part [1]")
        progress.finish("extract")
        progress.stage("extract", "3 of 8 reused", "5 clips", 100.0)
    assert said.getvalue().splitlines() == [
        "extract   ...",
        "extract   25 of 100 frames  part [1]",
        "extract   3 of 8 reused, 5 clips (1:40 min)",
    ]


def test_quiet_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PLAIN_EVERY_S", -1.0)
    said = io.StringIO()
    with LiveProgress(Console(file=said, force_terminal=True), quiet=True) as progress:
        progress.stage("index", "running")
        progress.start("index", 3, "files")
        progress.advance("index", 1)
        progress.say("anything")
    assert said.getvalue() == ""


def screen(progress: LiveProgress, width: int) -> str:
    """What the live view shows at this moment, without colours."""
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(progress._view())
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("width", [40, 100, 200])
def test_a_terminal_shows_every_stage_and_what_the_running_one_does(width: int) -> None:
    console = Console(file=io.StringIO(), width=width, force_terminal=True)
    with LiveProgress(console) as progress:
        progress.stage("index", "reused", "48 labelled videos", 0.2)
        progress.stage("extract", "computed", "", 61.0)
        progress.stage("pretrain", "nothing to do", "none: from scratch", 0.0)
        progress.stage("validate", "running")
        progress.start("validate", 8, "folds")
        progress.advance("validate", 2.5, "epoch 3 of 12, loss 0.41 [bold]")
        shown = screen(progress, width)
        assert all(len(line) <= width for line in shown.splitlines())
        words = " ".join(shown.split())
        for said in ("index", "reused", "computed", "61.0 s", "nothing to do", "validate", "running", "report", "waiting", "/8"):
            assert said in words
        if width >= live.WIDE:
            assert "epoch 3 of 12, loss 0.41 [bold]" in words
            assert "folds" in words


def test_when_it_is_over_the_stages_stay_on_the_screen_and_half_a_bar_does_not() -> None:
    said = io.StringIO()
    progress = LiveProgress(Console(file=said, width=100, force_terminal=True, color_system=None))
    with contextlib.suppress(RuntimeError), progress:
        progress.stage("index", "computed", "", 1.0)
        progress.stage("extract", "running")
        progress.start("extract", 100, "frames")
        raise RuntimeError
    last = said.getvalue().rpartition("index")[2]
    assert "computed" in last
    assert "/100" not in last


def test_an_advance_of_nothing_known_yet_has_no_rate() -> None:
    with LiveProgress(Console(file=io.StringIO(), width=120, force_terminal=True)) as progress:
        progress.start("extract", None, "frames")
        assert "frames/s" not in screen(progress, 120)


@pytest.mark.parametrize(("seconds", "said"), [(9.51, "9.5 s"), (100, "1:40 min"), (3605, "60:05 min"), (11100, "3:05 h")])
def test_time_spent(seconds: float, said: str) -> None:
    assert live._spent(seconds) == said
