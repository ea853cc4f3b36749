"""Where the patient is: boxes from a file, interpolated in time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vsslfw.builtin.regions import BoxesCsv, WholeFrame
from vsslfw.errors import UserError
from vsslfw.interfaces import Watched

HEADER = "video_id,time_s,x1,y1,x2,y2"
SIZE = (200, 300)


def detector(folder: Path, *lines: str) -> BoxesCsv:
    path = folder / "boxes.csv"
    path.write_text("\n".join([HEADER, *lines]))
    return BoxesCsv(path=str(path))


def boxes(found: BoxesCsv, video: str, *times: float) -> list[list[float]]:
    result = found.boxes(video, np.array(times), SIZE)
    assert result is not None
    return result.tolist()


def watched(video: str) -> Watched:
    return Watched(video, "P", Path("never opened"), SIZE, 20.0)


def test_the_whole_frame_is_no_box() -> None:
    assert WholeFrame().boxes("A", np.zeros(3), SIZE) is None
    assert WholeFrame().fingerprint("A") == ""


def test_boxes_are_interpolated_between_rows_and_held_outside(tmp_path: Path) -> None:
    found = detector(tmp_path, "A,4,40,0,140,100", "A,2,0,0,100,100", "B,0,1,2,3,4")
    assert boxes(found, "A", 0, 2, 2.5, 3, 4, 60) == [
        [0, 0, 100, 100],
        [0, 0, 100, 100],
        [10, 0, 110, 100],
        [20, 0, 120, 100],
        [40, 0, 140, 100],
        [40, 0, 140, 100],
    ]
    assert boxes(found, "B", 9) == [[1, 2, 3, 4]]


def test_a_video_without_rows_is_seen_whole(tmp_path: Path) -> None:
    assert detector(tmp_path, "A,0,1,2,3,4").boxes("C", np.zeros(3), SIZE) is None


def test_only_videos_with_a_box_are_counted(tmp_path: Path) -> None:
    lines = ("A,0,1,2,3,4", "A,1,,,,", "B,0,,,,")
    assert detector(tmp_path, *lines).prepare(["A", "B", "C"]) == "1 of 3 videos have boxes, the others are seen whole"
    dropping = BoxesCsv(path=str(tmp_path / "boxes.csv"), on_miss="drop")
    assert "1 of 3 videos have boxes, 1 have rows and never a box: all of their frames are left out" in dropping.prepare(["A", "B", "C"])


def test_a_box_is_kept_within_the_picture(tmp_path: Path) -> None:
    assert boxes(detector(tmp_path, "A,0,-10,-10,450,50"), "A", 0) == [[0, 0, 300, 50]]


@pytest.mark.parametrize(
    ("box", "column", "said"),
    [
        ("300,0,400,50", "x1", "lies outside"),
        ("0,-60,40,0", "y2", "lies outside"),
        ("10,10,90,9999", "y2", "reaches far beyond"),
        ("-151,10,90,90", "x1", "reaches far beyond"),
    ],
)
def test_a_box_outside_the_picture_or_far_beyond_it_is_an_error(box: str, column: str, said: str, tmp_path: Path) -> None:
    found = detector(tmp_path, "A,0,1,2,3,4", f"A,1,{box}")
    expected = rf'boxes\.csv row 3, column {column}: the box of "A" at 1 s \(.*\) {said} the picture of 300 x 200 pixels\n.*upright'
    with pytest.raises(UserError, match=expected):
        found.watch(watched("A"))
    with pytest.raises(UserError, match=expected):
        boxes(found, "A", 0)


def test_shares_of_the_picture_are_not_taken_for_pixels(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        detector(tmp_path, "A,0,0.3,0.1,0.7,0.9", "A,1,10,10,12,12", "A,2,10,10,50,11.5")
    assert [(problem.where, problem.what) for problem in caught.value.problems] == [
        ("boxes.csv row 2, column x2", "a box of 0.4 x 0.8 pixels is none; its sides must be 2 or more"),
        ("boxes.csv row 4, column y2", "a box of 40 x 1.5 pixels is none; its sides must be 2 or more"),
    ]
    assert {problem.hint for problem in caught.value.problems} == {"boxes are in pixels of the upright picture, not shares of it"}


def test_a_row_behind_the_end_of_the_file_is_an_error(tmp_path: Path) -> None:
    found = detector(tmp_path, "A,0,1,2,3,4", "A,20.9,1,2,3,4", "A,999,,,,")
    with pytest.raises(UserError) as caught:
        found.watch(watched("A"))
    (problem,) = caught.value.problems
    assert str(problem).startswith('boxes.csv row 4, column time_s: 999 s lies behind the end of "A" (20.00 s)\n')
    assert "not in milliseconds" in problem.hint
    found.watch(replace(watched("A"), duration_s=0.0))  # not known


def test_the_fingerprint_of_a_video_depends_on_its_own_rows_alone(tmp_path: Path) -> None:
    before = detector(tmp_path, "A,0,1,2,3,4", "B,0,1,2,3,4")
    after = detector(tmp_path, "B,0,1,2,3,5", "A,0,1,2,3,4")
    assert before.fingerprint("A") == after.fingerprint("A")
    assert before.fingerprint("B") != after.fingerprint("B")


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    wrong = ["A,0,9,2,3,4", "A,1,1,2,3,x", ",2,1,2,3,4", "A,-3,1,2,3,4", "B,5,1,2,3,4", "B,5,1,2,3,4"]
    with pytest.raises(UserError) as caught:
        detector(tmp_path, *wrong)
    assert [(problem.where, problem.what) for problem in caught.value.problems] == [
        ("boxes.csv row 2, column x2", "x2 (3) must be greater than x1 (9)"),
        ("boxes.csv row 3, column y2", '"x" is not a number'),
        ("boxes.csv row 4, column video_id", "is empty"),
        ("boxes.csv row 5, column time_s", '"-3" is before the first picture'),
        ("boxes.csv row 7, column time_s", '"B" has another box at this time'),
    ]


def test_a_file_that_is_not_there_is_answered_with_the_nearest_name(tmp_path: Path) -> None:
    detector(tmp_path, "A,0,1,2,3,4")
    with pytest.raises(UserError, match=r'did you mean "boxes\.csv"\?'):
        BoxesCsv(path=str(tmp_path / "box.csv"))
