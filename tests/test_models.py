"""fit, predict, evaluate, export: a model on disk answers as it did in memory, and says what it does not know."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_shortcuts import noise, write_video

from vsslfw import load_recipe
from vsslfw.cli import main
from vsslfw.errors import UserError
from vsslfw.pipeline.export import export_model
from vsslfw.pipeline.final import fit_model
from vsslfw.pipeline.likeness import Likeness, Look
from vsslfw.pipeline.model_folder import read_model
from vsslfw.pipeline.prediction import predict_videos
from vsslfw.testing.tiny import tiny_overrides


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model in ``model``, fitted on the tiny set, and its cache."""
    folder = tmp_path_factory.mktemp("models")
    recipe = load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides())
    fit_model(recipe, out=folder / "model", cache=folder / "cache")
    return folder


@pytest.fixture(scope="module")
def dataset(place: Path) -> Path:
    """The manifest that the model was fitted on."""
    (found,) = (place / "cache" / "datasets").glob("*/videos.csv")
    return found


def first_labelled(dataset: Path) -> Path:
    with dataset.open(newline="") as file:
        return dataset.parent / next(row["path"] for row in csv.DictReader(file) if row["role"] == "labelled")


def test_a_model_is_fitted_again_to_the_same_bytes(place: Path, tmp_path: Path) -> None:
    recipe = load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides())
    fit_model(recipe, out=tmp_path / "again", cache=place / "cache")
    for name in ("model.safetensors", "recipe.py", "training.safetensors", "model.json"):
        assert (tmp_path / "again" / name).read_bytes() == (place / "model" / name).read_bytes()


def test_a_model_holds_no_id_and_no_path(place: Path, dataset: Path) -> None:
    record = (place / "model" / "model.json").read_text()
    with dataset.open(newline="") as file:
        ids = {row["subject_id"] for row in csv.DictReader(file)}
    assert not any(f'"{name}"' in record for name in ids)
    assert str(place) not in record + (place / "model" / "recipe.py").read_text()


def test_predict_takes_the_path_of_training(place: Path, dataset: Path) -> None:
    """A training video's answer is that of the classifier on the features that training used."""
    from vsslfw.pipeline.answers import answer
    from vsslfw.pipeline.stages import Pipeline

    recipe = load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides())
    pipeline = Pipeline(recipe, place / "cache")
    model = read_model(place / "model")
    video = first_labelled(dataset)
    (said,) = predict_videos(model, [video], cache=place / "cache")
    case = next(c for c in pipeline.features.cases if c.content == said.content)
    expected = answer(recipe, model.classifiers("cpu")[0], case.entry, pipeline.tokens, "cpu")
    assert list(said.probabilities.values()) == pytest.approx(expected["probabilities"], abs=1e-12)
    assert said.unlike == []
    assert len(said.windows) == expected["windows"]


def strange(folder: Path) -> dict[str, Path]:
    """A black video, a short one, one of another shape, and one that is none."""
    paths = {name: folder / f"{name}.mp4" for name in ("black", "short", "tall", "broken")}
    write_video(paths["black"], np.zeros((30, 64, 96, 3), np.uint8), (64, 96))
    write_video(paths["short"], noise(0, (64, 96))[:10], (64, 96))
    write_video(paths["tall"], noise(1, (96, 64)), (96, 64))
    paths["broken"].write_text("no video")
    return paths


def test_what_is_unlike_the_training_videos_is_said(place: Path, tmp_path: Path) -> None:
    paths = strange(tmp_path)
    answers = {a.video: a for a in predict_videos(read_model(place / "model"), list(paths.values()), cache=place / "cache")}
    assert any("dark or blank" in text for text in answers["black"].unlike)
    assert any("short" in text or "length" in text for text in answers["short"].unlike)
    assert any("another shape: 64 x 96" in text for text in answers["tall"].unlike)
    assert "not a video file" in answers["broken"].error
    assert answers["broken"].answer is None


def test_the_command_writes_three_files_and_abstains(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = strange(tmp_path)
    out = tmp_path / "out"
    arguments = ["--out", str(out), "--cache", str(place / "cache"), "--min-confidence", "0.999"]
    assert main(["predict", str(place / "model"), str(paths["tall"]), str(paths["broken"]), *arguments]) == 0
    said = capsys.readouterr().out
    assert "abstains" in said
    assert "It abstains below 0.999." in said
    record = json.loads((out / "predictions.json").read_text())
    assert [video["answer"] for video in record["videos"]] == ["abstains", "cannot be read"]
    assert record["min_confidence"] == 0.999
    with (out / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["video"], row["answer"]) for row in rows] == [("tall", "abstains"), ("broken", "cannot be read")]
    page = (out / "predictions.html").read_text()
    assert '<figure class="timeline">' in page
    assert "fitted on made video" in page
    assert str(tmp_path) not in page + (out / "predictions.json").read_text()


def test_nothing_that_can_be_read_ends_with_one(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.mp4").write_text("no video")
    arguments = ["predict", str(place / "model"), str(tmp_path / "x.mp4"), str(tmp_path / "gone.mp4"), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--cache", str(place / "cache")]) == 1
    assert "No such file" in capsys.readouterr().out


def copied(place: Path, folder: Path) -> Path:
    return Path(shutil.copytree(place / "model", folder / "model"))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), "is missing"),
        (lambda folder: (folder / "recipe.py").write_text("x = 1"), "was changed since"),
        (lambda folder: (folder / "model.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "model.json").write_text('{"format": 7, "files": {}}'), "has format 7"),
        (lambda folder: (folder / "model.json").unlink(), "holds no model"),
        (shutil.rmtree, "there is no such folder"),
    ],
)
def test_a_model_that_is_not_whole_is_refused_in_words(harm: Any, said: str, place: Path, tmp_path: Path) -> None:
    folder = copied(place, tmp_path)
    harm(folder)
    with pytest.raises(UserError, match=said):
        read_model(folder)


def test_an_override_that_makes_another_model_is_refused(place: Path) -> None:
    with pytest.raises(UserError, match="another model"):
        read_model(place / "model", ["evaluate.stride=3"])


def test_a_file_of_training_is_no_external_validation(
    place: Path, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", str(place / "model"), "--data", str(dataset), "--out", str(tmp_path / "out"), "--cache", str(place / "cache")]
    assert main(arguments) == 1
    assert "This is no external validation" in capsys.readouterr().err
    assert not (tmp_path / "out" / "metrics.json").exists()


def other_site(folder: Path, labels: tuple[str, ...] = ("ES", "PNES")) -> Path:
    folder.mkdir(exist_ok=True)
    lines = ["video_id,path,subject_id,role,label,sex"]
    for subject in range(6):
        write_video(folder / f"{subject}.mp4", noise(subject, (64, 96)), (64, 96))
        lines.append(f"clip {subject},{subject}.mp4,Miller {subject},labelled,{labels[subject % len(labels)]},{'mf'[subject % 2]}")
    (folder / "videos.csv").write_text("\n".join(lines))
    return folder / "videos.csv"


def test_another_site_gets_the_same_report(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    data = other_site(tmp_path / "site")
    assert main(["evaluate", str(place / "model"), "--data", str(data), "--out", str(out), "--cache", str(place / "cache")]) == 0
    assert "balanced accuracy" in capsys.readouterr().out
    metrics = json.loads((out / "metrics.json").read_text())
    assert (metrics["kind"], metrics["n_videos"], metrics["n_subjects"]) == ("external", 6, 6)
    assert metrics["uncertainty"]["m"] == 3
    page = (out / "report.html").read_text()
    assert "External validation of a fitted model." in page
    assert "a model holds no ids" in page
    assert "Miller" not in page + (out / "predictions.csv").read_text()
    assert (out / "windows.csv").is_file()


def test_a_label_that_the_model_does_not_know_is_named_with_its_row(place: Path, tmp_path: Path) -> None:
    from vsslfw.pipeline.external import evaluate_model

    data = other_site(tmp_path / "site", ("ES", "syncope"))
    with pytest.raises(UserError, match=r'row 3, column label: the model knows no class "syncope"') as caught:
        evaluate_model(read_model(place / "model"), data, out=tmp_path / "out", cache=place / "cache")
    assert len(caught.value.problems) == 3


def test_one_class_alone_can_be_evaluated(place: Path, tmp_path: Path) -> None:
    from vsslfw.pipeline.external import evaluate_model

    found = evaluate_model(read_model(place / "model"), other_site(tmp_path / "site", ("ES",)), out=tmp_path / "out", cache=place / "cache")
    assert found.metrics["definitions"]["sensitivity"]["value"] is not None
    assert found.metrics["definitions"]["specificity"]["value"] is None


def test_onnx_answers_as_pytorch_does_and_the_export_reloads(place: Path, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    model = read_model(place / "model")
    exported = export_model(model, tmp_path / "export")
    assert {path.name for path in exported.files} == {"model.safetensors", "recipe.py", "model.onnx", "MODEL_CARD.md"}
    assert exported.difference is not None
    assert exported.difference <= 1e-5
    features = torch.randn(4, model.recipe.settings.positions, 512) * 5
    valid = torch.arange(model.recipe.settings.positions)[None] < torch.tensor([[64], [40], [3], [1]])
    with torch.inference_mode():
        ours = model.classifiers("cpu")[0](features, valid).softmax(-1).numpy()
    session = onnxruntime.InferenceSession(str(tmp_path / "export" / "model.onnx"))
    (theirs,) = session.run(None, {"features": features.numpy(), "valid": valid.numpy()})
    assert theirs == pytest.approx(ours, abs=1e-5)
    assert np.ptp(ours[:, 0]) > 1e-4, "the four answers differ, so that equality means something"
    card = (tmp_path / "export" / "MODEL_CARD.md").read_text()
    assert "Authors must write" in card
    assert "knows nothing of patients" in card
    shutil.copy(tmp_path / "export" / "model.safetensors", copied(place, tmp_path) / "model.safetensors")
    reloaded = read_model(tmp_path / "model").classifiers("cpu")[0]
    with torch.inference_mode():
        assert reloaded(features, valid).softmax(-1).numpy() == pytest.approx(ours, abs=1e-5)


def test_without_onnx_the_export_says_what_to_install(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vsslfw.pipeline.export._installed", lambda name: name != "onnxruntime")
    with pytest.raises(UserError, match=r"onnxruntime is not installed"):
        export_model(read_model(place / "model"), tmp_path / "export")
    assert export_model(read_model(place / "model"), tmp_path / "export", onnx=False).difference is None


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("x")
    with pytest.raises(UserError, match="holds no model"):
        fit_model(load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides()), out=tmp_path)


def test_likeness_is_judged_by_the_training_videos_own_distances() -> None:
    g = np.random.default_rng(0)
    looks = [Look(64, 96, 25.0, 10.0, 100.0, 30.0)] * 6
    likeness = Likeness.of(looks, g.normal(size=(6, 4)), list("AABBCC"))
    assert likeness.distance(g.normal(size=4) + 50) > likeness.farthest
    assert likeness.differences(looks[0], 0.0) == []
    said = " ".join(likeness.differences(Look(64, 48, 5.0, 2.0, 3.0, 0.2), 99.0))
    for word in ("another shape", "frame rate", "length", "dark or blank", "unlike all training videos"):
        assert word in said


@pytest.mark.slow
def test_a_real_video_of_a_subject_that_the_model_never_saw(shared_data: Path, tmp_path: Path) -> None:
    with (shared_data / "gmdcsa24" / "videos.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["role"] == "labelled"]
    left_out = rows[-1]["subject_id"]
    for row in rows:
        row["path"] = str(shared_data / "gmdcsa24" / row["path"])
    with (tmp_path / "videos.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(row for row in rows if row["subject_id"] != left_out)
    small = [text for text in tiny_overrides() if not text.startswith("data.")]
    overrides = [*small, "pretrain.source=labelled-train-fold", "pretrain.epochs=1", "video.fps=2", "contextual.clip_s=5"]
    fit_model(
        load_recipe("seizure_bart", profile="demo", data=tmp_path / "videos.csv", overrides=overrides),
        out=tmp_path / "model",
        cache=tmp_path / "c",
    )
    own = [Path(row["path"]) for row in rows if row["subject_id"] == left_out][:1]
    black, short, tall = (tmp_path / f"{name}.mp4" for name in ("black", "short", "tall"))
    write_video(black, np.zeros((100, 96, 128, 3), np.uint8), (96, 128))
    write_video(short, noise(0, (96, 128))[:20], (96, 128))
    write_video(tall, np.concatenate([noise(1, (128, 64))] * 3), (128, 64))
    model = read_model(tmp_path / "model")
    said, *odd = predict_videos(model, [*own, black, short, tall], cache=tmp_path / "c")
    assert said.answer in model.classes
    assert sum(said.probabilities.values()) == pytest.approx(1.0)
    for answer, word in zip(odd, ("dark or blank", "short", "another shape"), strict=True):
        assert any(word in text for text in answer.unlike), answer.unlike
