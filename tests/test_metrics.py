"""metrics.json: the paper's own counts, the constant answer, and what is not defined."""

from __future__ import annotations

import json

import pytest

from vsslfw.digest import canonical_json
from vsslfw.errors import RunError, UserError
from vsslfw.evaluation.metrics import compute_metrics
from vsslfw.evaluation.predictions import Prediction


def one(
    number: int, label: str, predicted: str, classes: list[str], *, subject: str | None = None, score: float | None = None
) -> Prediction:
    share = {name: (0.8 if name == predicted else 0.2 / (len(classes) - 1)) for name in classes}
    if score is not None:
        share = {classes[0]: score, classes[1]: 1 - score}
    subject = subject or f"P{number:03d}"
    return Prediction(subject, f"V{number:03d}", subject, label, predicted, share, 1, 10.0)


def from_counts(counts: dict[tuple[str, str], int], classes: list[str]) -> list[Prediction]:
    pairs = [pair for pair, times in counts.items() for _ in range(times)]
    return [one(i, true, predicted, classes) for i, (true, predicted) in enumerate(pairs)]


OF_PROBABILITIES = ("average_precision", "brier", "brier_skill")
TABLE_3 = {("ES", "ES"): 181, ("ES", "PNES"): 54, ("PNES", "ES"): 15, ("PNES", "PNES"): 33}
TWO = ["ES", "PNES"]


def test_the_papers_table_3() -> None:
    metrics = compute_metrics(from_counts(TABLE_3, TWO), TWO, "ES")
    of_counts = {key: entry for key, entry in metrics["definitions"].items() if key not in OF_PROBABILITIES}
    printed = {key: f"{entry['value']:.3f}" for key, entry in of_counts.items()}
    assert metrics["confusion"]["matrix"] == [[181, 54], [15, 33]]
    assert printed == {
        "accuracy": "0.756",
        "f1:ES": "0.840",
        "f1:PNES": "0.489",
        "f1_macro": "0.664",
        "f1_weighted": "0.780",
        "balanced_accuracy": "0.729",
        "mcc": "0.372",
        "sensitivity": "0.770",
        "specificity": "0.688",
        "ppv": "0.923",
        "npv": "0.379",
    }


def test_no_pooled_definition_gives_the_papers_082() -> None:
    metrics = compute_metrics(from_counts(TABLE_3, TWO), TWO, "ES")
    assert all(abs(entry["value"] - 0.82) > 0.01 for key, entry in metrics["definitions"].items() if "f1" in key)


def test_always_answering_es_stands_beside_every_figure() -> None:
    metrics = compute_metrics(from_counts(TABLE_3, TWO), TWO, "ES")
    assert metrics["constant_answer"] == "ES"
    constant = {key: entry["constant"] for key, entry in metrics["definitions"].items()}
    assert (f"{constant['accuracy']:.3f}", f"{constant['f1:ES']:.3f}") == ("0.830", "0.907")
    assert constant["f1:PNES"] == 0
    assert constant["balanced_accuracy"] == 0.5
    assert (constant["sensitivity"], constant["specificity"]) == (1, 0)
    assert constant["mcc"] is None
    assert "0 / 0" in metrics["definitions"]["mcc"]["constant_reason"]


def test_the_other_class_as_positive_swaps_sensitivity_and_specificity() -> None:
    predictions = from_counts(TABLE_3, TWO)
    es, pnes = (compute_metrics(predictions, TWO, positive)["definitions"] for positive in TWO)
    assert (es["sensitivity"]["value"], es["specificity"]["value"]) == (pnes["specificity"]["value"], pnes["sensitivity"]["value"])


def test_three_classes() -> None:
    classes = ["ES", "PNES", "other"]
    counts = {("ES", "ES"): 3, ("ES", "other"): 1, ("PNES", "PNES"): 2, ("PNES", "ES"): 2, ("other", "other"): 2}
    metrics = compute_metrics(from_counts(counts, classes), classes, "PNES")
    assert metrics["confusion"]["matrix"] == [[3, 0, 1], [2, 2, 0], [0, 0, 2]]
    values = {key: entry["value"] for key, entry in metrics["definitions"].items()}
    assert values["balanced_accuracy"] == pytest.approx((3 / 4 + 2 / 4 + 1) / 3)
    assert values["sensitivity"] == pytest.approx(0.5)
    assert values["specificity"] == pytest.approx(1.0)
    assert values["f1:other"] == pytest.approx(2 * 2 / (2 * 2 + 1))
    assert metrics["definitions"]["specificity"]["meaning"] == "Share of the other videos that are not answered PNES."


def test_a_class_without_video_is_null_with_a_reason_and_never_nan() -> None:
    metrics = compute_metrics([one(1, "ES", "ES", TWO), one(2, "ES", "ES", TWO)], TWO, "ES")
    undefined = {key: entry["reason"] for key, entry in metrics["definitions"].items() if entry["value"] is None}
    assert set(undefined) == {"f1:PNES", "f1_macro", "balanced_accuracy", "mcc", "specificity", "npv", "brier_skill"}
    assert all(undefined.values())
    assert metrics["auroc"]["value"] is None
    assert metrics["auroc"]["reason"]
    canonical_json(metrics)  # refuses NaN


def test_every_null_has_a_reason_and_every_figure_none() -> None:
    for answers in (["ES", "ES"], ["PNES", "PNES"], ["PNES", "ES"], ["ES", "PNES"]):
        predictions = [one(i, true, answer, TWO) for i, (true, answer) in enumerate(zip(TWO, answers, strict=True))]
        for entry in compute_metrics(predictions, TWO, "PNES")["definitions"].values():
            assert (entry["value"] is None) == bool(entry["reason"])
            assert (entry["constant"] is None) == bool(entry["constant_reason"])


def loso_of_single_class_subjects() -> list[Prediction]:
    """Eight ES and four PNES subjects; every score is the share of ES in the fold's own training set."""
    labels = ["ES"] * 8 + ["PNES"] * 4
    prior = {"ES": 7 / 11, "PNES": 8 / 11}
    return [one(i, label, "ES", TWO, score=prior[label]) for i, label in enumerate(labels)]


def test_pooled_auroc_of_the_class_prior_alone_is_zero_in_loso() -> None:
    auroc = compute_metrics(loso_of_single_class_subjects(), TWO, "ES")["auroc"]
    assert auroc["value"] == 0.0
    assert auroc["prior_only"] == 0.0
    assert "0.0, not 0.5" in auroc["caveat"]


def test_a_fold_that_tests_everything_has_no_prior() -> None:
    predictions = [
        Prediction("all", p.video, p.subject, p.label, p.predicted, p.probabilities, 1, 1.0) for p in loso_of_single_class_subjects()
    ]
    auroc = compute_metrics(predictions, TWO, "ES")["auroc"]
    assert auroc["value"] == 0.0
    assert auroc["prior_only"] is None
    assert auroc["prior_only_reason"]


def test_auroc_ranks_by_the_positive_class() -> None:
    predictions = [
        one(i, label, "ES", TWO, score=score) for i, (label, score) in enumerate([("ES", 0.9), ("ES", 0.4), ("PNES", 0.5), ("PNES", 0.1)])
    ]
    for positive in TWO:
        assert compute_metrics(predictions, TWO, positive)["auroc"]["value"] == pytest.approx(0.75)


def test_counts_of_subjects_and_their_rows() -> None:
    predictions = [
        one(1, "ES", "ES", TWO, subject="P02"),
        one(2, "PNES", "ES", TWO, subject="P02"),
        one(3, "PNES", "PNES", TWO, subject="P01"),
    ]
    metrics = compute_metrics(predictions, TWO, "ES")
    assert (metrics["n_videos"], metrics["n_subjects"], metrics["single_class_subjects"]) == (3, 2, 1)
    assert metrics["subjects_by_class"] == {"ES": 1, "PNES": 2}
    assert metrics["subjects"] == [
        {"subject": "P01", "videos": 1, "labels": {"PNES": 1}, "predicted": {"PNES": 1}, "correct": 1},
        {"subject": "P02", "videos": 2, "labels": {"ES": 1, "PNES": 1}, "predicted": {"ES": 2}, "correct": 1},
    ]


def test_order_of_predictions_does_not_matter_and_json_keeps_everything() -> None:
    predictions = from_counts(TABLE_3, TWO)
    metrics = compute_metrics(predictions, TWO, "ES")
    assert json.dumps(compute_metrics(predictions[::-1], TWO, "ES")) == json.dumps(metrics)
    assert json.loads(json.dumps(metrics)) == metrics


def test_nothing_is_measured_that_cannot_be() -> None:
    good = one(1, "ES", "ES", TWO)
    with pytest.raises(RunError, match="no prediction"):
        compute_metrics([], TWO, "ES")
    with pytest.raises(UserError, match='did you mean "PNES"'):
        compute_metrics([good], TWO, "PNS")
    with pytest.raises(RunError, match='"fall" is none of the classes'):
        compute_metrics([one(1, "fall", "ES", TWO)], TWO, "ES")
    with pytest.raises(RunError, match="missing or not finite"):
        compute_metrics([one(1, "ES", "ES", TWO, score=float("nan"))], TWO, "ES")
