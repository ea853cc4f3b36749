"""What probabilities are worth beyond the answers: AUROC within folds, the method's interval, calibration, and curves."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsslfw.evaluation import curves
from vsslfw.evaluation.calibration import SHIFTED, groups_of, points, slope_and_intercept
from vsslfw.evaluation.levels import Level
from vsslfw.evaluation.measures import Answers
from vsslfw.evaluation.options import StatisticsOptions
from vsslfw.evaluation.predictions import Prediction
from vsslfw.evaluation.uncertainty import FOLDS_ALIKE, METHOD_MEANING, corrected_interval

NO_FOLD = (
    "No fold tests both classes, as each tests one subject or subjects of one class. Within folds it is defined for a repeated "
    "StratifiedGroupKFold: --set 'validation=dict(type=\"repeated_stratified_group_kfold\")'."
)
NO_FOLDS = "An interval needs two folds or more that test both classes."
NOT_REPEATED = (
    "Only a repeated split has one: --set 'validation=dict(type=\"repeated_stratified_group_kfold\")'. "
    "Folds that each leave out one subject say nothing of other training sets."
)


def within_folds(repeats: Sequence[Sequence[Prediction]], positive: str) -> dict[str, Any]:
    """The AUROC within the folds that test both classes: scores of one model are ranked among each other alone, so .5 is chance."""
    scores = [score for own in repeats for score in _by_fold(own, positive)["auroc"]]
    reason = None if scores else NO_FOLD
    return {"name": "AUROC, mean within folds", "value": fmean(scores) if scores else None, "folds": len(scores), "reason": reason}


def method_of(repeats: Sequence[Sequence[Prediction]], positive: str, options: StatisticsOptions) -> dict[str, Any]:
    """``method``: the corrected intervals over the folds of a repeated split, with ``reasons`` where there are none; or none of it, and
    ``method_reason``.
    """
    if len(repeats) < 2:
        return {"method": None, "method_reason": NOT_REPEATED}
    parts = [_by_fold(own, positive) for own in repeats]
    tested = fmean(size for part in parts for size in part["sizes"])
    train = len(repeats[0]) - tested
    scores = {name: [score for part in parts for score in part[name]] for name in ("balanced_accuracy", "auroc")}
    found = {name: corrected_interval(own, train=train, test=tested, confidence=options.confidence) for name, own in scores.items()}
    reasons = {name: NO_FOLDS if entry is None else FOLDS_ALIKE for name, entry in found.items() if entry is None or entry["low"] is None}
    return {"method": {"meaning": METHOD_MEANING, **found, "reasons": reasons}, "method_reason": None}


def _by_fold(predictions: Sequence[Prediction], positive: str) -> dict[str, list[float]]:
    """Scores of each fold that tests at least two classes."""
    from sklearn.metrics import recall_score, roc_auc_score

    folds: dict[str, list[Prediction]] = {}
    for p in predictions:
        folds.setdefault(p.fold, []).append(p)
    found: dict[str, list[float]] = {"balanced_accuracy": [], "auroc": [], "sizes": []}
    for own in folds.values():
        found["sizes"].append(len(own))
        labels = [p.label for p in own]
        if len(set(labels)) > 1:
            said = [p.predicted for p in own]
            found["balanced_accuracy"].append(
                float(recall_score(labels, said, labels=sorted(set(labels)), average="macro", zero_division=0.0))
            )
        true = [label == positive for label in labels]
        if 0 < sum(true) < len(true):
            found["auroc"].append(float(roc_auc_score(true, [p.probabilities[positive] for p in own])))
    return found


def probabilities_of(level: Level) -> dict[str, Any]:
    """``calibration`` and ``curves``: figures with their intervals, curves with pointwise bands from the same resamples of subjects."""
    index = list(level.measures.classes).index(level.measures.positive)
    first = level.repeats[0]
    true = first.true == index
    if true.all() or not true.any():
        untold = "Needs videos that are of the positive class and videos that are not."
        none: dict[str, Any] = {"intercept": None, "slope": None, "intercept_interval": None, "slope_interval": None, "points": []}
        return {"calibration": {**none, "reason": untold, "shifted": SHIFTED}, "curves": None, "curves_reason": untold}
    fair = np.mean([own.fair[:, index] for own in level.repeats], axis=0)
    groups = groups_of(fair)
    share = float(true.mean())

    def drawn(own: Answers) -> dict[str, NDArray[np.float64]]:
        own_true, p, p_fair = own.true == index, own.shares[:, index], own.fair[:, index]
        return {
            "roc": curves.roc(own_true, p),
            "pr": curves.precision_recall(own_true, p),
            "decision": curves.net_benefit(own_true, p_fair),
        }

    values = {name: np.mean([drawn(own)[name] for own in level.repeats], axis=0) for name in ("roc", "pr", "decision")}
    slope, intercept, reason = slope_and_intercept(true, fair)
    bands: dict[str, list[NDArray[np.float64]]] = {name: [] for name in values}
    slopes: list[float | None] = []
    intercepts: list[float | None] = []
    came_true: list[list[float]] = []
    for units in level.bootstrap.draws() if level.bootstrap.t is not None else ():
        resample = [own[units] for own in level.repeats]
        own_true = resample[0].true == index
        if own_true.all() or not own_true.any():
            continue
        for name in bands:
            bands[name].append(np.mean([drawn(own)[name] for own in resample], axis=0))
        slope_here, intercept_here, _ = slope_and_intercept(own_true, fair[units])
        slopes.append(slope_here)
        intercepts.append(intercept_here)
        times = np.bincount(units, minlength=len(true))
        came_true.append([float(np.average(true[g], weights=times[g])) if times[g].sum() else np.nan for g in groups])
    low, high = 0.5 - level.options.confidence / 2, 0.5 + level.options.confidence / 2

    def edges(rows: Sequence[Any]) -> tuple[list[float], list[float]]:
        return (np.nanquantile(rows, low, axis=0).tolist(), np.nanquantile(rows, high, axis=0).tolist()) if len(rows) > 1 else ([], [])

    def curve(name: str, x: NDArray[np.float64]) -> dict[str, list[float]]:
        below, above = edges(bands[name])
        return {"x": x.tolist(), "y": values[name].tolist(), "low": below, "high": above}

    below, above = edges(came_true)
    around = [{"low": below[i], "high": above[i]} if below else {"low": None, "high": None} for i in range(len(groups))]
    infinite = (-np.inf, np.inf)
    decision = curve("decision", curves.THRESHOLDS)
    every = {"threshold": decision.pop("x"), "model": decision.pop("y"), "all": curves.net_benefit_of_all(share).tolist(), **decision}
    return {
        "calibration": {
            "intercept": intercept,
            "slope": slope,
            "reason": reason,
            "intercept_interval": level.bootstrap.interval(intercept, intercepts, infinite)[0],
            "slope_interval": level.bootstrap.interval(slope, slopes, infinite)[0],
            "shifted": SHIFTED,
            "points": points(true, fair, around),
        },
        "curves": {
            "roc": curve("roc", curves.GRID),
            "pr": curve("pr", curves.GRID),
            "decision": every,
            "abstention": curves.abstention(first.true, first.said, np.mean([own.shares for own in level.repeats], axis=0)),
        },
        "curves_reason": None,
    }
