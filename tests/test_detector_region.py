"""The patient region `ssdlite` in a run: which network looks, what a miss becomes, what the records say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from vsslfw.builtin.resnet import ResNet18
from vsslfw.builtin.ssd import SSD300, SSDLite
from vsslfw.data.manifest import VideoRow, read_manifest
from vsslfw.detection.candidates import Candidates
from vsslfw.detection.labels import read_boxes
from vsslfw.detection.making import Order, make_detector
from vsslfw.detection.training import Plan
from vsslfw.errors import RunError, UserError
from vsslfw.interfaces import Watched
from vsslfw.pipeline.clip_reader import Reading
from vsslfw.pipeline.run import RunResult
from vsslfw.pipeline.run_audits import detector_audit
from vsslfw.pipeline.stages import Pipeline
from vsslfw.recipe import Recipe
from vsslfw.testing import run_checks
from vsslfw.video import frames_at, probe

pytest.importorskip("efficientnet_lite_pytorch")


@pytest.fixture(scope="module")
def rows(vsslfw_dataset: Path) -> list[VideoRow]:
    return read_manifest(vsslfw_dataset).rows


@pytest.fixture(scope="module")
def weights(vsslfw_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cross-fitted detector of two networks, hardly trained: what it finds is of no interest here."""
    manifest, labels = read_manifest(vsslfw_dataset), read_boxes(vsslfw_dataset.with_name("boxes.csv"))
    order = Order(plan=Plan(epochs=6, lr=3e-3), frames_per_video=12, size=(64, 96), per_subject=True, folds=2)
    return make_detector(manifest, labels, order, tmp_path_factory.mktemp("weights") / "patient.safetensors").path


def watched(row: VideoRow) -> Watched:
    found = probe(row.path)
    return Watched(row.video_id, row.subject_id, row.path, found.size, found.duration_s or 0.0, row.start_s, row.end_s)


def told(detector: SSDLite, rows: list[VideoRow]) -> SSDLite:
    for row in rows:
        detector.watch(watched(row))
    return detector


def nobody(model: object, images: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], size: tuple[int, int]) -> list[Candidates]:
    return [Candidates(np.zeros((0, 4)), np.zeros(0))] * len(images)


def test_it_keeps_the_contract_of_a_detector(weights: Path) -> None:
    outcomes = run_checks("detector", partial(SSDLite, weights=str(weights), every_s=2.0, min_score=0.06))
    assert [f"{outcome.name}: {outcome.words}" for outcome in outcomes if outcome.outcome == "failed"] == []


def test_each_subject_is_looked_at_by_a_network_that_has_not_seen_them(weights: Path, rows: list[VideoRow]) -> None:
    detector = told(SSDLite(weights=str(weights)), rows)
    assert {detector.trained_on(row.video_id) for row in rows} == {False}
    for row in rows:  # the same stretch for everybody: what differs is the network
        detector.watch(replace(watched(row), start_s=0.0, end_s=2.0, duration_s=4.0))
    assert len({detector.fingerprint(row.video_id) for row in rows}) == 2
    assert len({detector.fingerprint(row.video_id) for row in rows if row.subject_id == rows[0].subject_id}) == 1


@pytest.mark.parametrize("other", [{"start_s": 0.5}, {"end_s": 1.5}, {"duration_s": 7.0}])
def test_another_stretch_of_a_video_is_another_key(weights: Path, rows: list[VideoRow], other: dict[str, float]) -> None:
    detector, video = SSDLite(weights=str(weights)), watched(rows[0])
    detector.watch(video)
    before = detector.fingerprint(video.video_id)
    detector.watch(video)
    assert detector.fingerprint(video.video_id) == before
    detector.watch(replace(video, **other))  # type: ignore[arg-type]
    assert detector.fingerprint(video.video_id) != before


def test_boxes_asked_for_in_parts_are_those_of_the_whole(weights: Path, rows: list[VideoRow]) -> None:
    size, times = probe(rows[0].path).size, np.linspace(0, 2, 11)
    whole = told(SSDLite(weights=str(weights), min_score=0.06), rows).boxes(rows[0].video_id, times, size)
    part = told(SSDLite(weights=str(weights), min_score=0.06), rows).boxes(rows[0].video_id, times[7:], size)
    assert whole is not None
    assert part is not None
    np.testing.assert_array_equal(whole[7:], part)


def test_where_nobody_is_found_the_policy_decides(weights: Path, rows: list[VideoRow], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vsslfw.detection.find.candidates", nobody)
    times, size, video = np.zeros(3), probe(rows[0].path).size, rows[0].video_id
    held = told(SSDLite(weights=str(weights), on_miss="hold"), rows)
    assert held.boxes(video, times, size) is None
    assert held.shares(video) == {"found": 0.0, "whole_frame": 1.0}
    dropped = told(SSDLite(weights=str(weights), on_miss="drop"), rows).boxes(video, times, size)
    assert dropped is not None
    assert np.isnan(dropped).all()


def test_everything_that_is_wrong_with_its_parameters_is_said_at_once(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        SSDLite(weights=str(weights), every_s=0, on_miss="skip", margin=-1, aspect="wide", min_score=1)  # type: ignore[arg-type]
    assert len(caught.value.problems) == 5
    with pytest.raises(UserError, match=r'is an ssdlite, not an ssd300\n.*write type="ssdlite"'):
        SSD300(weights=str(weights))
    with pytest.raises(UserError, match="Make one: vsslfw detector train"):
        SSDLite(weights=str(tmp_path / "none.safetensors"))


def test_a_video_that_it_was_not_told_of_is_an_error_in_words(weights: Path) -> None:
    with pytest.raises(RunError, match="was not told where the video A is"):
        SSDLite(weights=str(weights)).boxes("A", np.zeros(1), (64, 96))


@pytest.mark.slow
def test_a_run_crops_to_what_it_finds_and_says_who_trained_it(weights: Path, vsslfw_run: Callable[..., RunResult]) -> None:
    region = f'dict(type="ssdlite", weights="{weights}", min_score=0.06, every_s=1.0)'
    result = vsslfw_run(f"finetune.region={region}", "pretrain.source=none")
    (line,) = [line for line in result.report.audits if line.check == "Patient regions"]
    assert "of the times in ES" in line.detail
    assert line.outcome == "ok"
    assert line.detail.endswith("the detector ssdlite of vsslfw: no subject's boxes come from a network that was trained on them")


def test_who_trained_the_detector_is_asked_anew_where_features_are_there_already(
    vsslfw_dataset: Path, vsslfw_recipe: Callable[..., Recipe], rows: list[VideoRow], tmp_path: Path
) -> None:
    """A subject's id was misspelt when the features were made."""
    test = rows[-1].subject_id
    order = Order(plan=Plan(epochs=6, lr=3e-3), frames_per_video=12, size=(64, 96), test_subjects=(test,))
    one = make_detector(read_manifest(vsslfw_dataset), read_boxes(vsslfw_dataset.with_name("boxes.csv")), order, tmp_path / "one").path
    region = f'finetune.region=dict(type="ssdlite", weights="{one}", min_score=0.06, every_s=2.0)'

    def pipeline(called: str) -> Pipeline:
        cells = [[row.video_id, row.path, row.subject_id, row.role, row.label or ""] for row in rows]
        lines = [",".join(map(str, row)).replace(f",{rows[0].subject_id},", f",{called},") for row in cells]
        (tmp_path / "videos.csv").write_text("\n".join(["video_id,path,subject_id,role,label", *lines]))
        data = f'data=dict(type="videos_csv", path="{tmp_path / "videos.csv"}")'
        return Pipeline(vsslfw_recipe(data, region, "pretrain.source=none"), tmp_path / "cache", device="cpu")

    before = pipeline("E0l")
    assert before.features.reused == 0
    after = pipeline(rows[0].subject_id)
    said = [detector_audit(each) for each in (before, after)]
    assert after.features.reused == after.features.parts
    assert [line.outcome for line in said] == ["warning", "warning"]
    assert [line.detail.partition("ssdlite of vsslfw: ")[2] for line in said] == [
        "it was trained on the subjects of 2 of these videos",
        "it was trained on the subjects of 3 of these videos",
    ]


def test_frames_without_a_patient_are_left_out_of_what_is_read(rows: list[VideoRow]) -> None:
    times, boxes = np.arange(10) / 10, np.tile([0.0, 0, 40, 40], (10, 1))
    boxes[3:6] = np.nan
    reading = Reading(frames_at(rows[0].path, times, size=(8, 8), boxes=boxes), 0, ResNet18(weights=None, frame_size=32))
    first, second = reading.take(0, 5), reading.take(5, 10)
    assert first.times.tolist() == times[:3].tolist()
    assert first.error == "nobody is in the picture in 2 of 5 frames, and they are dropped"
    assert second.times.tolist() == times[6:].tolist()
    assert second.frames.shape == (4, 8, 8, 3)


def test_frames_that_are_dropped_count_as_lost(
    weights: Path, vsslfw_run: Callable[..., RunResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vsslfw.detection.find.candidates", nobody)
    region = f'dict(type="ssdlite", weights="{weights}", on_miss="drop")'
    with pytest.raises(UserError, match=r"0 of \d+ expected frames could be read \(nobody is in the picture in") as caught:
        vsslfw_run(f"finetune.region={region}", "pretrain.source=none")
    last = caught.value.problems[-1]
    assert "videos in which nobody is found" in last.what
    assert "unreadable" not in last.what
    assert "min_score" in last.hint


def test_a_run_names_the_boxes_of_every_video_that_do_not_fit_it(
    vsslfw_run: Callable[..., RunResult], vsslfw_dataset: Path, rows: list[VideoRow], tmp_path: Path
) -> None:
    labelled = [row.video_id for row in rows if row.role == "labelled"][:2]
    lines = ["video_id,time_s,x1,y1,x2,y2", f"{labelled[0]},999,1,1,9,9", f"{labelled[1]},0,1,1,9,9999"]
    (tmp_path / "boxes.csv").write_text("\n".join(lines))
    with pytest.raises(UserError, match=r"(?s)row 2, column time_s: 999 s lies behind.*row 3, column y2: the box of .* reaches far beyond"):
        vsslfw_run(f'finetune.region=dict(type="boxes_csv", path="{tmp_path / "boxes.csv"}")', "pretrain.source=none")
