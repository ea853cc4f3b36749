"""Progress where there is no terminal: plain lines, now and then, and silence if that was asked for."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from vsslfw.cli import live


@pytest.mark.parametrize(("quiet", "expected"), [(False, ["extract   25 of 100 frames  part [1]"]), (True, [])])
def test_a_pipe_gets_a_plain_line_as_work_goes_on(quiet: bool, expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PLAIN_EVERY_S", -1.0)
    said = io.StringIO()
    with live.LiveProgress(Console(file=said), quiet=quiet) as progress:
        progress.start("extract", 100, "frames")
        progress.advance("extract", 25, "part [1]")
        progress.finish("extract")
    assert said.getvalue().splitlines() == expected
