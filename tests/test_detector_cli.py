"""``vsslfw detector``: from labelled boxes to a detector, to boxes with scores, to a page to look at, and on into a run."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vsslfw.builtin.regions import BoxesCsv
from vsslfw.builtin.ssd import SSDLite
from vsslfw.cli import main
from vsslfw.data.manifest import read_manifest
from vsslfw.detection.checkpoint import is_detector, read_detector
from vsslfw.detection.labels import read_boxes, write_boxes
from vsslfw.detection.output import wrong_output
from vsslfw.detection.review import is_review

pytest.importorskip("efficientnet_lite_pytorch")


@pytest.fixture(scope="module")
def detector(vsslfw_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cli") / "patient.safetensors"
    words = ["--epochs", "6", "--lr", "0.003", "--frames", "10", "--size", "64x96", "--data", str(vsslfw_dataset), "-o", str(out)]
    assert main(["detector", "train", str(vsslfw_dataset.with_name("boxes.csv")), *words]) == 0
    return out


@pytest.fixture(scope="module")
def boxes(detector: Path, vsslfw_dataset: Path) -> Path:
    out = detector.with_name("boxes.csv")
    words = ["--data", str(vsslfw_dataset), "-o", str(out), "--every", "1", "--min-score", "0.06"]
    assert main(["detector", "find", str(detector), *words]) == 0
    return out


def test_training_ends_with_a_table_of_test_subjects_under_pseudonyms(
    vsslfw_dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--epochs", "1", "--frames", "8", "--size", "64x64", "--backbone-weights", "none", "-o", str(tmp_path / "p.safetensors")]
    assert main(["detector", "train", str(vsslfw_dataset.with_name("boxes.csv")), "--data", str(vsslfw_dataset), *words]) == 0
    said = capsys.readouterr()
    shown = said.out
    assert said.err.splitlines() == ["training network 1 of 1, on 3 subjects"]
    assert re.search(r"P0\d +│ +\d+ │ +0\.\d{3} │", shown)
    assert "AP50" in shown
    assert "E01" not in shown
    assert "vsslfw detector find" in shown
    assert main(["detector", "train", str(vsslfw_dataset.with_name("boxes.csv")), "--data", str(vsslfw_dataset), *words, "--identify"]) == 0
    assert re.search(r"E0\d +│ +\d+ │", capsys.readouterr().out)


def test_what_is_stopped_says_that_nothing_is_kept(
    vsslfw_dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("vsslfw.detection.making.train_detector", stop)
    words = ["--data", str(vsslfw_dataset), "--size", "64x64", "-o", str(tmp_path / "p.safetensors")]
    assert main(["detector", "train", str(vsslfw_dataset.with_name("boxes.csv")), *words]) == 130
    assert "interrupted\nnothing is kept: give the command again" in capsys.readouterr().err


def test_a_video_that_is_left_out_bears_its_id_and_what_to_do_is_said_where_nobody_is_found_at_all(
    detector: Path, vsslfw_dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = read_manifest(vsslfw_dataset).rows[0]
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    lines = ["video_id,path,subject_id,role,label", f"good,{row.path},A,contextual,", "bad,broken.mp4,B,contextual,"]
    (tmp_path / "videos.csv").write_text("\n".join(lines))
    words = ["--data", str(tmp_path / "videos.csv"), "-o", str(tmp_path / "found.csv"), "--every", "2", "--min-score", "1"]
    assert main(["detector", "find", str(detector), *words]) == 0
    shown = capsys.readouterr().out
    assert "good: nobody found in 100%" in shown
    assert re.search(r"bad: left out \(.*\); a run with these boxes sees it whole", shown)
    assert "Nobody was found at all: lower --min-score" in shown


def test_a_test_subject_whose_pictures_are_all_empty_has_no_figures_and_is_no_failure(
    vsslfw_dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = read_boxes(vsslfw_dataset.with_name("boxes.csv"))
    for row in read_manifest(vsslfw_dataset).rows:
        if row.subject_id == "E01":
            labels[row.video_id] = replace(labels[row.video_id], boxes=np.full_like(labels[row.video_id].boxes, np.nan))
    write_boxes(tmp_path / "boxes.csv", labels)
    out = tmp_path / "p.safetensors"
    words = ["--epochs", "1", "--frames", "8", "--size", "64x64", "--backbone-weights", "none", "--test-subjects", "E01", "-o", str(out)]
    assert main(["detector", "train", str(tmp_path / "boxes.csv"), "--data", str(vsslfw_dataset), *words]) == 0
    shown = capsys.readouterr().out
    assert len(re.findall(r"│ (?:P0\d|all) +│ +\d+ │ +- │ +- │ +- │ +\d+\.\d% │", shown)) == 2
    assert read_detector(out).header["made"]["mean_iou"] is None
    assert "not tested: no test picture had a patient" in SSDLite(weights=str(out)).prepare([])


def test_found_boxes_are_read_as_a_region(boxes: Path, vsslfw_dataset: Path) -> None:
    rows = read_manifest(vsslfw_dataset).rows
    found = read_boxes(boxes)
    assert list(found) == [row.video_id for row in rows]
    assert BoxesCsv(path=str(boxes), margin=0.1, on_miss="whole_frame").prepare([row.video_id for row in rows])
    assert boxes.stat().st_mode & 0o777 == 0o600


def test_finding_says_for_how_many_videos_it_is_no_test(
    detector: Path, vsslfw_dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["detector", "find", str(detector), "--data", str(vsslfw_dataset), "-o", str(tmp_path / "b.csv"), "--every", "2"]) == 0
    assert "6 of these videos are of subjects that the detector was trained on" in capsys.readouterr().out


def test_the_page_shows_every_video_without_scripts_and_to_its_owner_alone(boxes: Path, vsslfw_dataset: Path) -> None:
    page = boxes.with_name("boxes.html")
    assert main(["detector", "review", str(boxes), "--data", str(vsslfw_dataset), "-o", str(page)]) == 0
    text = page.read_text()
    assert page.stat().st_mode & 0o777 == 0o600
    assert "<script" not in text
    assert "http:" not in text
    assert "https:" not in text
    assert text.count("<section>") == len(read_manifest(vsslfw_dataset).rows)
    assert text.count("data:image/jpeg;base64,") >= 8


def test_the_worst_video_comes_first(vsslfw_dataset: Path, tmp_path: Path) -> None:
    rows = read_manifest(vsslfw_dataset).rows
    good = [f"{row.video_id},{time},10,10,60,60,0.9" for row in rows[:-1] for time in (0, 1)]
    (tmp_path / "boxes.csv").write_text("\n".join(["video_id,time_s,x1,y1,x2,y2,score", *good, f"{rows[-1].video_id},0,,,,,"]))
    assert main(["detector", "review", str(tmp_path / "boxes.csv"), "--data", str(vsslfw_dataset), "-o", str(tmp_path / "b.html")]) == 0
    first = re.search(r"<h2>(.*?)</h2>", (tmp_path / "b.html").read_text())
    assert first is not None
    assert first[1] == rows[-1].video_id


def test_the_page_says_of_a_video_without_rows_only_that_it_has_none(vsslfw_dataset: Path, tmp_path: Path) -> None:
    one, *others = read_manifest(vsslfw_dataset).rows
    (tmp_path / "boxes.csv").write_text(f"video_id,time_s,x1,y1,x2,y2,score\n{one.video_id},0,10,10,60,60,0.9\n{one.video_id},1,,,,,\n")
    assert main(["detector", "review", str(tmp_path / "boxes.csv"), "--data", str(vsslfw_dataset), "-o", str(tmp_path / "b.html")]) == 0
    text = (tmp_path / "b.html").read_text()
    assert text.count("there are no boxes of this video: it would be seen whole.") == len(others)
    assert re.findall(r"nobody found in .*\n.*", text) == ["nobody found in 50% of the times;\nlowest score 0.90; greatest jump 0.00"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{wrong},0,10,10,60,60", 'did you mean "{right}"'),
        ("{right},999,10,10,60,60", "row 2, column time_s: 999 s lies behind the end"),
        ("{right},0,10,10,60,9999", "row 2, column y2: the box of"),
    ],
)
def test_no_page_is_made_of_boxes_that_are_not_of_these_videos(
    row: str, said: str, vsslfw_dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    right = read_manifest(vsslfw_dataset).rows[0].video_id
    names = {"right": right, "wrong": right.replace("-", "_")}
    (tmp_path / "boxes.csv").write_text(f"video_id,time_s,x1,y1,x2,y2\n{row.format(**names)}\n")
    assert main(["detector", "review", str(tmp_path / "boxes.csv"), "--data", str(vsslfw_dataset), "-o", str(tmp_path / "b.html")]) == 2
    assert said.format(**names) in capsys.readouterr().err
    assert not (tmp_path / "b.html").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--arch", "ssdlight"], 'did you mean "ssdlite"'),
        (["--folds", "3"], "give --per-subject with it"),
        (["--test-subjects", "E77"], 'no subject "E77" has boxes'),
        (["--size", "big"], "is no size"),
    ],
)
def test_wrong_options_are_answered_before_anything_is_decoded(
    words: list[str], said: str, vsslfw_dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["detector", "train", str(vsslfw_dataset.with_name("boxes.csv")), "--data", str(vsslfw_dataset)]
    assert main([*common, "-o", str(tmp_path / "never"), *words]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "never").exists()


@pytest.mark.parametrize("action", ["find", "train", "review"])
def test_a_file_that_is_there_is_not_written_over(
    action: str, detector: Path, vsslfw_dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = vsslfw_dataset.with_name("boxes.csv").read_text()
    (tmp_path / "boxes.csv").write_text(drawn)
    source = detector if action == "find" else tmp_path / "boxes.csv"
    assert main(["detector", action, str(source), "--data", str(vsslfw_dataset), "-o", str(tmp_path / "boxes.csv")]) == 2
    assert "boxes.csv is there already, and is left as it is" in capsys.readouterr().err
    assert (tmp_path / "boxes.csv").read_text() == drawn


def test_found_boxes_are_replaced_if_that_is_asked_for(detector: Path, vsslfw_dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "found.csv").write_text("of last week")
    words = ["--data", str(vsslfw_dataset), "-o", str(tmp_path / "found.csv"), "--every", "4", "--overwrite"]
    assert main(["detector", "find", str(detector), *words]) == 0
    assert read_boxes(tmp_path / "found.csv")


def test_what_a_page_or_a_detector_was_is_replaced_by_the_new_one(detector: Path, boxes: Path) -> None:
    page = boxes.with_name("again.html")
    page.write_text("<!DOCTYPE html><title>Patient boxes</title>")
    assert is_review(page)
    assert is_detector(detector)
    assert not is_detector(page)
    assert list(wrong_output(page, replaces=is_review(page), hint="")) == []


def test_a_place_that_cannot_be_written_to_is_said_before_anything_is_trained(
    vsslfw_dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    for out, said in ((tmp_path / "file" / "p.safetensors", "file is a file, not a folder"), (tmp_path, "is a folder")):
        assert main(["detector", "train", str(vsslfw_dataset.with_name("boxes.csv")), "--data", str(vsslfw_dataset), "-o", str(out)]) == 2
        assert said in capsys.readouterr().err
