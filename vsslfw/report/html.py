"""report.html: one file, no script, no network, everything escaped."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import vsslfw
from vsslfw.atomic import write_text
from vsslfw.report import figures, tables, words
from vsslfw.report.checklist import checklist
from vsslfw.report.data import SYNTHETIC, ReportData
from vsslfw.report.strata import strata
from vsslfw.report.timeline import timelines

NAME = "report.html"
ABSENT: dict[str, Any] = {"baselines": None, "baselines_reason": None, "shortcuts": [], "seeds": None, "curves_reason": None}
"""What metrics of before, or of another program, do not hold."""
FOLDER = Path(str(resources.files("vsslfw.report")))


def write_report(folder: Path, report: ReportData) -> Path:
    """Write ``report.html`` into ``folder`` (atomically) and return its path. The same report gives the same bytes."""
    path = folder / NAME
    write_text(path, render(report), private=report.identified or report.shows_patients)
    return path


def render(report: ReportData) -> str:
    """The page as text. Every string of ``report`` is escaped; what UTF-8 cannot hold is written as ``\\udcff``."""
    page = _environment().get_template(NAME).render(report=report, metrics=ABSENT | dict(report.metrics), **_derived(report))
    return page.encode("utf-8", "backslashreplace").decode("utf-8")


def page(template: str, **values: Any) -> str:
    """Another page in the same style, as text; everything is escaped."""
    style = Markup((FOLDER / "style.css").read_text(encoding="utf-8"))
    text = _environment().get_template(template).render(style=style, version=vsslfw.__version__, **values)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def card(template: str, **values: Any) -> str:
    """A text in Markdown, from a template: nothing is escaped, so it is for values that a model's record holds."""
    plain = Environment(loader=FileSystemLoader(FOLDER), autoescape=False, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return plain.get_template(template).render(version=vsslfw.__version__, **values).rstrip() + "\n"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "figure": words.figure,
        "between": words.between,
        "loss": words.loss,
        "duration": lambda seconds: "–" if seconds is None else words.duration(seconds),
        "counted": words.count,
        "counts": words.counts,
        "number": words.number,
        "place": lambda name: words.PLACES.get(name, name),
        "answer": lambda name: words.ANSWERS.get(name, name),
    }
    return environment


def _curves(metrics: Mapping[str, Any]) -> list[tuple[str, Markup, str]]:
    found, positive = metrics.get("curves"), metrics["positive"]
    if not found:
        return []
    drawn = [
        (
            "roc",
            figures.curve(found["roc"], name="roc", xlabel="false-positive rate", ylabel="sensitivity", diagonal=True),
            "ROC, pooled over folds: the dashed line is not chance here (see AUROC).",
        ),
        ("pr", figures.curve(found["pr"], name="pr", xlabel="recall", ylabel="precision"), "Precision by recall, pooled over folds."),
        (
            "calibration",
            figures.calibration(metrics["calibration"]["points"], positive),
            "Calibration: on the dashed line, what is said comes true.",
        ),
        (
            "decision",
            figures.decision(found["decision"], positive),
            "Decision curve: of use where the model lies above both other lines, at the threshold at which you would act.",
        ),
        ("abstention", figures.abstention(found["abstention"]), "Abstention: the surest answers are kept, the others not given."),
    ]
    return [(name, Markup(svg), caption) for name, svg, caption in drawn if svg]


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
        "percent": words.percent(report.metrics),
        "levels": words.levels(report.metrics),
        "errors": words.errors(report.predictions),
        "strata": strata(report.predictions, report.properties, report.metrics["classes"]),
        "timelines": timelines(report.predictions, report.windows, report.occlusions, report.metrics["positive"]),
        "checklist": checklist(report),
        "curves": _curves(report.metrics),
        "strip": Markup(figures.subject_strip(report.predictions, report.metrics["positive"])),
        "bars": Markup(figures.pretext_bars(pretext, words.PLACES, words.ANSWERS)),
        "confusion": tables.confusion_table(report.metrics["confusion"]),
        "pretext": pretext,
        "pretrain_curves": Markup(
            figures.loss_curves([p.history for p in report.pretrainings], name="pretrain", ylabel="loss per real frame")
        ),
        "finetune_curves": Markup(figures.loss_curves([f.history for f in report.folds], name="finetune", ylabel="weighted cross-entropy")),
    }
