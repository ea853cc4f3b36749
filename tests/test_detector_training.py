"""A detector learns where the patient is, on subjects that it has not seen, and is the same each time; its file says who trained it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vsslfw.builtin.synthetic_emu import SyntheticEMU
from vsslfw.data.manifest import Manifest, read_manifest
from vsslfw.detection.checkpoint import read_detector, write_detector
from vsslfw.detection.geometry import iou
from vsslfw.detection.labels import Labels, read_boxes
from vsslfw.detection.loss import detection_loss
from vsslfw.detection.making import Made, Order, answered, make_detector
from vsslfw.detection.model import ARCHITECTURES, Architecture, PatientSSD
from vsslfw.detection.pictures import Pictures, read_pictures
from vsslfw.detection.training import Plan, train_detector
from vsslfw.errors import UserError

pytest.importorskip("efficientnet_lite_pytorch")
SMALL = (96, 128)
SHAPES = [[0.3, 0.5], [0.4, 0.6], [0.5, 0.7], [0.6, 0.8]]
TEST = ("E09", "E10")


@pytest.fixture(scope="module")
def emu(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten subjects with two short seizures each; two of them are for testing."""
    made = SyntheticEMU(subjects=10, seed=5, seizures_per_subject=2, seizure_s=(4.0, 4.0), contextual_per_subject=0, fps=5.0)
    return made.write(tmp_path_factory.mktemp("emu") / "set")


@pytest.fixture(scope="module")
def manifest(emu: Path) -> Manifest:
    return read_manifest(emu)


@pytest.fixture(scope="module")
def labels(emu: Path) -> dict[str, Labels]:
    return read_boxes(emu.with_name("boxes.csv"))


@pytest.fixture(scope="module")
def pictures(manifest: Manifest, labels: dict[str, Labels]) -> Pictures:
    return read_pictures(manifest.rows, labels, SMALL, of_each=8)


@pytest.fixture(scope="module")
def made(manifest: Manifest, labels: dict[str, Labels], tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Trained for some 200 steps at a small size."""
    order = Order(plan=Plan(epochs=10, batch_size=8), frames_per_video=8, test_subjects=TEST, size=SMALL)
    return make_detector(manifest, labels, order, tmp_path_factory.mktemp("made") / "patient.safetensors")


def test_every_box_that_fits_no_picture_and_every_row_behind_an_end_is_said_at_once(manifest: Manifest, emu: Path, tmp_path: Path) -> None:
    one, two, *_ = manifest.rows
    rows = [f"{one.video_id},0,10,10,60,60", f"{one.video_id},400,10,10,60,60", f"{two.video_id},0,10,10,60,9999"]
    (tmp_path / "boxes.csv").write_text("\n".join(["video_id,time_s,x1,y1,x2,y2", *rows]))
    with pytest.raises(UserError) as caught:
        read_pictures(manifest.rows, read_boxes(tmp_path / "boxes.csv"), SMALL, of_each=1)
    assert [problem.where for problem in caught.value.problems] == ["boxes.csv row 3, column time_s", "boxes.csv row 4, column y2"]


def test_pictures_are_read_with_their_boxes_at_the_size_of_the_network(pictures: Pictures) -> None:
    assert pictures.images.shape == (160, *SMALL, 3)
    assert sorted(set(pictures.subjects.tolist())) == [f"E{k:02d}" for k in range(1, 11)]
    assert np.all(pictures.boxes <= [SMALL[1], SMALL[0]] * 2)
    assert len(pictures.of(TEST)) == 32


def test_unseen_subjects_are_found_better_than_by_the_median_box_of_the_others(made: Made, pictures: Pictures) -> None:
    train, test = pictures.of(made.folds[0].train), pictures.of(TEST)
    constant = iou(np.median(train.boxes, axis=0), test.boxes).mean()
    assert made.scores[-1].mean_iou > constant + 0.03
    assert made.scores[-1].ap50 > 0.9
    assert made.scores[-1].pictures == 32


def test_what_is_read_from_the_file_answers_as_what_was_written(made: Made, pictures: Pictures) -> None:
    (member,) = read_detector(made.path).members
    boxes, _ = answered(member.build(), pictures.of(TEST), Order().rule)
    assert float(iou(boxes, pictures.of(TEST).boxes).mean()) == pytest.approx(made.scores[-1].mean_iou, abs=1e-6)


def test_the_file_knows_who_trained_it_and_holds_no_id(made: Made) -> None:
    file = read_detector(made.path)
    assert file.member_for("E01")[1]
    assert not file.member_for(TEST[0])[1]
    assert not file.member_for("a stranger")[1]
    held = json.dumps(file.header)
    assert not [name for name in ("E01", "E09", str(made.path.parent)) if name in held]


def test_the_same_seed_gives_the_same_bytes(pictures: Pictures, tmp_path: Path) -> None:
    some, plan = pictures.of(("E01", "E02")), Plan(epochs=1, batch_size=8)
    for name in ("one", "two"):
        torch.rand(3)  # the global generator is nobody's business
        model = train_detector(some, "ssdlite", "efficientnet_lite0", None, plan)
        write_detector(tmp_path / name, [(model, ("E01", "E02"), ())], salt="s", made={"mean_iou": 0.0})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_cross_fitting_gives_each_subject_a_network_that_has_not_seen_them(
    manifest: Manifest, labels: dict[str, Labels], tmp_path: Path
) -> None:
    order = Order(plan=Plan(epochs=1), frames_per_video=2, size=(64, 64), weights=None, per_subject=True, folds=2)
    path = make_detector(manifest, labels, order, tmp_path / "crossed.safetensors").path
    file = read_detector(path)
    assert len(file.members) == 2
    for subject in {row.subject_id for row in manifest.rows}:
        member, trained_on = file.member_for(subject)
        assert not trained_on
        assert file.subject(subject) in member.test


def test_boxes_of_a_video_that_is_not_in_the_manifest_are_an_error(manifest: Manifest, labels: dict[str, Labels], tmp_path: Path) -> None:
    stranger = {**labels, "E01-s9": labels["E01-s1"]}
    with pytest.raises(UserError, match='there is no video "E01-s9" in the manifest'):
        make_detector(manifest, stranger, Order(), tmp_path / "never")
    with pytest.raises(UserError, match="cannot be halved five times"):
        make_detector(manifest, labels, Order(size=(100, 100)), tmp_path / "never")


def untrained(*_: object, **__: object) -> PatientSSD:
    raise AssertionError("a network was trained before everything was checked")


def test_every_fold_is_checked_before_the_first_is_trained(
    manifest: Manifest, labels: dict[str, Labels], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vsslfw.detection.making.train_detector", untrained)
    few = Order(frames_per_video=1, size=(64, 64), per_subject=True, folds=2)
    with pytest.raises(UserError) as caught:
        make_detector(manifest, labels, few, tmp_path / "never")
    said = "10 labelled pictures with a box are too few to train on; 20 are needed"
    assert [(problem.where, problem.what) for problem in caught.value.problems] == [("fold 1 of 2", said), ("fold 2 of 2", said)]
    named = Order(frames_per_video=1, size=(64, 64), test_subjects=("E01", "E02"))
    with pytest.raises(UserError, match="or name fewer subjects in --test-subjects"):
        make_detector(manifest, labels, named, tmp_path / "never")


def test_test_subjects_without_a_labelled_picture_are_told_before_training(
    manifest: Manifest, labels: dict[str, Labels], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vsslfw.detection.making.train_detector", untrained)
    late = {row.video_id for row in manifest.rows if row.subject_id == "E09"}
    beyond = [replace(row, start_s=3.9, end_s=3.95) if row.video_id in late else row for row in manifest.rows]
    with pytest.raises(UserError, match="none of its test subjects has a labelled picture: E09"):
        make_detector(replace(manifest, rows=beyond), labels, Order(size=(64, 64), test_subjects=("E09",)), tmp_path / "never")


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_an_architecture_answers_a_score_and_a_box_at_each_default_box(arch: str) -> None:
    model = PatientSSD(Architecture(arch, "efficientnet_lite0", ARCHITECTURES[arch], SHAPES)).eval()
    with torch.inference_mode():
        logits, boxes = model(torch.rand(2, 3, *ARCHITECTURES[arch]))
    assert logits.shape == (2, len(model.defaults))
    assert boxes.shape == (2, len(model.defaults), 4)
    assert float(logits.sigmoid().max()) < 0.2  # before training nobody is found


def test_backbones_of_torchvision_fit_below_the_heads() -> None:
    model = PatientSSD(Architecture("ssdlite", "resnet18", (64, 64), SHAPES)).eval()
    with torch.inference_mode():
        assert len(model(torch.rand(1, 3, 64, 64))[1][0]) == len(model.defaults)


def test_an_unknown_backbone_and_missing_weights_are_answered_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match='did you mean "resnet18"'):
        PatientSSD(Architecture("ssdlite", "resnet19", (64, 64), SHAPES))
    with pytest.raises(UserError, match="there is no weights file"):
        PatientSSD(Architecture("ssdlite", "resnet18", (64, 64), SHAPES), weights=str(tmp_path / "none.pth"))


@pytest.mark.parametrize("content", [b"", b"not a detector"])
def test_a_file_that_is_no_detector_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(UserError, match=r"(?s)cannot be read as a detector.*make one: vsslfw detector train"):
        read_detector(tmp_path / "x.safetensors")


def test_the_loss_is_small_for_right_answers_and_asks_nothing_of_boxes_where_nobody_is() -> None:
    defaults = torch.tensor([[0.0, 0, 10, 10], [20, 20, 40, 40]])
    truth = torch.tensor([[20.0, 20, 40, 40], [float("nan")] * 4])
    boxes = defaults.repeat(2, 1, 1)
    right = torch.tensor([[-9.0, 9.0], [-9.0, -9.0]])
    assert [float(loss) < 0.01 for loss in detection_loss(right, boxes, truth, defaults)] == [True, True]
    assert float(detection_loss(-right, boxes, truth, defaults)[0]) > 1
