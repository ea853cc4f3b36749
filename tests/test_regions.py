"""Where the patient is: boxes from a file, interpolated in time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vsslfw.builtin.regions import BoxesCsv, WholeFrame
from vsslfw.errors import UserError

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


def test_a_box_is_kept_within_the_picture(tmp_path: Path) -> None:
    assert boxes(detector(tmp_path, "A,0,-10,-10,500,50"), "A", 0) == [[0, 0, 300, 50]]


def test_a_box_outside_the_picture_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="lies outside the picture of 300 x 200 pixels"):
        boxes(detector(tmp_path, "A,0,300,0,400,50"), "A", 0)


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
