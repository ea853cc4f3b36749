"""Where commands print."""

from __future__ import annotations

import contextlib

from rich.console import Console

PIPED_WIDTH = 160
"""Characters of a line where there is no terminal: a table in a pipe must not be cut to a guess."""


class RunConsole(Console):
    """Where a run prints. A reader that goes away (``| head``, a pager that is left) ends the output, not hours of work."""

    def on_broken_pipe(self) -> None:
        with contextlib.suppress(SystemExit):
            super().on_broken_pipe()


def table_console() -> Console:
    """A console for tables, wide enough in a pipe."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, PIPED_WIDTH)
    return console
