"""Probes: what a logistic regression can tell from a description of each video, over the same folds as the model."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsslfw.evaluation.permutation import Labels, p_value, permuted_labels

Floats = NDArray[np.float64]
PENALTIES = (1e-3, 1e-1, 1e1)
"""What C is chosen from."""
INNER_FOLDS = 3
ENOUGH = 50
"""So many scores under permuted labels that are as good as the true one are enough: with 1,000 of them p is above .05 for certain."""
ROUND = 100
"""How many permutations are made before it is asked whether they are enough."""


@dataclass(frozen=True)
class ProbeFold:
    """Indices of the videos that are trained on and that are tested; ``repeat`` as in `vsslfw.evaluation.repeats`."""

    train: NDArray[np.intp]
    test: NDArray[np.intp]
    repeat: int = 1


@dataclass(frozen=True)
class Described:
    """A description of every video: (N, d) numbers, or N mappings of words and numbers; or one such for each fold, by its position."""

    key: str
    name: str
    what: str
    """What it knows, in a sentence."""
    X: Any

    def of_fold(self, number: int) -> Any:
        """The description that this fold may use."""
        return self.X[number] if isinstance(self.X, Mapping) else self.X


@dataclass(frozen=True)
class Null:
    """Scores under permuted labels, one of each for every permutation."""

    m: int
    scores: dict[str, list[float]]
    """``balanced_accuracy``, and ``auroc_pooled`` where there are two classes."""

    def beside(self, true: Mapping[str, float]) -> dict[str, Any] | None:
        """Where 95% of these scores lie, and the p of the ``true`` ones; none without permutations."""
        if not self.m:
            return None
        record: dict[str, Any] = {"m": self.m}
        for name, prefix in (("balanced_accuracy", ""), ("auroc_pooled", "auroc_")):
            own = self.scores.get(name)
            low, high = np.quantile(own, [0.025, 0.975]).tolist() if own else (None, None)
            p = p_value(true[name], own) if own else None
            record |= {f"{prefix}p": p, f"{prefix}low": low, f"{prefix}high": high}
        return record


def probe(described: Described, y: Labels, groups: Sequence[str], folds: Sequence[ProbeFold], *, classes: int, seed: int) -> list[Floats]:
    """For each fold the probabilities (tested videos, K) of its probe.

    The probe is a standardised logistic regression with balanced class weights. Its C is chosen by a StratifiedGroupKFold of the
    training videos (no subject on two sides) for the best balanced accuracy; the stronger penalty wins a tie. Means and scales come
    from the training videos alone.
    """
    with _quick():
        prepared = [_prepare(described.of_fold(number), fold) for number, fold in enumerate(folds)]
        return [_answers(ready, fold, y, np.asarray(groups), classes, seed) for ready, fold in zip(prepared, folds, strict=True)]


def null_of(
    described: Described,
    y: Labels,
    groups: Sequence[str],
    folds: Sequence[ProbeFold],
    *,
    classes: int,
    m: int,
    seed: int,
    jobs: int = 1,
    value: float | None = None,
) -> Null:
    """The probe's scores under up to ``m`` permutations of the subjects' labels: the whole probe is fitted anew for each.

    With ``value``, its balanced accuracy under the true labels, it ends after `ENOUGH` that are as good (Besag and Clifford 1991). The
    same for any number of ``jobs``.
    """
    from joblib import Parallel, delayed

    subjects = np.asarray(groups)
    with _quick():
        prepared = [_prepare(described.of_fold(number), fold) for number, fold in enumerate(folds)]
    rows: list[dict[str, float]] = []
    for others in _batched(permuted_labels(y, groups, m=m, seed=seed), ROUND):
        size = -(-len(others) // (2 * jobs))
        parts = [others[start : start + size] for start in range(0, len(others), size)]
        done = Parallel(n_jobs=min(jobs, len(parts)))(delayed(_scored)(prepared, part, subjects, folds, classes, seed) for part in parts)
        rows += [row for part in done for row in part]
        if value is not None and sum(row["balanced_accuracy"] >= value for row in rows) >= ENOUGH:
            break
    return Null(len(rows), {name: [row[name] for row in rows] for name in (rows[0] if rows else ())})


def within_fold_auroc(described: Described, y: Labels, groups: Sequence[str], *, repeats: int = 5, seed: int) -> float | None:
    """Mean AUROC of a two-class probe within the folds of a repeated StratifiedGroupKFold; none where no fold tests both classes.

    Scores of one model are ranked among each other alone, so that .5 is what knowing nothing gives.
    """
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold

    subjects = np.asarray(groups)
    smallest = min(len(set(subjects[y == label])) for label in (0, 1))
    if smallest < 2 or isinstance(described.X, Mapping):
        return None
    scores = []
    with _quick():
        for repeat in range(repeats):
            splitter = StratifiedGroupKFold(min(5, smallest), shuffle=True, random_state=(seed + repeat) % 2**32)
            for train, test in splitter.split(np.zeros(len(y)), y, subjects):
                if len(set(y[test])) == 2 and len(set(y[train])) == 2:
                    fold = ProbeFold(train, test)
                    answers = _answers(_prepare(described.X, fold), fold, y, subjects, 2, seed)
                    scores.append(roc_auc_score(y[test], answers[:, 1]))
    return float(np.mean(scores)) if scores else None


def score(y: Labels, answers: Sequence[Floats], folds: Sequence[ProbeFold]) -> dict[str, float]:
    """Balanced accuracy and, of two classes, pooled AUROC, over the videos that were tested; the mean over repeats."""
    from sklearn.metrics import recall_score, roc_auc_score

    rows = []
    for repeat in sorted({fold.repeat for fold in folds}):
        own = [(fold, answer) for fold, answer in zip(folds, answers, strict=True) if fold.repeat == repeat]
        true = np.concatenate([y[fold.test] for fold, _ in own])
        shares = np.concatenate([answer for _, answer in own])
        row = {"balanced_accuracy": float(recall_score(true, shares.argmax(1), average="macro", zero_division=0.0))}
        if shares.shape[1] == 2:
            row["auroc_pooled"] = float(roc_auc_score(true, shares[:, 1]))
        rows.append(row)
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


Prepared = tuple[Floats, Floats]
"""Standardised rows of training and test, in no more dimensions than there are training videos."""


def _prepare(X: Any, fold: ProbeFold) -> Prepared:
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.preprocessing import StandardScaler

    if isinstance(X, np.ndarray):
        train, test = X[fold.train], X[fold.test]
    else:
        vectors = DictVectorizer(sparse=False)
        train = vectors.fit_transform([X[i] for i in fold.train])
        test = vectors.transform([X[i] for i in fold.test])
    scaler = StandardScaler().fit(np.asarray(train, dtype=np.float64))
    train, test = scaler.transform(train), scaler.transform(test)
    if train.shape[1] > len(train):
        # The weights of an L2-penalised regression lie in the span of its rows: turned into that span, the answers are the same.
        directions = np.linalg.svd(train, full_matrices=False)[2].T
        train, test = train @ directions, test @ directions
    return train, test


def _answers(ready: Prepared, fold: ProbeFold, y: Labels, subjects: NDArray[Any], classes: int, seed: int) -> Floats:
    train, test = ready
    labels = y[fold.train]
    present = np.unique(labels)
    answers = np.zeros((len(test), classes))
    if len(present) == 1 or train.shape[1] == 0:
        answers[:, present] = 1 / len(present)
        return answers
    penalty = _penalty(train, labels, subjects[fold.train], seed)
    answers[:, present] = _regression(penalty, len(present)).fit(train, labels).predict_proba(test)
    return answers


def _penalty(X: Floats, labels: Labels, subjects: NDArray[Any], seed: int) -> float:
    from sklearn.metrics import recall_score
    from sklearn.model_selection import StratifiedGroupKFold

    if len(PENALTIES) == 1:
        return PENALTIES[0]
    fewest = min(len(set(subjects[labels == label])) for label in np.unique(labels))
    if fewest < 2:
        return 1.0
    splitter = StratifiedGroupKFold(min(INNER_FOLDS, fewest), shuffle=True, random_state=seed % 2**32)
    inner = [(train, test) for train, test in splitter.split(X, labels, subjects) if len(set(labels[train])) == len(set(labels))]
    if not inner:
        return 1.0
    tested = np.concatenate([labels[test] for _, test in inner])
    gains = []
    for penalty in PENALTIES:
        said = np.concatenate(
            [_regression(penalty, len(set(labels))).fit(X[train], labels[train]).predict(X[test]) for train, test in inner]
        )
        gains.append(recall_score(tested, said, average="macro", zero_division=0.0))
    return PENALTIES[int(np.argmax(gains))]


def _regression(penalty: float, classes: int) -> Any:
    """For two classes liblinear, the fastest on so few rows; it penalises the intercept too, which the scaling makes little of."""
    from sklearn.linear_model import LogisticRegression

    if classes == 2:
        return LogisticRegression(C=penalty, class_weight="balanced", solver="liblinear", intercept_scaling=10.0)
    return LogisticRegression(C=penalty, class_weight="balanced", max_iter=1000)


def _batched(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(items)
    while batch := list(itertools.islice(rest, size)):
        yield batch


def _scored(
    prepared: Sequence[Prepared],
    others: Sequence[Labels],
    subjects: NDArray[Any],
    folds: Sequence[ProbeFold],
    classes: int,
    seed: int,
) -> list[dict[str, float]]:
    with _quick():
        rows = []
        for y in others:
            answers = [_answers(ready, fold, y, subjects, classes, seed) for ready, fold in zip(prepared, folds, strict=True)]
            rows.append(score(y, answers, folds))
        return rows


@contextmanager
def _quick() -> Iterator[None]:
    """Thousands of tiny fits: no repeated checks of the same numbers, and no threads that wait for each other."""
    from sklearn import config_context
    from threadpoolctl import threadpool_limits

    with (
        config_context(assume_finite=True, skip_parameter_validation=True),
        threadpool_limits(1),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", message="The least populated class")
        warnings.filterwarnings("ignore", message="y_pred contains classes")
        yield
