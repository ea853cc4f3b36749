"""What a comparison leaves: JSON, CSV, Markdown, LaTeX and a page."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from markupsafe import Markup

from vsslfw.ablation.outcome import Outcome
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
    for name, table in (("variants", arms_table(outcome)), ("contrasts", contrasts_table(outcome))):
        write_text(folder / f"{name}.csv", _csv(table))
        write_text(folder / f"{name}.md", tabulated(without_empty(table), "github"))
        write_text(folder / f"{name}.tex", tabulated(without_empty(table), "latex_booktabs"))
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


def _csv(table: Table) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table[0])
    writer.writerows(table[1])
    return text.getvalue()
