"""The reporting checklists, filled with what a run knows; the rest is marked for the authors. The items lie in checklist.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from vsslfw.report.data import ReportData


@dataclass(frozen=True)
class Item:
    """An item of a checklist, in our own words: what this run says to it, and what the authors must write ("" for nothing)."""

    number: str
    what: str
    answer: str
    authors: str


def checklist(report: ReportData) -> list[tuple[str, list[Item]]]:
    """Each checklist with its items in order."""
    known = facts(report)
    return [
        (name, [Item(entry["item"], entry["asked"], _answer(entry, known), entry.get("authors", "")) for entry in items])
        for name, items in _items().items()
    ]


def facts(report: ReportData) -> dict[str, str]:
    """What a run knows, in a sentence each, by the names that checklist.json uses."""
    m = report.metrics
    classes = "; ".join(f"{name}: {m['videos_by_class'][name]} videos of {m['subjects_by_class'][name]} subjects" for name in m["classes"])
    balanced = m["definitions"]["balanced_accuracy"]
    interval = balanced.get("interval")
    around = f" ({interval['low']:.3f} to {interval['high']:.3f})" if interval else ""
    seconds = [video.seconds for video in report.videos if video.role == "labelled"]
    components = ", ".join(report.provenance)
    baselines = m.get("baselines")
    found = [line["name"] for line in m.get("shortcuts", ()) if line["outcome"] == "warning"]
    pretrained = sum(p.clips for p in report.pretrainings)
    return {
        "kind": "External validation of a fitted model." if report.kind == "external" else "Development with internal validation.",
        "data": ("Made video, no patients. " if report.synthetic else "") + classes + ".",
        "length": f"Videos of {min(seconds, default=0):.1f} to {max(seconds, default=0):.1f} s.",
        "left_out": f"{len(report.left_out)} videos were left out, each with its reason (section Data).",
        "missing": f"{len(report.left_out)} unreadable videos are left out and listed; lost frames are noted video by video.",
        "outcome": f"Classes {', '.join(m['classes'])}; positive: {m['positive']}.",
        "predictors": "Video frames alone: frozen features of each frame in time. The manifest's own columns are not given to the model.",
        "split": f"{m['n_folds']} folds, no subject on two sides; audited before training (section Audits).",
        "pretraining": f"{pretrained} clips without labels (section Pre-training)." if pretrained else "None: trained from scratch.",
        "model": f"Recipe {report.name}, profile {report.profile}, digest {report.digest[:12]} (sections Recipe and Environment).",
        "components": f"Versions and code digests of {components}.",
        "size": f"{m['n_subjects']} subjects; intervals use the {m['uncertainty']['m']} subjects of the smaller class."
        if "uncertainty" in m
        else "",
        "imbalance": "Loss weighted by class, from training labels alone; calibration is looked at with the training shares put back.",
        "threshold": "The most probable class, or a threshold from inner folds of the training videos; none was chosen on tested videos.",
        "performance": f"Balanced accuracy {balanced['value']:.3f}{around}; every definition with intervals (section Levels)."
        if balanced["value"] is not None
        else "Every definition at three levels (section Levels).",
        "calibration": "Intercept, slope and curve (section Probabilities).",
        "utility": "Decision curve and abstention curve (section Probabilities).",
        "crosstab": "Confusion matrix by video (section Confusion matrix); each answer (section Subjects).",
        "uncertainty": "Subjects resampled, t-interval; conditional on the fitted folds (section Levels).",
        "comparators": f"Constant answer, permuted labels and {len(baselines['rows']) - 2} probes over the same folds (section Evidence)."
        if baselines
        else "",
        "fairness": "Broken down by every column of the manifest with 2 to 12 values (section By group).",
        "bias": f"Shortcut table: {'the label is predictable from ' + ', '.join(found) if found else 'no warning'} (section Evidence).",
        "explain": "Occlusion over time, for each video (section Timelines).",
        "abstain": "Probabilities of all videos are kept; abstention below a stated confidence is shown (section Probabilities).",
        "code": f"vsslfw and {', '.join(f'{p.distribution} {p.version}' for p in report.plugins if p.distribution) or 'no plugin'}.",
        "seed": f"Seed {report.seed}: the same run twice gives the same bytes on a CPU.",
    }


def _answer(entry: Mapping[str, Any], known: Mapping[str, str]) -> str:
    return " ".join(known[name] for name in entry.get("from", ()) if known[name])


@cache
def _items() -> dict[str, list[dict[str, Any]]]:
    text = resources.files("vsslfw.report").joinpath("checklist.json").read_text(encoding="utf-8")
    lists: dict[str, list[dict[str, Any]]] = json.loads(text)
    return lists
