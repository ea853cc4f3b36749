"""Answers of several arms for the same videos, side by side: what a fair comparison compares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsslfw.errors import Problem, UserError
from vsslfw.evaluation.measures import undefined_mcc
from vsslfw.evaluation.predictions import Prediction
from vsslfw.evaluation.repeats import Value, mean_value

Metric = Callable[[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], int], float]
"""(true, said (N) as indices of classes, score (N) of the positive class, its index) -> the figure."""


def _balanced_accuracy(true: Any, said: Any, score: Any, positive: int) -> float:
    from sklearn.metrics import recall_score

    return float(recall_score(true, said, labels=np.unique(true), average="macro", zero_division=0.0))


def _f1_macro(true: Any, said: Any, score: Any, positive: int) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(true, said, labels=np.unique(true), average="macro", zero_division=0.0))


def _mcc(true: Any, said: Any, score: Any, positive: int) -> float:
    from sklearn.metrics import matthews_corrcoef

    return float(matthews_corrcoef(true, said))


def _sensitivity(true: Any, said: Any, score: Any, positive: int) -> float:
    from sklearn.metrics import recall_score

    return float(recall_score(true == positive, said == positive, zero_division=0.0))


def _specificity(true: Any, said: Any, score: Any, positive: int) -> float:
    from sklearn.metrics import recall_score

    return float(recall_score(true != positive, said != positive, zero_division=0.0))


def _auroc(true: Any, said: Any, score: Any, positive: int) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(true == positive, score))


METRICS: dict[str, tuple[str, Metric]] = {
    "balanced_accuracy": ("balanced accuracy", _balanced_accuracy),
    "f1_macro": ("macro F1", _f1_macro),
    "mcc": ("MCC", _mcc),
    "sensitivity": ("sensitivity", _sensitivity),
    "specificity": ("specificity", _specificity),
    "auroc": ("AUROC, pooled over folds", _auroc),
}
"""Name -> its words, and the figure; all of them are better the larger they are."""


@dataclass(frozen=True)
class Arm:
    """The answers of one arm for N videos in R repeats: the class (R,N), and the positive class's probability and rank (R,N)."""

    name: str
    said: NDArray[np.int64]
    shares: NDArray[np.float64]
    ranks: NDArray[np.float64]
    """Within the arm, between 0 and 1: what is swapped, since the probabilities of each arm have a scale of their own."""


@dataclass(frozen=True)
class Arms:
    """Arms over the same N videos of S subjects, in R repeats of the same split."""

    subjects: list[str]
    labels: list[str]
    videos: list[str]
    true: NDArray[np.int64]
    classes: tuple[str, ...]
    positive: str
    arms: dict[str, Arm]

    @classmethod
    def of(cls, predictions: Mapping[str, Sequence[Prediction]], classes: Sequence[str], positive: str) -> Arms:
        """Line the answers up. UserError if an arm has other videos, labels, subjects, folds or repeats than the first."""
        from scipy.stats import rankdata

        ordered = {name: sorted(own, key=lambda p: (p.repeat, p.video)) for name, own in predictions.items()}
        first_name, first = next(iter(ordered.items()))
        wanted = [_place(p) for p in first]
        problems = []
        for name, own in ordered.items():
            found = [_place(p) for p in own]
            if found != wanted:
                differing = len(set(found) ^ set(wanted))
                what = f"its answers are for other videos, labels, subjects or folds than those of {first_name} ({differing} differ)"
                problems.append(Problem(what, name, "Only runs on the same split file can be compared"))
        if problems:
            raise UserError(*problems)
        repeats = len({p.repeat for p in first})
        names = list(classes)
        arms = {}
        for name, own in ordered.items():
            said = np.array([names.index(p.predicted) for p in own]).reshape(repeats, -1)
            shares = np.array([p.probabilities[positive] for p in own]).reshape(repeats, -1)
            arms[name] = Arm(name, said, shares, rankdata(shares, axis=1) / shares.shape[1])
        once = first[: len(first) // repeats]
        true = np.array([names.index(p.label) for p in once])
        labels = [p.label for p in once]
        return cls([p.subject for p in once], labels, [p.video for p in once], true, tuple(classes), positive, arms)

    def figure(self, arm: Arm, metric: str, units: NDArray[np.intp] | None = None) -> float:
        """The mean of a metric over the repeats, of all videos or of some (with repetition). An MCC of 0 / 0 counts as 0."""
        chosen = slice(None) if units is None else units
        compute, index = METRICS[metric][1], list(self.classes).index(self.positive)
        rows = [compute(self.true[chosen], said[chosen], ranks[chosen], index) for said, ranks in zip(arm.said, arm.ranks, strict=True)]
        return float(np.mean(rows))

    def told(self, arm: Arm, metric: str, units: NDArray[np.intp] | None = None) -> Value:
        """As `figure`; or none, and why, where it is an MCC of 0 / 0: what a report says of the arm alone."""
        chosen = slice(None) if units is None else units
        reasons = [undefined_mcc(self.true[chosen], said[chosen]) for said in arm.said] if metric == "mcc" else []
        if any(reasons):
            return mean_value([(None if reason else 0.0, reason) for reason in reasons])
        return self.figure(arm, metric, units), None

    def right_by_subject(self, arm: Arm) -> dict[str, float]:
        """Subject -> the share of their videos that is answered rightly, over all repeats."""
        right = (arm.said == self.true).mean(axis=0)
        own: dict[str, list[float]] = {}
        for subject, share in zip(self.subjects, right.tolist(), strict=True):
            own.setdefault(subject, []).append(share)
        return {subject: float(np.mean(shares)) for subject, shares in sorted(own.items())}


def _place(p: Prediction) -> tuple[int, str, str, str, str]:
    return p.repeat, p.video, p.subject, p.label, p.fold
