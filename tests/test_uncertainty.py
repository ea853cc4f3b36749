"""Intervals: subjects are resampled, strata stay as large as they are, and few subjects are not many videos."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t

from vsslfw.evaluation.metrics import compute_metrics
from vsslfw.evaluation.options import StatisticsOptions
from vsslfw.evaluation.predictions import Prediction
from vsslfw.evaluation.uncertainty import ALIKE, FOLDS_ALIKE, SubjectBootstrap, corrected_interval
from vsslfw.report.words import between

SUBJECTS = ["A", "A", "A", "B", "C", "C", "D", "E", "E", "F", "F"]
LABELS = ["ES", "ES", "ES", "ES", "PNES", "PNES", "PNES", "ES", "PNES", "PNES", "ES"]


def test_strata_are_subjects_of_one_class_of_the_other_and_of_both() -> None:
    bootstrap = SubjectBootstrap(SUBJECTS, LABELS, resamples=50)
    assert bootstrap.strata == {"ES only": ["A", "B"], "PNES only": ["C", "D"], "both": ["E", "F"]}
    assert bootstrap.m == 4, "E and F count for both classes"
    for drawn in bootstrap.drawn_subjects():
        kinds = Counter("both" if name in "EF" else "ES" if name in "AB" else "PNES" for name in drawn)
        assert kinds == {"ES": 2, "PNES": 2, "both": 2}


def test_a_subject_that_would_be_alone_varies_with_others_of_its_class() -> None:
    bootstrap = SubjectBootstrap(["A", "B", "C", "D", "E", "E"], ["ES", "ES", "ES", "PNES", "PNES", "ES"])
    assert bootstrap.strata == {"ES only": ["A", "B", "C"], "both": ["D", "E"]}
    assert SubjectBootstrap(["A", "B", "C"], ["ES", "ES", "PNES"]).strata == {"ES only": ["A", "B"], "PNES only": ["C"]}, (
        "none shares a class"
    )


def test_a_subject_comes_with_all_its_videos() -> None:
    for units in SubjectBootstrap(SUBJECTS, LABELS, resamples=50).draws():
        times = Counter(units.tolist())
        for subject in set(SUBJECTS):
            assert len({times[i] for i, own in enumerate(SUBJECTS) if own == subject}) == 1


def test_the_interval_is_t_times_the_standard_error_within_the_limits() -> None:
    bootstrap = SubjectBootstrap(SUBJECTS[:-2], LABELS[:-2])
    found, reason = bootstrap.interval(0.5, [0.4, 0.5, 0.6])
    assert reason is None
    assert found == pytest.approx(
        {"low": max(0, 0.5 - t.ppf(0.975, 2) * 0.1), "high": min(1, 0.5 + t.ppf(0.975, 2) * 0.1), "se": 0.1, "m": 3}
    )


def test_one_subject_of_a_class_has_no_interval_and_a_reason() -> None:
    found, reason = SubjectBootstrap(["A", "B", "C"], ["ES", "PNES", "PNES"]).interval(0.5, [0.4, 0.6])
    assert found is None
    assert "two subjects of each class" in (reason or "")


@pytest.mark.parametrize(("value", "scores"), [(1.0, [1.0] * 9), (0.7, [0.1 + 0.2 + 0.4, 0.4 + 0.2 + 0.1, 0.7]), (0.0, [0.0, 1e-20])])
def test_a_figure_that_does_not_vary_has_no_interval_and_a_reason(value: float, scores: list[float]) -> None:
    assert SubjectBootstrap(SUBJECTS, LABELS).interval(value, scores) == (None, ALIKE)
    assert SubjectBootstrap(SUBJECTS, LABELS).interval(value, [*scores, value + 1e-6])[1] is None


@pytest.mark.parametrize("right", [True, False])
def test_a_few_subjects_who_are_all_right_do_not_say_that_everybody_is(right: bool) -> None:
    predictions = [
        Prediction(f"S{k}", f"V{k}{v}", f"S{k}", label, label if right else other, {label: share, other: 1 - share}, 1, 1.0)
        for k, (label, other) in enumerate((("ES", "PNES"), ("PNES", "ES")) * 2)
        for v in range(3)
        for share in [0.9 if right else 0.1]
    ]
    levels = compute_metrics(predictions, ("ES", "PNES"), "ES", options=StatisticsOptions(resamples=20))["levels"]
    for entry in (entry for level in levels.values() if level for entry in level["definitions"].values()):
        assert entry["interval"] is None
        assert entry["interval_reason"] == (ALIKE if entry["value"] is not None else "The figure itself is not defined.")


def test_nor_do_a_few_folds() -> None:
    assert corrected_interval([1.0, 1.0, 1.0], train=80, test=20) == {"value": 1.0, "low": None, "high": None, "se": 0.0, "folds": 3}
    predictions = [
        Prediction(f"{repeat}-{k % 2}", f"V{k}", f"S{k}", label, label, {label: 0.9, other: 0.1}, 1, 1.0, repeat=repeat)
        for repeat in (1, 2)
        for k, (label, other) in enumerate((("ES", "PNES"), ("ES", "PNES"), ("PNES", "ES"), ("PNES", "ES")))
    ]
    method = compute_metrics(predictions, ("ES", "PNES"), "ES", options=StatisticsOptions(resamples=20))["method"]
    assert [method[name]["low"] for name in ("balanced_accuracy", "auroc")] == [None, None]
    assert between(method["auroc"]) == ""
    assert method["reasons"] == dict.fromkeys(("balanced_accuracy", "auroc"), FOLDS_ALIKE)
    alone = [replace(p, fold=f"{p.subject} {p.repeat}") for p in predictions]
    method = compute_metrics(alone, ("ES", "PNES"), "ES", options=StatisticsOptions(resamples=20))["method"]
    assert "two folds" in method["reasons"]["auroc"]


@pytest.mark.slow
def test_more_videos_of_the_same_subjects_make_no_figure_surer() -> None:
    """The same eight subjects, each always right or always wrong, with one video or with twenty."""

    def width(videos: int) -> float:
        predictions = [
            Prediction(f"S{s}", f"S{s}-V{v}", f"S{s}", label, label if s < 5 else other, {label: 0.6, other: 0.4}, 1, 1.0)
            for s in range(8)
            for label, other in [("ES", "PNES") if s % 2 else ("PNES", "ES")]
            for v in range(videos)
        ]
        interval = compute_metrics(predictions, ("ES", "PNES"), "ES", options=StatisticsOptions())["definitions"]["balanced_accuracy"][
            "interval"
        ]
        return float(interval["high"] - interval["low"])

    assert width(20) == pytest.approx(width(1))


def test_the_corrected_interval_is_wider_than_the_naive_one() -> None:
    scores = np.random.default_rng(0).normal(0.7, 0.1, 25).tolist()
    found = corrected_interval(scores, train=80, test=20)
    assert found is not None
    naive = 0.1 / 5 * t.ppf(0.975, 24)
    assert found["high"] - found["value"] > 2 * naive
    assert found["se"] == pytest.approx(np.std(scores, ddof=1) * np.sqrt(1 / 25 + 20 / 80))
    assert corrected_interval([0.7], train=80, test=20) is None


def test_without_resamples_there_is_no_interval() -> None:
    predictions = [Prediction(f"S{k}", f"V{k}", f"S{k}", label, "ES", {"ES": 0.6, "PNES": 0.4}, 1, 1.0) for k, label in enumerate(LABELS)]
    entry = compute_metrics(predictions, ("ES", "PNES"), "ES")["definitions"]["accuracy"]
    assert entry["interval"] is None
    assert entry["interval_reason"]
