"""What a comparison leaves: JSON, CSV, Markdown, LaTeX and a page."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from vsslfw.ablation.outcome import Outcome, Row
from vsslfw.ablation.record import NAME as STUDY
from vsslfw.ablation.records import contrast_records, makers_of, origin_told, variant_records
from vsslfw.ablation.tables import Table, arms_table, contrasts_table, lacking, remarks, sentences, told, without_empty
from vsslfw.atomic import read_json, write_json, write_text
from vsslfw.errors import Problem, UserError
from vsslfw.evaluation.arms import METRICS
from vsslfw.report.data import SYNTHETIC
from vsslfw.report.effects import fates, forest, slopes
from vsslfw.report.html import page
from vsslfw.run_records import STATE

RECORD = "comparison.json"
NAMES = (
    RECORD,
    "variants.csv",
    "contrasts.csv",
    "variants.md",
    "contrasts.md",
    "variants.tex",
    "contrasts.tex",
    "comparison.html",
)
PAGE = "comparison.html"
SAFE = "/=+,@~"
"""In a link, besides letters, digits and ``_.-``."""


def check_folder(folder: Path, option: str = "--out") -> None:
    """UserError unless the folder is new, empty, or holds an earlier comparison alone: neither a run's nor a study's is overwritten."""
    where, hint = f"{option} {folder}", f"Choose a new folder with {option}"
    there = next(path for path in (folder, *Path(os.path.abspath(folder)).parents) if path.exists())
    if not there.is_dir():
        what = "is a file; a folder is expected" if there == folder else f"cannot be made: {there} is a file"
        raise UserError(Problem(what, where, hint))
    if not os.access(there, os.R_OK | os.W_OK | os.X_OK):
        raise UserError(Problem("cannot be written to", where, hint))
    if there != folder:
        return
    for name, what in ((STUDY, "a study, which has its own comparison"), (STATE, "a run")):
        if (folder / name).exists():
            raise UserError(Problem(f"is the folder of {what}", where, hint))
    if any(folder.iterdir()) and not _is_comparison(folder / RECORD):
        raise UserError(Problem("is not empty, and holds no earlier comparison", where, hint))


def _is_comparison(path: Path) -> bool:
    try:
        content = read_json(path)
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and {"rows", "contrasts"} <= content.keys()


def write_outcome(folder: Path, outcome: Outcome, *, private: bool = False, plan: Table | None = None) -> Path:
    """Write `NAMES` into ``folder`` and return the page's path. The same outcome gives the same bytes.

    private: they hold real ids, and are readable by their owner alone.
    """
    write_json(folder / RECORD, outcome.to_dict(), private=private)
    write_text(folder / "variants.csv", _csv(variant_records(outcome)), private=private)
    write_text(folder / "contrasts.csv", _csv(contrast_records(outcome)), private=private)
    for name, table, linked, said in (
        ("variants", arms_table(outcome), _linked_variants, remarks(outcome)),
        ("contrasts", contrasts_table(outcome), _linked_contrasts, outcome.warnings),
    ):
        shown, below = without_empty(table), [*said, *(origin_told(row) for row in outcome.rows)]
        text = tabulated(linked(_piped(shown), outcome), "github") + "\n" + _lines(below, "- {}\n")
        write_text(folder / f"{name}.md", text, private=private)
        write_text(folder / f"{name}.tex", tabulated(shown, "latex_booktabs") + _lines(below, "% {}\n"), private=private)
    write_text(folder / PAGE, rendered(outcome, plan), private=private)
    return folder / PAGE


def rendered(outcome: Outcome, plan: Table | None = None) -> str:
    """The page as text."""
    shown = [one.to_dict() for one in outcome.contrasts]
    margin = outcome.contrasts[0].margin if outcome.contrasts else None
    return page(
        "comparison.html",
        outcome=outcome,
        synthetic=SYNTHETIC,
        metrics=[(m, METRICS[m][0]) for m in dict.fromkeys([outcome.metric, *(next((r.figures for r in outcome.rows if r.figures), {}))])],
        told=told,
        lacking={row.name: lacking(row) for row in outcome.rows},
        sentences=sentences(outcome),
        forest=Markup(forest(shown, outcome.metric_name, margin)),
        slopes=_drawn(outcome),
        reports={row.name: _report(row) for row in outcome.rows},
        makers={row.name: makers_of(row) for row in outcome.rows},
        plan=plan,
        contrast_table=without_empty(contrasts_table(outcome)),
    )


def _drawn(outcome: Outcome) -> list[tuple[str, str, Markup, tuple[int, int, int]]]:
    """Of each contrast: both arms, how every subject fares in them, and how many fare better, worse and alike."""
    found = []
    for number, one in enumerate(outcome.contrasts):
        before, after = outcome.slopes[one.against], outcome.slopes[one.arm]
        svg = slopes(before, after, outcome.labels, (one.against, one.arm), name=f"slopes-{number}")
        found.append((one.arm, one.against, Markup(svg), fates(before, after)))
    return found


def tabulated(table: Table, style: str) -> str:
    """The table in one of tabulate's styles; for LaTeX its text is escaped there."""
    from tabulate import tabulate

    return str(tabulate(table[1], headers=table[0], tablefmt=style, disable_numparse=True)) + "\n"


def _piped(table: Table) -> Table:
    """For Markdown, where a bar ends a cell."""
    names, rows = table
    return names, [[cell.replace("|", r"\|") for cell in row] for row in rows]


def _linked_variants(table: Table, outcome: Outcome) -> Table:
    """With each cell of a variant's figures leading to the report of its run."""
    names, rows = table
    found = []
    for cells, row in zip(rows, outcome.rows, strict=True):
        link = _report(row) if row.figures else ""
        found.append([_link(cell, link) if 0 < i <= len(row.figures) else cell for i, cell in enumerate(cells)])
    return names, found


def _linked_contrasts(table: Table, outcome: Outcome) -> Table:
    """With the names of both arms leading to the reports of their runs."""
    names, rows = table
    links = {row.name: _link(row.name.replace("|", r"\|"), _report(row)) for row in outcome.rows}
    found = [[f"{links[one.arm]} minus {links[one.against]}", *cells[1:]] for one, cells in zip(outcome.contrasts, rows, strict=True)]
    return names, found


def _link(text: str, link: str) -> str:
    shown = text.replace("[", r"\[").replace("]", r"\]")
    return f"[{shown}](<{link}>)" if link else text


def _report(row: Row) -> str:
    """Where the report of a row's run lies, for a link; "" if it has no run."""
    return quote(f"{row.run}/report.html", safe=SAFE) if row.run else ""


def _lines(texts: Sequence[str], line: str) -> str:
    """Below a table: what is to be known of its figures, and where those of each arm come from."""
    return "".join(line.format(text) for text in texts)


def _csv(records: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    if records:
        writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
    return text.getvalue()
