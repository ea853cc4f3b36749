"""A section that a plugin adds to a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """Plain text, which is escaped: no markup and no script gets into a report."""

    title: str
    paragraphs: Sequence[str] = ()
    columns: Sequence[str] = ()
    """Heads of a table; none without a table."""
    rows: Sequence[Sequence[str]] = ()
    """Of the table, a cell for each column."""
    note: str = ""
    """A line below it, in small letters."""
