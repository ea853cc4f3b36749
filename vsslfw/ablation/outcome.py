"""The outcome of a comparison: a row for each arm, failed ones too, and the contrasts between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vsslfw.ablation.finished import FinishedArm
from vsslfw.evaluation.arms import METRICS, Arms
from vsslfw.evaluation.contrasts import Contrast, Options, contrasts, meaning
from vsslfw.evaluation.uncertainty import SubjectBootstrap

SHOWN = ("balanced_accuracy", "f1_macro", "mcc", "sensitivity", "specificity")
"""The figures of a row."""


@dataclass(frozen=True)
class Figure:
    """A figure of one arm with its interval."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Row:
    """One arm: what it was, and what it scored; a failed one has a reason instead."""

    name: str
    state: str
    """``finished`` or ``failed``."""
    reason: str
    run: str
    """Its folder, as it is to be linked."""
    digest: str
    profile: str
    changes: str
    """What of the recipe it changes, in words."""
    makers: Mapping[str, str]
    figures: Mapping[str, Figure]


@dataclass(frozen=True)
class Outcome:
    """All that a comparison's tables and page show."""

    title: str
    data: str
    """``synthetic`` or ``recorded``."""
    metric: str
    metric_name: str
    rows: Sequence[Row]
    contrasts: Sequence[Contrast]
    meaning: str
    warnings: Sequence[str]
    classes: Sequence[str]
    positive: str
    subjects: int
    subjects_by_class: Mapping[str, int]
    videos: int
    confidence: float
    slopes: Mapping[str, Mapping[str, float]]
    """Arm -> subject -> the share of their videos that is answered rightly."""
    labels: Mapping[str, str]
    """Subject -> the classes that their videos bear."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def outcome_of(
    arms: Sequence[FinishedArm],
    pairs: Sequence[tuple[str, str]],
    primary: tuple[str, str] | None,
    options: Options,
    *,
    title: str,
    failed: Sequence[Row] = (),
    changes: Mapping[str, str] | None = None,
    links: Mapping[str, str] | None = None,
    warnings: Sequence[str] = (),
    order: Sequence[str] = (),
) -> Outcome:
    """Compare finished arms over ``pairs`` of (arm, against). UserError if their answers are not for the same videos."""
    first = arms[0]
    metrics = first.content.metrics
    lined = Arms.of({arm.name: arm.predictions for arm in arms}, metrics["classes"], metrics["positive"])
    there = [(a, b) for a, b in pairs if a in lined.arms and b in lined.arms]
    named = primary if primary and all(name in lined.arms for name in primary) else None
    found = contrasts(lined, there, named, options)
    rows = [_row(arm, lined, options, (changes or {}).get(arm.name, ""), (links or {}).get(arm.name, str(arm.folder))) for arm in arms]
    rows += failed
    if order:
        rows.sort(key=lambda row: list(order).index(row.name))
    bearers: dict[str, set[str]] = {}
    for subject, label in zip(lined.subjects, lined.labels, strict=True):
        bearers.setdefault(subject, set()).add(label)
    return Outcome(
        title=title,
        data=str(first.content.state.get("data", "")),
        metric=options.metric,
        metric_name=METRICS[options.metric][0],
        rows=rows,
        contrasts=found,
        meaning=meaning(lined, options),
        warnings=[*warnings, *_warnings(lined, found, primary, named, options)],
        classes=lined.classes,
        positive=lined.positive,
        subjects=len(bearers),
        subjects_by_class={name: sum(name in own for own in bearers.values()) for name in lined.classes},
        videos=len(lined.videos),
        confidence=options.confidence,
        slopes={name: lined.right_by_subject(arm) for name, arm in lined.arms.items()},
        labels={subject: " and ".join(sorted(own)) for subject, own in sorted(bearers.items())},
    )


def _row(arm: FinishedArm, lined: Arms, options: Options, changes: str, link: str) -> Row:
    bootstrap = SubjectBootstrap(lined.subjects, lined.labels, options.resamples, options.confidence, options.seed)
    own = lined.arms[arm.name]
    draws = list(bootstrap.draws()) if bootstrap.t is not None else []
    figures = {}
    for metric in dict.fromkeys([options.metric, *SHOWN]):
        value = lined.figure(own, metric)
        limits = (-1.0, 1.0) if metric == "mcc" else (0.0, 1.0)
        interval, _ = bootstrap.interval(value, [lined.figure(own, metric, units) for units in draws], limits)
        figures[metric] = Figure(value, interval["low"] if interval else None, interval["high"] if interval else None)
    return Row(arm.name, "finished", "", link, arm.digest, arm.profile, changes, arm.makers, figures)


def failed_row(name: str, reason: str, digest: str, profile: str, changes: str) -> Row:
    """A variant without a result."""
    return Row(name, "failed", reason, "", digest, profile, changes, {}, {})


def _warnings(
    arms: Arms, found: Sequence[Contrast], primary: tuple[str, str] | None, named: tuple[str, str] | None, options: Options
) -> list[str]:
    said = []
    subjects = len(set(arms.subjects))
    least = 2.0 ** (1 - subjects)
    if least > 1 - options.confidence:
        said.append(
            f"With {subjects} subjects no p can be below {least:.3g}: whatever the arms are, nothing can be shown at "
            f"{1 - options.confidence:.2g}."
        )
    if primary and not named:
        said.append(f"The primary contrast, {primary[0]} against {primary[1]}, has no result: an arm of it failed.")
    if not primary and len(found) > 1:
        said.append("No primary contrast was named before: every p is adjusted for all of them (Holm).")
    if options.metric == "auroc":
        said.append(
            "The AUROC is pooled over folds: under leave-one-subject-out it is not .5 by chance. Only its differences are shown here."
        )
    return said


def folder_link(folder: Path, beside: Path) -> str:
    """The folder as seen from ``beside``, for a link in a page that lies there."""
    import os

    return Path(os.path.relpath(folder, beside)).as_posix()
