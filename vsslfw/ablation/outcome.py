"""The outcome of a comparison: a row for each arm, failed ones too, and the contrasts between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vsslfw.ablation.finished import FinishedArm, unlike
from vsslfw.evaluation.arms import METRICS, Arms
from vsslfw.evaluation.contrasts import Contrast, Options, adjusted, contrast, meaning
from vsslfw.evaluation.uncertainty import SubjectBootstrap
from vsslfw.same_task import other_evidence

SHOWN = ("balanced_accuracy", "f1_macro", "mcc", "sensitivity", "specificity")
"""The figures of a row."""


@dataclass(frozen=True)
class Figure:
    """A figure of one arm with its interval."""

    value: float | None
    low: float | None
    high: float | None
    reason: str | None = None
    """Why there is no interval, or no value."""


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
    """Compare finished arms over ``pairs`` of (arm, against). Arms that answered another question stand beside them, not compared."""
    first = arms[0]
    groups = _groups(arms)
    lined = groups[first.name]
    ordered = [primary, *(pair for pair in pairs if pair != primary)] if primary else list(pairs)
    there = [pair for pair in ordered if all(name in groups for name in pair)]
    fair = [pair for pair in there if groups[pair[0]] is groups[pair[1]]]
    found = adjusted([contrast(groups[a], a, b, options, primary=(a, b) == primary) for a, b in fair], options)
    named = primary if primary in fair else None
    warnings = [
        *warnings,
        *(_lacking(pair, groups) for pair in ordered if pair not in there),
        *(_unlike(pair, arms) for pair in there if pair not in fair),
        *(line for pair in fair for line in _evidence(pair, arms)),
    ]
    rows = [
        _row(arm, groups[arm.name], options, (changes or {}).get(arm.name, ""), (links or {}).get(arm.name, str(arm.folder)))
        for arm in arms
    ]
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
        slopes={name: own.right_by_subject(own.arms[name]) for name, own in groups.items()},
        labels={subject: " and ".join(sorted(own)) for subject, own in sorted(bearers.items())},
    )


def _groups(arms: Sequence[FinishedArm]) -> dict[str, Arms]:
    """By arm, the arms that answered the same question: the same videos, classes and split."""
    together: list[list[FinishedArm]] = []
    for arm in arms:
        own = next((group for group in together if not _differing(group[0], arm)), None)
        if own is None:
            together.append([arm])
        else:
            own.append(arm)
    found: dict[str, Arms] = {}
    for group in together:
        metrics = group[0].content.metrics
        lined = Arms.of({arm.name: arm.predictions for arm in group}, metrics["classes"], metrics["positive"])
        found |= {arm.name: lined for arm in group}
    return found


def _differing(one: FinishedArm, other: FinishedArm) -> list[str]:
    """What of the question they answered differs; another seed gives the same subjects other pseudonyms."""
    found = unlike(one, other)
    ours, theirs = ({(p.repeat, p.video, p.subject, p.fold) for p in arm.predictions} for arm in (one, other))
    return found or ([] if ours == theirs else ["pseudonyms (another seed)"])


def _unlike(pair: tuple[str, str], arms: Sequence[FinishedArm]) -> str:
    by_name = {arm.name: arm for arm in arms}
    differing = _differing(by_name[pair[1]], by_name[pair[0]])
    return f"“{pair[0]}” is not compared with “{pair[1]}”: they differ in {', '.join(differing)}."


def _evidence(pair: tuple[str, str], arms: Sequence[FinishedArm]) -> list[str]:
    by_name = {arm.name: arm for arm in arms}
    return other_evidence(pair, *(by_name[name].content.recipe for name in pair))


def _lacking(pair: tuple[str, str], there: Mapping[str, Any]) -> str:
    lacking = " and ".join(f"“{name}”" for name in pair if name not in there)
    return f"“{pair[0]}” is not compared with “{pair[1]}”: there is no result of {lacking}."


def _row(arm: FinishedArm, lined: Arms, options: Options, changes: str, link: str) -> Row:
    bootstrap = SubjectBootstrap(lined.subjects, lined.labels, options.resamples, options.confidence, options.seed)
    own = lined.arms[arm.name]
    draws = list(bootstrap.draws()) if bootstrap.t is not None else []
    figures = {}
    for metric in dict.fromkeys([options.metric, *SHOWN]):
        value, undefined = lined.told(own, metric)
        limits = (-1.0, 1.0) if metric == "mcc" else (0.0, 1.0)
        interval, reason = bootstrap.interval(value, [lined.told(own, metric, units)[0] for units in draws], limits)
        low, high = (interval[side] if interval else None for side in ("low", "high"))
        figures[metric] = Figure(value, low, high, undefined or reason)
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
        said.append(f"The primary contrast, {primary[0]} against {primary[1]}, has no result.")
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
