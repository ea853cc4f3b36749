"""Window, video, subject: each level says what its unit is, and a subject with both labels is two."""

from __future__ import annotations

import pytest

from vsslfw.digest import canonical_json
from vsslfw.evaluation.levels import answered, by_subject
from vsslfw.evaluation.metrics import compute_metrics
from vsslfw.evaluation.options import StatisticsOptions
from vsslfw.evaluation.predictions import Prediction, WindowAnswer

TWO = ("ES", "PNES")


def video(name: str, subject: str, label: str, p: float, *, repeat: int = 1, threshold: float | None = None) -> Prediction:
    shares = {"ES": p, "PNES": 1 - p}
    return Prediction(
        f"{subject}-{repeat}", name, subject, label, answered(shares, "ES", threshold), shares, 2, 10.0, "recorded", repeat, threshold
    )


PREDICTIONS = [
    video("V1", "A", "ES", 0.9),
    video("V2", "A", "ES", 0.4),
    video("V3", "B", "PNES", 0.2),
    video("V4", "C", "ES", 0.7),
    video("V5", "C", "PNES", 0.6),
    video("V6", "D", "PNES", 0.1),
]
WINDOWS = [
    WindowAnswer(
        p.fold, p.video, p.subject, p.label, 5.0 * k, 5.0 * k + 5, {"ES": p.probabilities["ES"] + d, "PNES": p.probabilities["PNES"] - d}
    )
    for p in PREDICTIONS
    for k, d in enumerate((-0.05, 0.05))
]


def test_units_of_each_level() -> None:
    levels = compute_metrics(PREDICTIONS, TWO, "ES", windows=WINDOWS)["levels"]
    assert {name: level["n"] for name, level in levels.items()} == {"window": 12, "video": 6, "subject": 5}
    assert levels["video"]["definitions"]["accuracy"]["value"] == pytest.approx(4 / 6)


def test_a_subject_with_both_labels_is_two_units() -> None:
    (units,) = by_subject([PREDICTIONS], "ES")
    assert [(u.subject, u.label, u.predicted) for u in units] == [
        ("A", "ES", "ES"),
        ("B", "PNES", "PNES"),
        ("C", "ES", "ES"),
        ("C", "PNES", "ES"),
        ("D", "PNES", "PNES"),
    ]
    assert units[0].probabilities["ES"] == pytest.approx(0.65), "the mean of its videos"


def test_without_windows_that_level_is_null() -> None:
    assert compute_metrics(PREDICTIONS, TWO, "ES")["levels"]["window"] is None


@pytest.mark.parametrize(("p", "threshold", "said"), [(0.4, None, "PNES"), (0.4, 0.3, "ES"), (0.3, 0.3, "ES"), (0.29, 0.3, "PNES")])
def test_a_threshold_decides_from_where_the_positive_class_is_answered(p: float, threshold: float | None, said: str) -> None:
    assert answered({"ES": p, "PNES": 1 - p}, "ES", threshold) == said


def test_ppv_follows_a_stated_prevalence() -> None:
    options = StatisticsOptions(resamples=0, prevalence=0.1)
    found = compute_metrics(PREDICTIONS, TWO, "ES", options=options)["definitions"]
    sensitivity, specificity = found["sensitivity"]["value"], found["specificity"]["value"]
    expected = 0.1 * sensitivity / (0.1 * sensitivity + 0.9 * (1 - specificity))
    assert found["ppv_at"]["value"] == pytest.approx(expected)
    assert found["ppv_at"]["name"] == "PPV at 10% ES"
    assert found["ppv"]["value"] == pytest.approx(2 / 3)


def test_all_of_it_is_plain_data_with_intervals_at_every_level() -> None:
    metrics = compute_metrics(PREDICTIONS, TWO, "ES", windows=WINDOWS, options=StatisticsOptions(resamples=30))
    canonical_json(metrics)  # refuses NaN
    for level in metrics["levels"].values():
        for entry in level["definitions"].values():
            assert (entry["interval"] is None) == bool(entry["interval_reason"])
    assert metrics["uncertainty"]["strata"] == {"PNES only": 2, "both": 2}, "the one with ES alone is with the one that has both"


def test_the_method_has_an_interval_in_a_repeated_split_alone() -> None:
    again = [video(p.video, p.subject, p.label, p.probabilities["ES"] - 0.05 * (p.label == "ES"), repeat=2) for p in PREDICTIONS]
    folds = {"A": "one", "B": "one", "C": "two", "D": "two"}
    both = [Prediction(f"{folds[p.subject]}-{p.repeat}", *list(vars(p).values())[1:]) for p in [*PREDICTIONS, *again]]
    found = compute_metrics(both, TWO, "ES")
    assert found["method"]["balanced_accuracy"]["folds"] == 4
    assert found["auroc"]["within_folds"]["folds"] == 4
    single = compute_metrics(PREDICTIONS, TWO, "ES")
    assert single["method"] is None
    assert "repeated" in single["method_reason"]
