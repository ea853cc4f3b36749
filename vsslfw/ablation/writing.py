"""What a comparison leaves: JSON, CSV, Markdown, LaTeX and a page."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from vsslfw.ablation.outcome import Outcome
from vsslfw.ablation.records import contrast_records, origin_told, variant_records
from vsslfw.ablation.tables import Table, arms_table, contrasts_table, equivalence_told, makers_told, p_told, sentences, told, without_empty
from vsslfw.atomic import write_json, write_text
from vsslfw.evaluation.arms import METRICS
from vsslfw.report.data import SYNTHETIC
from vsslfw.report.effects import forest, slopes
from vsslfw.report.html import page

NAMES = (
    "comparison.json",
    "variants.csv",
    "contrasts.csv",
    "variants.md",
    "contrasts.md",
    "variants.tex",
    "contrasts.tex",
    "comparison.html",
)
PAGE = "comparison.html"


def write_outcome(folder: Path, outcome: Outcome, *, private: bool = False, plan: Table | None = None) -> Path:
    """Write `NAMES` into ``folder`` and return the page's path. The same outcome gives the same bytes."""
    write_json(folder / "comparison.json", outcome.to_dict())
    write_text(folder / "variants.csv", _csv(variant_records(outcome)))
    write_text(folder / "contrasts.csv", _csv(contrast_records(outcome)))
    for name, table in (("variants", arms_table(outcome)), ("contrasts", contrasts_table(outcome))):
        shown = without_empty(table)
        write_text(folder / f"{name}.md", tabulated(_linked(shown, outcome) if name == "variants" else shown, "github"))
        write_text(folder / f"{name}.tex", tabulated(shown, "latex_booktabs") + _comments(outcome))
    write_text(folder / PAGE, rendered(outcome, plan), private=private)
    return folder / PAGE


def rendered(outcome: Outcome, plan: Table | None = None) -> str:
    """The page as text."""
    shown = [one.to_dict() for one in outcome.contrasts]
    margin = outcome.contrasts[0].margin if outcome.contrasts else None
    drawn = [
        (
            f"{one.arm} against {one.against}",
            Markup(
                slopes(
                    outcome.slopes[one.against], outcome.slopes[one.arm], outcome.labels, (one.against, one.arm), name=f"slopes-{number}"
                )
            ),
        )
        for number, one in enumerate(outcome.contrasts)
    ]
    return page(
        "comparison.html",
        outcome=outcome,
        synthetic=SYNTHETIC,
        metrics=[(m, METRICS[m][0]) for m in dict.fromkeys([outcome.metric, *(next((r.figures for r in outcome.rows if r.figures), {}))])],
        told=told,
        p_told=p_told,
        equivalence=equivalence_told,
        sentences=sentences(outcome),
        forest=Markup(forest(shown, outcome.metric_name, margin)),
        slopes=drawn,
        makers=makers_told(outcome.rows),
        plan=plan,
        contrast_table=without_empty(contrasts_table(outcome)),
    )


def tabulated(table: Table, style: str) -> str:
    """The table in one of tabulate's styles; its text is escaped there."""
    from tabulate import tabulate

    return str(tabulate(table[1], headers=table[0], tablefmt=style, disable_numparse=True)) + "\n"


def _linked(table: Table, outcome: Outcome) -> Table:
    """With each cell of a variant's figures leading to the report of its run."""
    names, rows = table
    found = []
    for cells, row in zip(rows, outcome.rows, strict=True):
        leads = row.run and row.figures
        found.append(
            [f"[{cell}](<{row.run}/report.html>)" if leads and 0 < i <= len(row.figures) else cell for i, cell in enumerate(cells)]
        )
    return names, found


def _comments(outcome: Outcome) -> str:
    """Where the figures of a LaTeX table come from: comments that a reader of the file sees."""
    return "".join(f"% {origin_told(row)}\n" for row in outcome.rows)


def _csv(records: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    if records:
        writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
    return text.getvalue()
