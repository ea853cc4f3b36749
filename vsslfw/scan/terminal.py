"""An audit in the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from vsslfw.printable import printable
from vsslfw.scan import words

if TYPE_CHECKING:
    from vsslfw.scan.run import Audit, Audited

MOST_ROWS = 60
"""More files than these, and those that are ok are counted alone."""
STYLES = {"ok": "green", "warn": "yellow", "unusable": "bold red"}


def table(audit: Audit) -> Table:
    """A row a file; of many files, those that are not ok."""
    shown = [file for file in audit.files if len(audit.files) <= MOST_ROWS or file.verdict != "ok"][:MOST_ROWS]
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    drawn.add_column("file", overflow="fold")
    drawn.add_column("subject", overflow="fold")
    drawn.add_column("verdict", no_wrap=True)
    drawn.add_column("length", justify="right", no_wrap=True)
    drawn.add_column("picture", no_wrap=True)
    drawn.add_column("frames/s", no_wrap=True)
    drawn.add_column("why", overflow="fold", ratio=1)
    for file in shown:
        drawn.add_row(*_cells(file))
    if len(shown) < len(audit.files):
        drawn.add_row(Text(f"... and {len(audit.files) - len(shown)} more: audit.html shows all", "italic"))
    return drawn


def _cells(file: Audited) -> Iterator[Text]:
    facts = file.facts
    yield Text(printable(file.entry.shown))
    yield Text(printable(file.entry.subject_id))
    yield Text(file.verdict, STYLES[file.verdict])
    yield Text(words.length(facts.duration_s) if facts.codec else "")
    yield Text(" ".join(filter(None, (facts.codec, words.size(facts)))))
    yield Text(f"{facts.timing.rate:.4g}" if facts.timing.rate else "")
    yield Text(printable(file.reasons))
