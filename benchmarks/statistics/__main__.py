"""python benchmarks/statistics: what LOSO does to the usual statistics, and how often intervals and p are right (docs/statistics.md)."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from differences import differences
from rich.console import Console
from rich.markdown import Markdown
from simulations import nulls, of_methods, of_predictions, permutations
from tables import rewrite, tables
from threadpoolctl import threadpool_limits

HERE = Path(__file__).parent
RESULTS = HERE.parent / "results" / "statistics.json"
PAGE = HERE.parents[1] / "docs" / "statistics.md"
PARTS = {
    "nulls": nulls,
    "permutations": lambda times: permutations(times // 3),
    "of_predictions": lambda times: of_predictions(2 * times),
    "of_methods": of_methods,
    "differences": lambda times: differences(5 * times),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200, help="how often each case is drawn")
    parser.add_argument("--rewrite", action="store_true", help="put the tables into docs/statistics.md")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), help="draw these parts anew and keep the others of the last record")
    chosen = parser.parse_args()
    started = time.monotonic()
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if chosen.only else {}
    with threadpool_limits(1):
        drawn = {name: draw(chosen.times) for name, draw in PARTS.items() if name in (chosen.only or PARTS)}
    record = kept | drawn
    console = Console(width=160)
    for name, table in tables(record).items():
        console.print(name, style="bold")
        console.print(Markdown(table))
    console.print(f"{time.monotonic() - started:.0f} s")
    RESULTS.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    if chosen.rewrite:
        rewrite(PAGE, record)


if __name__ == "__main__":
    main()
