"""Learners and schemes of the simulations, all of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from made import Study
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef, recall_score, roc_auc_score
from sklearn.model_selection import LeaveOneGroupOut, StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

LEARNERS: dict[str, Callable[[], Any]] = {
    "logistic regression": lambda: make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced")),
    "the class prior alone": lambda: DummyClassifier(strategy="prior"),
    "most frequent class": lambda: DummyClassifier(strategy="most_frequent"),
}
SCHEMES = ("LOSO", "repeated StratifiedGroupKFold")
FOLDS, REPEATS = 5, 5
Fold = tuple[NDArray[np.intp], NDArray[np.intp]]


def folds_of(scheme: str, data: Study, seed: int) -> Iterator[list[Fold]]:
    """The folds of each repeat."""
    if scheme == "LOSO":
        yield list(LeaveOneGroupOut().split(data.X, data.y, data.subjects))
        return
    for repeat in range(REPEATS):
        splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed + repeat)
        yield list(splitter.split(data.X, data.y, data.subjects))


def answers(learner: str, data: Study, folds: list[Fold]) -> NDArray[np.float64]:
    """(N) probability of class 1 of each video, by the model of the fold that tests it."""
    shares = np.full(len(data.y), np.nan)
    for train, test in folds:
        model = LEARNERS[learner]().fit(data.X[train], data.y[train])
        shares[test] = model.predict_proba(data.X[test])[:, list(model.classes_).index(1)] if 1 in model.classes_ else 0.0
    return shares


def metrics(data: Study, shares: NDArray[np.float64], folds: list[Fold]) -> dict[str, float]:
    """The metrics of one repeat; NaN where one is not defined."""
    said = (shares > 0.5).astype(int)
    within = [roc_auc_score(data.y[test], shares[test]) for _, test in folds if len(set(data.y[test])) == 2]
    return {
        "accuracy": accuracy_score(data.y, said),
        "balanced accuracy": recall_score(data.y, said, average="macro", zero_division=0.0),
        "macro F1": f1_score(data.y, said, average="macro", zero_division=0.0),
        "MCC": matthews_corrcoef(data.y, said),
        "AUROC, pooled": roc_auc_score(data.y, shares),
        "AUROC, within folds": float(np.mean(within)) if within else float("nan"),
    }


def validated(learner: str, scheme: str, data: Study, seed: int) -> tuple[dict[str, float], list[tuple[list[Fold], NDArray[np.float64]]]]:
    """The metrics as the mean over repeats, and each repeat's folds and probabilities."""
    repeats = [(folds, answers(learner, data, folds)) for folds in folds_of(scheme, data, seed)]
    rows = [metrics(data, shares, folds) for folds, shares in repeats]
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}, repeats
