"""Where commands print."""

from __future__ import annotations

from rich.console import Console

PIPED_WIDTH = 160
"""Characters of a line where there is no terminal: a table in a pipe must not be cut to a guess."""


def table_console() -> Console:
    """A console for tables, wide enough in a pipe."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, PIPED_WIDTH)
    return console
