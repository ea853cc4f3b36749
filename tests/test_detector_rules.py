"""The written rules of the detector: overlap, crops, which candidate is the patient, what happens where nobody is found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vsslfw.detection.candidates import Candidates
from vsslfw.detection.choose import Rule, choose
from vsslfw.detection.folds import crossed, held_out
from vsslfw.detection.geometry import grown, iou
from vsslfw.detection.labels import Labels, read_boxes, write_boxes
from vsslfw.detection.scores import average_precision, score
from vsslfw.detection.track import OnMiss, Track, smoothed
from vsslfw.errors import UserError
from vsslfw.evaluation.run_audits import detector_line

NAN = [np.nan] * 4
SIZE = (100, 200)
BED, STAFF = [60.0, 20, 140, 90], [0.0, 0, 50, 95]


def labels(*boxes: list[float], every: float = 1.0) -> Labels:
    return Labels(np.arange(len(boxes)) * every, np.array(boxes, dtype=np.float64), np.full(len(boxes), 0.9))


def seen(*pairs: tuple[list[float], float]) -> Candidates:
    return Candidates(np.array([box for box, _ in pairs], dtype=np.float64).reshape(-1, 4), np.array([score for _, score in pairs]))


# Overlap and crops


def test_overlap_is_intersection_over_union_and_nothing_with_nobody() -> None:
    one = np.array([[0.0, 0, 10, 10], [0, 0, 10, 10], NAN])
    assert iou(one, np.array([0.0, 0, 10, 20])).tolist() == [0.5, 0.5, 0.0]
    assert iou(one[0], np.array([10.0, 0, 20, 10])) == 0


def test_a_margin_is_a_share_of_the_box_on_each_side() -> None:
    assert grown(np.array([[50.0, 20, 90, 60]]), SIZE, margin=0.25, aspect="keep").tolist() == [[40, 10, 100, 70]]


@pytest.mark.parametrize(("aspect", "ratio"), [("frame", 2.0), ("square", 1.0)])
def test_an_aspect_widens_and_never_cuts(aspect: str, ratio: float) -> None:
    box = np.array([[50.0, 20, 90, 80]])
    (found,) = grown(box, SIZE, margin=0.0, aspect=aspect)  # type: ignore[arg-type]
    assert (found[2] - found[0]) / (found[3] - found[1]) == ratio
    assert np.all(found[:2] <= box[0, :2])
    assert np.all(found[2:] >= box[0, 2:])


def test_a_crop_at_the_edge_is_moved_inside() -> None:
    assert grown(np.array([[0.0, 0, 20, 20]]), SIZE, margin=0.5, aspect="keep").tolist() == [[0, 0, 40, 40]]


def test_without_margin_and_aspect_boxes_stay_as_they_are() -> None:
    boxes = np.array([[0.1, 0.7, 33.3, 77.7], NAN])
    np.testing.assert_array_equal(grown(boxes, SIZE, margin=0.0, aspect="keep"), boxes)


# Who is the patient


def test_the_one_in_the_bed_is_chosen_where_staff_scores_a_little_higher_for_a_moment() -> None:
    moments = [seen((BED, 0.8))] * 5 + [seen((STAFF, 0.75), (BED, 0.6))] + [seen((BED, 0.8))] * 5
    boxes, scores = choose(moments, Rule())
    assert boxes.tolist() == [BED] * 11
    assert scores[5] == 0.6


def test_the_score_alone_would_have_chosen_staff() -> None:
    moments = [seen((BED, 0.8))] * 5 + [seen((STAFF, 0.75), (BED, 0.6))]
    boxes, _ = choose(moments, Rule(track=0, place=0, size=0))
    assert boxes[5].tolist() == STAFF


def test_of_two_equals_the_larger_is_chosen() -> None:
    small = [80.0, 30, 120, 80]
    boxes, _ = choose([seen((small, 0.7), (BED, 0.7))], Rule(place=0))
    assert boxes[0].tolist() == BED


def test_a_score_below_the_least_is_nobody_and_the_track_goes_on_behind_it() -> None:
    boxes, scores = choose([seen((BED, 0.8)), seen((STAFF, 0.2)), seen(), seen((BED, 0.8))], Rule(min_score=0.3))
    assert np.isnan(boxes[1:3]).all()
    assert boxes[3].tolist() == BED
    assert scores.tolist() == [0.8, 0, 0, 0.8]


def test_a_video_in_which_nobody_is_found_has_no_box() -> None:
    boxes, _ = choose([seen(), seen((STAFF, 0.1))], Rule())
    assert np.isnan(boxes).all()


# Over time


@pytest.mark.parametrize(
    ("on_miss", "expected"),
    [("hold", [[0, 0, 10, 10]] * 2), ("whole_frame", [[0, 0, 200, 100]] * 2), ("drop", [NAN] * 2)],
)
def test_what_a_miss_becomes(on_miss: OnMiss, expected: list[list[float]]) -> None:
    track = Track(labels([0, 0, 10, 10], NAN, NAN, [20, 0, 30, 10]), on_miss)
    found = track.at(np.array([0.0, 1.0, 2.0, 3.0]), SIZE)
    assert found is not None
    np.testing.assert_array_equal(found, [[0, 0, 10, 10], *expected, [20, 0, 30, 10]])
    assert track.shares() == {"found": 0.5, on_miss: 0.5}


def test_before_the_first_box_the_first_is_held() -> None:
    found = Track(labels(NAN, [0, 0, 10, 10])).at(np.array([0.0, 0.5]), SIZE)
    assert found is not None
    assert found.tolist() == [[0, 0, 10, 10]] * 2


def test_where_nobody_is_ever_found_the_whole_picture_is_seen_or_every_frame_left_out() -> None:
    nobody = labels(NAN, NAN)
    assert Track(nobody, "hold").at(np.zeros(2), SIZE) is None
    assert Track(nobody, "hold").shares() == {"found": 0.0, "whole_frame": 1.0}
    dropped = Track(nobody, "drop").at(np.zeros(2), SIZE)
    assert dropped is not None
    assert np.isnan(dropped).all()


def test_a_box_depends_on_its_own_time_alone() -> None:
    track, times = Track(labels([0, 0, 10, 10], NAN, [20, 0, 30, 10]), "whole_frame"), np.linspace(0, 3, 17)
    together = track.at(times, SIZE)
    assert together is not None
    for time, box in zip(times, together, strict=True):
        one = track.at(np.array([time]), SIZE)
        assert one is not None
        np.testing.assert_allclose(one[0], box)


def test_smoothing_takes_the_jitter_and_leaves_what_stands_still_and_what_is_missing() -> None:
    steady = labels(*[BED] * 5, NAN, BED)
    np.testing.assert_allclose(smoothed(steady, 1.0).boxes, steady.boxes)
    jitter = labels(*[[60.0 + 4 * (-1) ** k, 20, 140, 90] for k in range(20)], every=0.2)
    assert smoothed(jitter, 0.5).boxes[:, 0].std() < 0.2 * jitter.boxes[:, 0].std()
    assert smoothed(jitter, 0.0) is jitter


def test_smoothing_is_the_mean_under_a_gaussian() -> None:
    rng = np.random.default_rng(3)
    track = Labels(np.cumsum(rng.uniform(0.1, 0.9, 60)), rng.uniform(0, 200, (60, 4)), np.ones(60))
    track.boxes[[0, 17, 18, 59]] = np.nan
    there, weights = track.found, np.exp(-0.5 * np.square((track.times[:, None] - track.times) / 0.7)) * track.found
    dense = weights @ np.nan_to_num(track.boxes) / weights.sum(axis=1, keepdims=True)
    found = smoothed(track, 0.7).boxes
    np.testing.assert_allclose(found[there], dense[there], rtol=0, atol=1e-9)
    assert np.isnan(found[~there]).all()


def test_a_night_is_smoothed_in_little_memory() -> None:
    night = Labels(np.arange(200_000) * 0.5, np.tile(BED, (200_000, 1)), np.ones(200_000))
    np.testing.assert_allclose(smoothed(night, 0.3).boxes, night.boxes)


# Files and figures


def test_boxes_come_back_as_they_were_written_with_scores_and_misses(tmp_path: Path) -> None:
    written = {"A": labels(BED, NAN), "B": labels(STAFF)}
    write_boxes(tmp_path / "boxes.csv", written)
    read = read_boxes(tmp_path / "boxes.csv")
    assert list(read) == ["A", "B"]
    np.testing.assert_array_equal(read["A"].boxes, written["A"].boxes)
    np.testing.assert_array_equal(read["A"].scores, [0.9, 0.9])
    assert (tmp_path / "boxes.csv").read_text().splitlines()[2] == "A,1.000,,,,,0.900"


def test_a_box_with_a_corner_missing_is_an_error_and_not_nobody(tmp_path: Path) -> None:
    (tmp_path / "boxes.csv").write_text("video_id,time_s,x1,y1,x2,y2\nA,0,1,2,3,\n")
    with pytest.raises(UserError, match='row 2, column y2: "" is not a number'):
        read_boxes(tmp_path / "boxes.csv")


def test_a_decimal_comma_is_answered_with_the_number_to_write(tmp_path: Path) -> None:
    (tmp_path / "boxes.csv").write_text("video_id;time_s;x1;y1;x2;y2\nA;0;9,3;2;111,4;x,y\n")
    with pytest.raises(UserError) as caught:
        read_boxes(tmp_path / "boxes.csv")
    assert [(problem.where, problem.hint) for problem in caught.value.problems] == [
        ("boxes.csv row 2, column x1", "write a point: 9.3"),
        ("boxes.csv row 2, column x2", "write a point: 111.4"),
        ("boxes.csv row 2, column y2", ""),
    ]


def test_a_sliver_is_nobody_and_what_is_found_can_be_read_again(tmp_path: Path) -> None:
    boxes, scores = choose([seen(([50.04, 20, 52.13, 90], 0.9)), seen(([0, 0, 2.0, 90], 0.9))], Rule())
    assert np.isnan(boxes).all()
    boxes, scores = choose([seen(([50.04, 20, 52.15, 90], 0.9))], Rule())
    write_boxes(tmp_path / "boxes.csv", {"A": Labels(np.zeros(1), boxes, scores)})
    assert read_boxes(tmp_path / "boxes.csv")["A"].found.all()


def test_a_miss_counts_nothing_and_a_box_where_nobody_is_counts_as_invented() -> None:
    truth = np.array([BED, BED, NAN, NAN])
    answers = [seen((BED, 0.9)), seen(), seen((STAFF, 0.4)), seen()]
    chosen = np.array([BED, NAN, STAFF, NAN])
    found = score("all", truth, chosen, answers)
    assert (found.mean_iou, found.missed, found.invented) == (0.5, 0.5, 0.5)
    assert found.ap50 == 0.5


@pytest.mark.parametrize(("answer", "invented"), [(NAN, 0.0), (STAFF, 1.0)])
def test_where_no_picture_has_a_patient_none_can_be_found_or_missed(answer: list[float], invented: float) -> None:
    found = score("S1", np.array([NAN, NAN]), np.array([answer, answer]), [seen(), seen((STAFF, 0.4))])
    assert (found.mean_iou, found.ap50, found.missed, found.invented) == (None, None, None, invented)


def test_where_every_picture_has_a_patient_none_can_be_invented() -> None:
    found = score("S1", np.array([BED, BED]), np.array([NAN, NAN]), [seen(), seen()])
    assert (found.mean_iou, found.ap50, found.missed, found.invented) == (0, 0, 1, None)


def test_average_precision_is_one_for_right_boxes_first_and_falls_with_wrong_ones_before_them() -> None:
    truth = np.array([BED, BED])
    assert average_precision(truth, [seen((BED, 0.9), (STAFF, 0.1)), seen((BED, 0.8))]) == 1
    assert average_precision(truth, [seen((STAFF, 0.95), (BED, 0.9)), seen((BED, 0.8))]) == pytest.approx(2 / 3)


# Who trains and who tests


PEOPLE = [f"S{k}" for k in range(8)]


def test_a_split_is_by_subject_and_the_same_for_the_same_seed() -> None:
    fold = held_out(PEOPLE, test=(), exclude=("S3",), seed=1)
    assert set(fold.train) | set(fold.test) == set(PEOPLE) - {"S3"}
    assert not set(fold.train) & set(fold.test)
    assert fold == held_out(PEOPLE[::-1], test=(), exclude=("S3",), seed=1)
    assert held_out(PEOPLE, test=("S0", "S1"), exclude=(), seed=1).test == ("S0", "S1")


@pytest.mark.parametrize(("folds", "count"), [(None, 8), (3, 3)])
def test_cross_fitting_tests_everybody_once_by_who_has_not_seen_them(folds: int | None, count: int) -> None:
    found = crossed(PEOPLE, folds=folds, exclude=(), seed=0)
    assert len(found) == count
    assert sorted(subject for fold in found for subject in fold.test) == PEOPLE
    assert all(not set(fold.train) & set(fold.test) for fold in found)


def test_a_subject_without_boxes_is_answered_with_the_nearest() -> None:
    with pytest.raises(UserError, match='no subject "S9" has boxes'):
        held_out(PEOPLE, test=("S9",), exclude=(), seed=0)
    with pytest.raises(UserError, match=r"nobody is left to train on\n.*name fewer"):
        held_out(PEOPLE, test=PEOPLE, exclude=(), seed=0)
    with pytest.raises(UserError, match="20 folds of 8 subjects"):
        crossed(PEOPLE, folds=20, exclude=(), seed=0)


# What an audit says


BOXES = {"ES": (10, 10), "PNES": (10, 10)}


@pytest.mark.parametrize(
    ("found", "trained_on", "outcome", "said"),
    [
        ({"ES": 0.98, "PNES": 0.97}, (0, 20), "ok", "no subject's boxes come from a network that was trained on them"),
        ({"ES": 0.98, "PNES": 0.97}, (7, 20), "warning", "it was trained on the subjects of 7 of these videos"),
        ({"ES": 0.98, "PNES": 0.70}, (0, 20), "warning", "missed more often in one class"),
        ({}, (0, 0), "noted", "whether it was trained on test subjects is not known here"),
    ],
)
def test_the_audit_says_who_trained_the_detector_and_whom_it_misses(
    found: dict[str, float], trained_on: tuple[int, int], outcome: str, said: str
) -> None:
    line = detector_line("ssdlite", "the detector ssdlite of vsslfw", BOXES, found, trained_on)
    assert line.outcome == outcome
    assert said in line.detail
