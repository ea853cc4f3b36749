"""Tables of benchmarks: printed, saved as JSON, and written between markers of docs/performance.md."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from tabulate import tabulate

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
RESULTS = Path(__file__).parent / "results"


def save(name: str, header: Sequence[str], rows: Sequence[Sequence[str]], facts: dict[str, Any], *, rewrite: bool) -> None:
    """Print a table; with ``rewrite`` also save it with its facts in results/NAME.json, and put it on the page."""
    table = Table(*header)
    for row in rows:
        table.add_row(*row)
    Console(width=160).print(table)
    if not rewrite:
        return
    machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": sys.version.split()[0]}
    content = {"header": list(header), "rows": [list(row) for row in rows], **machine, **facts}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), name, header, rows), encoding="utf-8")


def written(page: str, name: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The page with the table between its markers. ValueError if it has none."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    start, stop = page.index(begin) + len(begin), page.index(end)
    return f"{page[:start]}\n{tabulate(rows, header, tablefmt='github', disable_numparse=True)}\n\n{page[stop:]}"
