"""The tables of the calibration, as Markdown, and the page that holds them."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vsslfw.atomic import write_text

Record = dict[str, Any]


def tables(record: Record) -> str:
    """All tables, one below the other."""
    return "\n\n".join(table(record) for table in TABLES.values())


def rewrite(page: Path, record: Record) -> None:
    """Put the tables into the page, each between <!-- begin NAME --> and <!-- end NAME -->."""
    text = page.read_text(encoding="utf-8")
    for name, table in TABLES.items():
        mark = re.compile(rf"(?<=<!-- begin {name} -->\n).*?(?=<!-- end {name} -->)", re.DOTALL)
        text, count = mark.subn(lambda _, table=table: table(record) + "\n", text)
        if count != 1:
            raise ValueError(f"{page} has {count} tables of {name}; one is expected")
    write_text(page, text)


def scores(record: Record) -> str:
    """Balanced accuracy of each probe and encoder at each level: the mean over seeds, and each seed."""
    levels = list(dict.fromkeys(result["level"] for result in record["results"]))
    rows = [("told from", *levels)]
    for group in ("probes", "encoders"):
        for name in record["results"][0][group]:
            cells = [_cell([r[group][name] for r in record["results"] if r["level"] == level]) for level in levels]
            rows.append((f"**{name}**" if group == "encoders" else name, *cells))
    return _markdown(rows)


def nuisances(record: Record) -> str:
    """For each nuisance, how well it tells the classes apart beside permuted labels: mean and standard deviation over seeds."""
    rows = [("nuisance", "labels", "permuted labels", "difference")]
    for name, found in record["nuisances"].items():
        cells = [_spread(found["labels"]), _spread(found["permuted"])]
        rows.append((name, *cells, f"{statistics.fmean(found['labels']) - statistics.fmean(found['permuted']):+.3f}"))
    return _markdown(rows)


TABLES: dict[str, Callable[[Record], str]] = {"scores": scores, "nuisances": nuisances}


def _cell(values: list[float]) -> str:
    return f"{_figure(statistics.fmean(values))} ({', '.join(map(_figure, values))})" if len(values) > 1 else _figure(values[0])


def _spread(values: list[float]) -> str:
    return f"{_figure(statistics.fmean(values))} ± {_figure(statistics.stdev(values))}"


def _figure(value: float) -> str:
    return f"{value:.2f}".removeprefix("0") if value < 1 else "1.00"


def _markdown(rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
