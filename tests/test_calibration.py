"""Calibration and curves: the class weights of training are taken back, and what is known to be so comes out so."""

from __future__ import annotations

import numpy as np
import pytest

from vsslfw.evaluation import curves
from vsslfw.evaluation.calibration import at_training_shares, groups_of, slope_and_intercept
from vsslfw.evaluation.metrics import compute_metrics
from vsslfw.evaluation.options import StatisticsOptions
from vsslfw.evaluation.predictions import Prediction

G = np.random.default_rng(0)
P = G.uniform(0.02, 0.98, 20_000)
TRUE = G.random(20_000) < P


def test_true_probabilities_have_slope_one_and_intercept_zero() -> None:
    slope, intercept, reason = slope_and_intercept(TRUE, P)
    assert (slope, intercept) == (pytest.approx(1.0, abs=0.05), pytest.approx(0.0, abs=0.05))
    assert reason is None


def test_too_sure_probabilities_have_a_slope_below_one() -> None:
    logit = np.log(P / (1 - P))
    assert slope_and_intercept(TRUE, 1 / (1 + np.exp(-2 * logit)))[0] == pytest.approx(0.5, abs=0.05)


def test_balanced_training_is_taken_back_exactly() -> None:
    """p at the true shares 4:1, trained with weights 1/4 and 1 (times a constant): adding back the log class ratio."""
    odds = P / (1 - P)
    balanced = np.stack([odds / 4 / (1 + odds / 4), 1 / (1 + odds / 4)], axis=1)
    back = at_training_shares(balanced, [0.625, 2.5])
    assert back[:, 0] == pytest.approx(P)
    shift = np.log(back[:, 0] / back[:, 1]) - np.log(balanced[:, 0] / balanced[:, 1])
    assert shift == pytest.approx(np.log(4.0))


@pytest.mark.parametrize(
    ("true", "p", "said"),
    [
        ([True, True], [0.4, 0.6], "both kinds"),
        ([True, False], [0.5, 0.5], "is the same"),
        ([True, False, True], [0.8, 0.2, 0.9], "separate"),
    ],
)
def test_where_there_is_no_slope_a_reason_stands(true: list[bool], p: list[float], said: str) -> None:
    slope, _, reason = slope_and_intercept(np.array(true), np.array(p))
    assert slope is None
    assert said in (reason or "")


def test_groups_hold_every_video_once() -> None:
    assert sorted(np.concatenate(groups_of(P[:103])).tolist()) == list(range(103))
    assert len(groups_of(P[:103])) == 10
    assert len(groups_of(P[:7])) == 1


def test_net_benefit_of_a_perfect_model_is_the_prevalence() -> None:
    assert curves.net_benefit(TRUE, TRUE.astype(float)) == pytest.approx(TRUE.mean())
    assert curves.net_benefit(TRUE, np.ones(len(TRUE))) == pytest.approx(curves.net_benefit_of_all(float(TRUE.mean())))


def test_the_surest_answers_come_first() -> None:
    shares = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.45, 0.55]])
    found = curves.abstention(np.array([0, 1, 1, 0]), shares.argmax(1), shares)
    assert found["confidence"] == [0.9, 0.8, 0.6, 0.55]
    assert found["answered"] == [0.25, 0.5, 0.75, 1.0]
    assert found["accuracy"] == [1.0, 1.0, pytest.approx(2 / 3), 0.5]
    assert found["balanced_accuracy"][0] is None, "one class alone has none"


def test_a_roc_ends_in_the_corners() -> None:
    roc = curves.roc(TRUE, P)
    assert roc[-1] == 1.0
    assert (np.diff(roc) >= 0).all()


def test_metrics_hold_bands_around_every_curve() -> None:
    predictions = [
        Prediction(
            f"S{k}", f"V{k}", f"S{k}", "ES" if t else "PNES", "ES" if p > 0.5 else "PNES", {"ES": float(p), "PNES": float(1 - p)}, 1, 1.0
        )
        for k, (t, p) in enumerate(zip(TRUE[:40], P[:40], strict=True))
    ]
    found = compute_metrics(predictions, ("ES", "PNES"), "ES", options=StatisticsOptions(resamples=40))
    for name in ("roc", "pr"):
        entry = found["curves"][name]
        assert len(entry["x"]) == len(entry["y"]) == len(entry["low"]) == len(entry["high"])
        assert all(low <= high for low, high in zip(entry["low"], entry["high"], strict=True))
    assert found["calibration"]["slope_interval"]["low"] < found["calibration"]["slope"] < found["calibration"]["slope_interval"]["high"]
