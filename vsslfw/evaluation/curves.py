"""Curves over all thresholds: ROC, precision-recall, decision curve, and what is gained by not always answering."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
GRID = np.linspace(0.0, 1.0, 51)
THRESHOLDS = np.round(np.arange(0.02, 0.99, 0.02), 2)
"""Of the decision curve: at 1 one false alarm weighs infinitely many hits."""


def roc(true: NDArray[np.bool_], p: Floats) -> Floats:
    """Sensitivity at each false-positive rate of `GRID`."""
    from sklearn.metrics import roc_curve

    false_rate, true_rate, _ = roc_curve(true, p)
    return np.asarray(np.interp(GRID, false_rate, true_rate))


def precision_recall(true: NDArray[np.bool_], p: Floats) -> Floats:
    """Precision at each recall of `GRID`."""
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(true, p)
    return np.asarray(np.interp(GRID, recall[::-1], precision[::-1]))


def net_benefit(true: NDArray[np.bool_], p: Floats) -> Floats:
    """Net benefit at each of `THRESHOLDS` (Vickers and Elkin 2006): hits less false alarms, as a threshold weighs them, per video."""
    said = p[None, :] >= THRESHOLDS[:, None]
    odds = THRESHOLDS / (1 - THRESHOLDS)
    return np.asarray((said & true).mean(axis=1) - odds * (said & ~true).mean(axis=1))


def net_benefit_of_all(share: float) -> Floats:
    """The same for treating everybody as positive."""
    return np.asarray(share - (1 - share) * THRESHOLDS / (1 - THRESHOLDS))


def abstention(true: NDArray[np.int64], said: NDArray[np.int64], shares: Floats) -> dict[str, Any]:
    """What is right among the answers of which the model is surest, for more and more of them.

    ``confidence``: the probability of the answer below which it abstains; ``answered``: share of videos that get an answer.
    """
    from sklearn.metrics import recall_score

    sure = shares[np.arange(len(said)), said]
    cuts = np.unique(sure)[::-1]
    if len(cuts) > 50:
        cuts = np.unique(np.quantile(sure, np.linspace(0, 1, 50)))[::-1]
    rows = [(float(cut), sure >= cut) for cut in cuts]

    def balanced(kept: NDArray[np.bool_]) -> float | None:
        whole = len(set(true[kept].tolist())) == len(set(true.tolist()))
        return float(recall_score(true[kept], said[kept], average="macro", labels=np.unique(true), zero_division=0.0)) if whole else None

    return {
        "confidence": [cut for cut, _ in rows],
        "answered": [float(kept.mean()) for _, kept in rows],
        "accuracy": [float((true[kept] == said[kept]).mean()) for _, kept in rows],
        "balanced_accuracy": [balanced(kept) for _, kept in rows],
    }
