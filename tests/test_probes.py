"""Probes: standardised, balanced, C from inner folds; and the shortcut through the span of the rows changes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from vsslfw.evaluation import probes
from vsslfw.evaluation.probes import Described, ProbeFold, null_of, probe, score, within_fold_auroc


def study(subjects: int = 8, dimensions: int = 4, signal: float = 0.0, seed: int = 0) -> tuple[Any, Any, list[str]]:
    """Three videos a subject, subjects of one class each, a deviation of 1 between subjects and within."""
    g = np.random.default_rng(seed)
    y = np.array([s % 2 for s in range(subjects) for _ in range(3)])
    X = np.repeat(g.normal(size=(subjects, dimensions)), 3, axis=0) + g.normal(size=(3 * subjects, dimensions))
    X[:, 0] += signal * y
    return X, y, [f"S{s}" for s in range(subjects) for _ in range(3)]


def loso(X: Any, y: Any, subjects: list[str]) -> list[ProbeFold]:
    return [ProbeFold(train, test) for train, test in LeaveOneGroupOut().split(X, y, subjects)]


def described(X: Any) -> Described:
    return Described("x", "x", "x", X)


def test_a_signal_is_found() -> None:
    X, y, subjects = study(signal=6.0)
    folds = loso(X, y, subjects)
    assert score(y, probe(described(X), y, subjects, folds, classes=2, seed=0), folds)["balanced_accuracy"] > 0.8


def test_many_dimensions_give_what_the_plain_pipeline_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    """The regression lives in the span of its training rows: 300 dimensions, 21 rows."""
    monkeypatch.setattr(probes, "PENALTIES", (0.1,))
    X, y, subjects = study(dimensions=300, signal=2.0)
    folds = loso(X, y, subjects)
    for fold, ours in zip(folds, probe(described(X), y, subjects, folds, classes=2, seed=0), strict=True):
        plain = make_pipeline(
            StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", solver="liblinear", intercept_scaling=10.0)
        )
        theirs = plain.fit(X[fold.train], y[fold.train]).predict_proba(X[fold.test])
        assert ours == pytest.approx(theirs, abs=1e-3)


def test_the_penalty_is_chosen_without_a_subject_on_two_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y, subjects = study()
    fold = loso(X, y, subjects)[0]
    seen: list[set[str]] = []
    original = LogisticRegression.fit

    def fit(self: Any, rows: Any, labels: Any) -> Any:
        seen.append({subjects[i] for i in fold.train for row in rows if np.allclose(row, scaled[i])})
        return original(self, rows, labels)

    scaled = dict(zip(fold.train, StandardScaler().fit_transform(X[fold.train]), strict=True))
    monkeypatch.setattr(LogisticRegression, "fit", fit)
    probe(described(X), y, subjects, [fold], classes=2, seed=0)
    *inner, outer = seen
    assert subjects[fold.test[0]] not in outer
    assert len(inner) == len(probes.PENALTIES) * probes.INNER_FOLDS
    for trained in inner:
        left = [i for i in fold.train if subjects[i] in trained]
        assert len(left) == 3 * len(trained), "all videos of a subject are on one side"


def test_words_and_numbers_of_a_manifest() -> None:
    _, y, subjects = study()
    rows = [{"site": "north" if label else "south", "age": 30.0 + n} for n, label in enumerate(y)]
    folds = loso(np.zeros((len(y), 1)), y, subjects)
    assert score(y, probe(described(rows), y, subjects, folds, classes=2, seed=0), folds)["balanced_accuracy"] == 1.0


def test_a_description_for_each_fold() -> None:
    X, y, subjects = study(signal=6.0)
    folds = loso(X, y, subjects)
    same = probe(described(dict.fromkeys(range(len(folds)), X)), y, subjects, folds, classes=2, seed=0)
    for one, other in zip(same, probe(described(X), y, subjects, folds, classes=2, seed=0), strict=True):
        assert one == pytest.approx(other)


def test_three_classes() -> None:
    X, _, subjects = study(subjects=9)
    y = np.array([s % 3 for s in range(9) for _ in range(3)])
    X[:, 0] += 5 * (y == 1)
    X[:, 1] += 5 * (y == 2)
    folds = loso(X, y, subjects)
    answers = probe(described(X), y, subjects, folds, classes=3, seed=0)
    assert all(answer.shape[1] == 3 and answer.sum(1) == pytest.approx(1.0) for answer in answers)
    assert score(y, answers, folds)["balanced_accuracy"] > 0.6


def test_the_null_does_not_depend_on_the_number_of_jobs() -> None:
    X, y, subjects = study(subjects=6)
    folds = loso(X, y, subjects)
    one, two = (null_of(described(X), y, subjects, folds, classes=2, m=30, seed=0, jobs=jobs) for jobs in (1, 2))
    assert one == two
    assert one.m == 19, "6 choose 3, less the true one"


@pytest.mark.slow
def test_permutations_end_once_p_cannot_be_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "ROUND", 10)
    monkeypatch.setattr(probes, "ENOUGH", 5)
    X, y, subjects = study(subjects=10)
    folds = loso(X, y, subjects)
    assert null_of(described(X), y, subjects, folds, classes=2, m=40, seed=0, value=0.0).m == 10
    assert null_of(described(X), y, subjects, folds, classes=2, m=40, seed=0, value=2.0).m == 40


def test_within_folds_chance_is_a_half() -> None:
    found = [within_fold_auroc(described(X), y, s, repeats=2, seed=0) for X, y, s in (study(12, seed=seed) for seed in range(12))]
    assert np.mean([value for value in found if value is not None]) == pytest.approx(0.5, abs=0.1)


def test_one_subject_of_a_class_has_no_auroc_within_folds() -> None:
    X, _, subjects = study(4)
    assert within_fold_auroc(described(X), np.array([1] * 3 + [0] * 9), subjects, seed=0) is None
