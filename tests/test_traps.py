"""The traps of leave-one-subject-out with subjects of one class, reproduced with scikit-learn's own tools, and our tables right on them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict, permutation_test_score

from vsslfw.evaluation.levels import answered
from vsslfw.evaluation.metrics import compute_metrics
from vsslfw.evaluation.permutation import p_value
from vsslfw.evaluation.predictions import Prediction
from vsslfw.evaluation.probes import Described, ProbeFold, null_of, probe, score

LOSO = LeaveOneGroupOut()
SUBJECTS = np.array([f"S{s:02d}" for s in range(12) for _ in range(3)])
Y = np.array([s % 2 for s in range(12) for _ in range(3)])


def features(signal: float, seed: int = 0) -> Any:
    g = np.random.default_rng(seed)
    X = np.repeat(g.normal(size=(12, 5)), 3, axis=0) + g.normal(size=(36, 5))
    X[:, 0] += signal * Y
    return X


def by_dummy(strategy: str) -> Any:
    return cross_val_predict(DummyClassifier(strategy=strategy), features(0), Y, groups=SUBJECTS, cv=LOSO, method="predict_proba")


def ours(shares: Any) -> dict[str, Any]:
    predictions = [
        Prediction(subject, f"V{n}", subject, ("PNES", "ES")[y], "", {"ES": float(p[1]), "PNES": float(p[0])}, 1, 1.0)
        for n, (subject, y, p) in enumerate(zip(SUBJECTS.tolist(), Y, shares, strict=True))
    ]
    said = [Prediction(**(vars(p) | {"predicted": answered(p.probabilities, "ES", None)})) for p in predictions]
    return compute_metrics(said, ("ES", "PNES"), "ES")


def test_a_learner_that_knows_only_the_class_prior_ranks_every_pair_the_wrong_way_round() -> None:
    shares = by_dummy("prior")
    assert roc_auc_score(Y, shares[:, 1]) == 0.0
    auroc = ours(shares)["auroc"]
    assert auroc["value"] == auroc["prior_only"] == 0.0, "our table shows the same of the prior alone, beside it"
    assert auroc["within_folds"]["value"] is None, "and no figure against .5, since no fold tests both classes"
    assert "Do not read this value against 0.5" in auroc["caveat"]


def test_the_majority_dummy_is_always_wrong_and_our_constant_answer_is_not() -> None:
    shares = by_dummy("most_frequent")
    assert (shares.argmax(1) == Y).mean() == 0.0, "the class that is left out is the rarer one in training"
    entry = ours(shares)["definitions"]["accuracy"]
    assert (entry["value"], entry["constant"]) == (0.0, 0.5)


@pytest.mark.parametrize("signal", [0.0, 20.0])
def test_scikit_learns_grouped_permutation_permutes_nothing(signal: float) -> None:
    model = LogisticRegression(class_weight="balanced")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value, null, p = permutation_test_score(
            model, features(signal), Y, groups=SUBJECTS, cv=LOSO, n_permutations=19, random_state=0, scoring="accuracy"
        )
    assert set(null.tolist()) == {value}, "within a subject of one label there is nothing to swap"
    assert p == 1.0, "whatever there is to be found"


@pytest.mark.slow
def test_ours_finds_what_is_there_and_nothing_where_nothing_is() -> None:
    folds = [ProbeFold(train, test) for train, test in LOSO.split(features(0), Y, SUBJECTS)]

    def p_of(signal: float) -> float:
        of = Described("x", "x", "x", features(signal))
        value = score(Y, probe(of, Y, SUBJECTS.tolist(), folds, classes=2, seed=0), folds)["balanced_accuracy"]
        null = null_of(of, Y, SUBJECTS.tolist(), folds, classes=2, m=39, seed=0)
        return p_value(value, null.scores["balanced_accuracy"])

    assert p_of(20.0) <= 0.05
    assert p_of(0.0) > 0.05


@pytest.mark.slow
def test_the_pooled_auroc_of_nothing_lies_below_a_half_and_its_own_null_says_so() -> None:
    of = Described("x", "x", "x", features(0))
    folds = [ProbeFold(train, test) for train, test in LOSO.split(of.X, Y, SUBJECTS)]
    null = null_of(of, Y, SUBJECTS.tolist(), folds, classes=2, m=59, seed=0)
    assert np.mean(null.scores["auroc_pooled"]) < 0.49
