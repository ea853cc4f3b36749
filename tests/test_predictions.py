"""predictions.csv and the aggregation of windows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vsslfw.errors import RunError, UserError
from vsslfw.evaluation.aggregate import aggregate
from vsslfw.evaluation.predictions import Prediction, read_predictions, write_predictions

ONE = Prediction("P01", "P01-V01", "P01", "ES", "PNES", {"ES": 1 / 3, "PNES": 2 / 3}, 2, 20.48)
TWO = Prediction("P02", "P02-V01", "P02", 'a "quoted", label', "ES", {"ES": 1e-12, "PNES": 1.0}, 1, 7.5)


def test_reads_back_exactly_what_was_written(tmp_path: Path) -> None:
    write_predictions(tmp_path / "p.csv", [ONE, TWO])
    assert read_predictions(tmp_path / "p.csv") == [ONE, TWO]


def test_columns_are_the_documented_ones(tmp_path: Path) -> None:
    write_predictions(tmp_path / "p.csv", [ONE])
    header = (tmp_path / "p.csv").read_text().splitlines()[0]
    assert header == "fold,video,subject,label,predicted,p_ES,p_PNES,windows,seconds,data,repeat,threshold"


def test_a_file_without_repeats_is_all_of_the_first(tmp_path: Path) -> None:
    write_predictions(tmp_path / "p.csv", [ONE, replace(TWO, fold="fold-04", repeat=2)])
    assert [p.repeat for p in read_predictions(tmp_path / "p.csv")] == [1, 2]
    lines = (tmp_path / "p.csv").read_text().splitlines()
    (tmp_path / "p.csv").write_text("\n".join(line.rsplit(",", 2)[0] for line in lines))
    assert [p.repeat for p in read_predictions(tmp_path / "p.csv")] == [1, 1]


def test_bytes_do_not_depend_on_the_order_in_which_folds_finished(tmp_path: Path) -> None:
    float32 = replace(ONE, probabilities={name: np.float32(p) for name, p in ONE.probabilities.items()}, windows=np.int64(2))
    write_predictions(tmp_path / "a.csv", [float32, TWO])
    write_predictions(tmp_path / "b.csv", [TWO, float32])
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert b"\r" not in (tmp_path / "a.csv").read_bytes()


def test_no_prediction_is_a_header_alone(tmp_path: Path) -> None:
    write_predictions(tmp_path / "p.csv", [])
    assert read_predictions(tmp_path / "p.csv") == []


def test_predictions_of_other_classes_do_not_mix(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="P02-V01"):
        write_predictions(tmp_path / "p.csv", [ONE, replace(TWO, probabilities={"ES": 1.0})])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", 'column "fold" is missing'),
        (b"fold,video,subject,label,predicted,p_ES,seconds\n", 'column "windows" is missing'),
        (b"fold,video,subject,label,predicted,p_ES,windows,seconds,data\na,b,c,d,e,much,1,2,recorded\n", "line 2"),
        (b"fold,video,subject,label,predicted,p_ES,windows,seconds,data\na,b\n", "line 2"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_another_file_is_refused_with_its_reason(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "p.csv").write_bytes(content)
    with pytest.raises(UserError, match=said):
        read_predictions(tmp_path / "p.csv")


def test_a_video_is_the_mean_of_its_windows() -> None:
    assert aggregate([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9]]) == pytest.approx([0.4, 0.6])


def test_three_classes_and_one_window() -> None:
    assert aggregate(np.array([[0.2, 0.3, 0.5]], dtype=np.float32)).argmax() == 2


def test_aggregation_refuses_what_it_cannot_average() -> None:
    with pytest.raises(UserError, match="mean_probability"):
        aggregate([[0.5, 0.5]], "mean_probabilty")
    with pytest.raises(RunError, match="not finite"):
        aggregate([[float("nan"), 0.5]])
    for shape in [(0, 2), (2,), (1, 0)]:
        with pytest.raises(ValueError, match="at least one window"):
            aggregate(np.zeros(shape))
