"""Repeats of the split: found from the folds, averaged in metrics.json and in the report; a video counts once."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations

import pytest

from vsslfw.digest import canonical_json
from vsslfw.errors import RunError
from vsslfw.evaluation.audits import AuditLine, FoldView, Footage, audit_folds
from vsslfw.evaluation.metrics import compute_metrics
from vsslfw.evaluation.predictions import Prediction
from vsslfw.evaluation.repeats import faults_of, repeats_of
from vsslfw.report import words

CLASSES = ["ES", "PNES"]
TRUTH = {"V1": "ES", "V2": "ES", "V3": "PNES", "V4": "PNES"}
TWO_REPEATS = [["V1", "V3"], ["V2", "V4"], ["V1", "V4"], ["V2", "V3"]]


def predictions(*answers: str) -> list[Prediction]:
    """A repeat for each text: ``EEPP`` answers V1 and V2 with ES, V3 and V4 with PNES."""
    made = []
    for repeat, letters in enumerate(answers, start=1):
        for (video, label), letter in zip(TRUTH.items(), letters, strict=True):
            answer = {"E": "ES", "P": "PNES"}[letter]
            shares = {name: 0.8 if name == answer else 0.2 for name in CLASSES}
            fold = f"fold-{2 * repeat - int(video in ('V1', 'V3')):02d}"
            made.append(Prediction(fold, video, f"S{video}", label, answer, shares, 1, 10.0, repeat=repeat))
    return made


# which repeat a fold belongs to


def test_a_fold_whose_videos_were_all_tested_before_begins_a_repeat() -> None:
    assert repeats_of(TWO_REPEATS) == [1, 1, 2, 2]
    assert repeats_of([["V1"], ["V2"], ["V3", "V4"]]) == [1, 1, 1]
    assert repeats_of([]) == []


@pytest.mark.parametrize(
    ("folds", "repeated"),
    [
        (TWO_REPEATS, True),
        (TWO_REPEATS[:2], True),
        (TWO_REPEATS[:3], False),
        ([list(pair) for pair in combinations(TRUTH, 2)], False),
        ([["V1", "V2"], ["V2", "V3"], ["V3", "V4"], ["V4", "V1"]], False),
        ([["V1", "V1", "V2", "V2", "V3", "V3", "V4", "V4"]], False),
    ],
    ids=["two", "one", "the second is not finished", "every pair", "a ring", "twice in one fold"],
)
def test_repeats_test_each_video_once_each(folds: list[list[str]], repeated: bool) -> None:
    assert (not faults_of(folds, list(TRUTH))) is repeated


# the audit


def audited(folds: list[list[str]]) -> AuditLine:
    shown = {video: Footage(video, f"S{video}", f"digest of {video}", label=label) for video, label in TRUTH.items()}
    views = [
        FoldView(str(n), tuple(shown[v] for v in TRUTH if v not in tested), tuple(shown[v] for v in tested))
        for n, tested in enumerate(folds)
    ]
    (line,) = (line for line in audit_folds(views, labelled=list(TRUTH), classes=CLASSES) if "exactly once" in line.check)
    return line


def test_the_audit_says_that_a_split_is_repeated() -> None:
    assert audited(TWO_REPEATS) == AuditLine(
        "Every labelled video is tested exactly once in each repeat", "ok", "4 labelled videos, 4 folds, 2 repeats"
    )
    assert audited(TWO_REPEATS[:2]) == AuditLine("Every labelled video is tested exactly once", "ok", "4 labelled videos, 2 folds")


def test_what_is_no_repeat_fails_the_audit() -> None:
    assert audited(TWO_REPEATS[:3]) == AuditLine(
        "Every labelled video is tested exactly once", "failed", "video V1 is tested 2 times; video V4 is tested 2 times"
    )
    every_pair = audited([list(pair) for pair in combinations(TRUTH, 2)])
    assert (every_pair.outcome, every_pair.detail) == (
        "failed",
        "every video is tested 3 times, in folds that overlap: these are no repeats of a split, one after the other",
    )


# metrics.json


def test_every_figure_is_the_mean_over_repeats_and_a_video_counts_once() -> None:
    one, two, both = (compute_metrics(predictions(*answers), CLASSES, "ES") for answers in (["EEPP"], ["EPPE"], ["EEPP", "EPPE"]))
    assert (both["n_videos"], both["n_subjects"], both["n_repeats"], both["n_predictions"], both["n_folds"]) == (4, 4, 2, 8, 4)
    assert both["videos_by_class"] == one["videos_by_class"] == {"ES": 2, "PNES": 2}
    for key, entry in both["definitions"].items():
        single = [metrics["definitions"][key]["value"] for metrics in (one, two)]
        assert entry["by_repeat"] == single
        assert entry["value"] == pytest.approx(sum(single) / 2)
        assert entry["constant"] == one["definitions"][key]["constant"]
    assert both["auroc"]["by_repeat"] == [1.0, 0.5]
    assert both["auroc"]["value"] == 0.75
    assert both["confusion"]["matrix"] == [[1.5, 0.5], [0.5, 1.5]]
    assert [row["correct"] for row in both["subjects"]] == [1.0, 0.5, 1.0, 0.5]
    assert [row["videos"] for row in both["subjects"]] == [1, 1, 1, 1]
    assert "a video counts once" in both["repeats_meaning"]


def test_the_same_answers_again_change_no_figure() -> None:
    once, thrice = (compute_metrics(predictions(*["EPPP"] * n), CLASSES, "ES") for n in (1, 3))
    for key in ("n_videos", "n_subjects", "videos_by_class", "subjects_by_class", "confusion", "constant_answer", "single_class_subjects"):
        assert once[key] == thrice[key]
    for key, entry in once["definitions"].items():
        assert entry["value"] == pytest.approx(thrice["definitions"][key]["value"])


def test_counts_of_one_split_stay_whole_numbers() -> None:
    metrics = compute_metrics(predictions("EPPP"), CLASSES, "ES")
    assert metrics["repeats_meaning"] is None
    assert "." not in json.dumps(metrics["confusion"]["matrix"]) + json.dumps(metrics["subjects"])


def test_a_figure_that_one_repeat_cannot_have_is_null_with_its_reason() -> None:
    metrics = compute_metrics(predictions("EPPE", "EEEE"), CLASSES, "ES")
    mcc = metrics["definitions"]["mcc"]
    assert (mcc["value"], mcc["by_repeat"]) == (None, [0.0, None])
    assert mcc["reason"].startswith("Not defined in repeat 2: Not defined (0 / 0)")
    canonical_json(metrics)  # refuses NaN


def test_a_video_that_would_count_twice_is_refused() -> None:
    with pytest.raises(RunError, match="video V1 is answered 2 times, and would count as 2"):
        compute_metrics([*predictions("EEPP"), predictions("EEPP")[0]], CLASSES, "ES")
    with pytest.raises(RunError, match="repeat 2: video V4 is not answered"):
        compute_metrics(predictions("EEPP", "EEPP")[:-1], CLASSES, "ES")
    with pytest.raises(RunError, match="video V1 has another truth"):
        compute_metrics([replace(predictions("EEPP")[0], label="PNES"), *predictions("EEPP", "EEPP")[1:]], CLASSES, "ES")


# in words


def test_the_headline_says_that_the_split_was_repeated_and_how_far_apart_repeats_are() -> None:
    lines = words.headline(compute_metrics(predictions("EEPP", "EPPE"), CLASSES, "ES"))
    assert lines[0].startswith("4 videos of 4 subjects were tested in 4 folds")
    assert any("The split was made 2 times. Every video is answered once in each repeat" in line for line in lines)
    assert "Balanced accuracy lies between 0.500 and 1.000 in single repeats." in lines
    assert not any("repeat" in line for line in words.headline(compute_metrics(predictions("EEPP"), CLASSES, "ES")))


@pytest.mark.parametrize(
    ("value", "shown"), [(3, "3"), (1024, "1,024"), (8 / 3, "2.67"), (2.5, "2.5"), (4.0, "4"), (0.0, "0"), (10.0, "10")]
)
def test_means_of_counts_are_short(value: float, shown: str) -> None:
    assert words.number(value) == shown
