"""report.html: one file, no script, no network, everything escaped."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import vsslfw
from vsslfw.atomic import write_text
from vsslfw.report import figures, tables, words
from vsslfw.report.data import SYNTHETIC, ReportData

NAME = "report.html"
FOLDER = Path(str(resources.files("vsslfw.report")))


def write_report(folder: Path, report: ReportData) -> Path:
    """Write ``report.html`` into ``folder`` (atomically) and return its path. The same report gives the same bytes."""
    path = folder / NAME
    write_text(path, render(report), private=report.identified or report.shows_patients)
    return path


def render(report: ReportData) -> str:
    """The page as text. Every string of ``report`` is escaped; what UTF-8 cannot hold is written as ``\\udcff``."""
    page = _environment().get_template(NAME).render(report=report, metrics=report.metrics, **_derived(report))
    return page.encode("utf-8", "backslashreplace").decode("utf-8")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "figure": words.figure,
        "loss": words.loss,
        "duration": lambda seconds: "–" if seconds is None else words.duration(seconds),
        "counted": words.count,
        "counts": words.counts,
        "number": words.number,
        "place": lambda name: words.PLACES.get(name, name),
        "answer": lambda name: words.ANSWERS.get(name, name),
    }
    return environment


def _derived(report: ReportData) -> dict[str, Any]:
    one = report.pretrainings[0].held_out if len(report.pretrainings) == 1 else None
    repeats = report.metrics["n_repeats"]
    pretext = tables.pretext_table(report.pretrainings)
    return {
        "version": vsslfw.__version__,
        "style": Markup((FOLDER / "style.css").read_text(encoding="utf-8")),
        "synthetic": SYNTHETIC,
        "headline": words.headline(report.metrics),
        "learnt": words.learnt(report.pretrainings),
        "verdicts": words.verdicts(one) if one else [],
        "audits": words.audit_summary([line.outcome for line in report.audits]),
        "failed": [line for line in report.audits if line.outcome == "failed"],
        "data_rows": tables.data_table(report.videos, report.metrics["classes"]),
        "mean_of": f"; counts of answers are the mean of {repeats} repeats" if repeats > 1 else "",
        "cards": words.cards(report.metrics),
        "paper": words.paper(),
        "tile_words": words.TILES,
        "plan_strip": Markup(figures.plan_strip(report.example.source, report.example.fps)) if report.example else "",
        "strip": Markup(figures.subject_strip(report.predictions, report.metrics["positive"])),
        "bars": Markup(figures.pretext_bars(pretext, words.PLACES, words.ANSWERS)),
        "confusion": tables.confusion_table(report.metrics["confusion"]),
        "pretext": pretext,
        "pretrain_curves": Markup(
            figures.loss_curves([p.history for p in report.pretrainings], name="pretrain", ylabel="loss per real frame")
        ),
        "finetune_curves": Markup(figures.loss_curves([f.history for f in report.folds], name="finetune", ylabel="weighted cross-entropy")),
    }
