"""A whole run: what it leaves, what it reuses, and that it is the same twice."""

from __future__ import annotations

import csv
import json
import stat
from pathlib import Path

import pytest
from safetensors import safe_open

from vsslfw import Pipeline, load_recipe, run
from vsslfw.cli import main
from vsslfw.pipeline.progress import Silent, listening
from vsslfw.testing.tiny import tiny_overrides


class Heard(Silent):
    """A listener that remembers the lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    def stage(self, name: str, state: str, note: str = "", seconds: float | None = None) -> None:
        if state != "running":
            self.lines.append(f"{name} {state}")


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "predictions.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_labelled_video_is_predicted_by_a_fold_that_never_saw_its_subject(tiny_run: Path) -> None:
    split = json.loads((tiny_run / "split.json").read_text())
    predictions = rows(tiny_run)
    assert sorted(row["video"] for row in predictions) == sorted(video for fold in split["folds"] for video in fold["test"])
    for fold in split["folds"]:
        assert not {video.split("-")[0] for video in fold["train"]} & {video.split("-")[0] for video in fold["test"]}


def test_a_run_leaves_what_the_documentation_says(tiny_run: Path) -> None:
    for name in (
        "recipe.py",
        "environment.json",
        "split.json",
        "audits.json",
        "predictions.csv",
        "metrics.json",
        "stages.json",
        "report.html",
        "log.txt",
    ):
        assert (tiny_run / name).is_file(), name
    assert len(list((tiny_run / "folds").iterdir())) == 4
    assert len(list(tiny_run.glob("pretrain/*/encoder.safetensors"))) == 1


def test_the_recipe_of_a_run_makes_the_same_run(tiny_run: Path) -> None:
    state = json.loads((tiny_run / "run.json").read_text())
    assert state["state"] == "finished"
    assert load_recipe(tiny_run / "recipe.py").digest == state["recipe"]


def test_synthetic_data_is_stamped_on_every_artefact(tiny_run: Path) -> None:
    for path in tiny_run.rglob("*.json"):
        assert json.loads(path.read_text())["data"] == "synthetic", path
    assert {row["data"] for row in rows(tiny_run)} == {"synthetic"}
    assert "no patient" in (tiny_run / "report.html").read_text()
    for path in tiny_run.rglob("*.safetensors"):
        with safe_open(path, framework="pt") as file:
            assert json.loads(file.metadata()["provenance"])["data"] == "synthetic"


def test_weights_say_which_component_of_which_distribution_made_them(tiny_run: Path) -> None:
    (path,) = tiny_run.glob("pretrain/*/encoder.safetensors")
    with safe_open(path, framework="pt") as file:
        components = json.loads(file.metadata()["provenance"])["components"]
    (encoder,) = [component for component in components if component["kind"] == "encoder"]
    assert len(encoder.pop("digest")) == 64
    assert encoder == {"kind": "encoder", "name": "bert", "distribution": "vsslfw", "version": "0.1.0"}


def test_the_same_run_again_reuses_everything_and_says_so(tiny_run: Path) -> None:
    before = (tiny_run / "predictions.csv").read_bytes()
    heard = Heard()
    with listening(heard):
        run(load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides()), out=tiny_run)
    said = {line.split()[0]: line.split()[1].rstrip(",") for line in heard.lines}
    assert [said[stage] for stage in ("index", "extract", "pretrain", "validate")] == ["reused"] * 4
    assert (tiny_run / "predictions.csv").read_bytes() == before


def test_the_same_run_elsewhere_writes_the_same_bytes(tiny_run: Path, tmp_path: Path) -> None:
    run(load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides()), out=tmp_path / "again")
    for name in ("predictions.csv", "metrics.json", "split.json", "audits.json", "recipe.py"):
        assert (tmp_path / "again" / name).read_bytes() == (tiny_run / name).read_bytes(), name


@pytest.mark.slow
def test_folds_in_two_processes_predict_as_in_one(tiny_run: Path, tmp_path: Path) -> None:
    recipe = load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides(finetune__epochs="4"))
    runs = [run(recipe, out=tmp_path / str(jobs), cache=tmp_path / f"cache-{jobs}", jobs=jobs) for jobs in (1, 2)]
    one, two = ({row["video"]: float(row["p_ES"]) for row in rows(result.folder)} for result in runs)
    assert one == pytest.approx(two, abs=1e-4)  # threads differ, so sums may


def test_another_corruption_extracts_nothing_again(tiny_run: Path) -> None:
    overrides = tiny_overrides(corruption='[dict(type="mask_frames", ratio=0.3)]')
    pipeline = Pipeline(load_recipe("seizure_bart", profile="demo", overrides=overrides), cache=tiny_run.parent / ".vsslfw-cache")
    assert pipeline.pretrained
    reused = {record.stage: record.all_reused for record in pipeline.records}
    assert reused == {"index": True, "extract": True, "pretrain": False}


def test_another_head_pretrains_nothing_again(tiny_run: Path) -> None:
    overrides = tiny_overrides(finetune__head__pooling="first")
    pipeline = Pipeline(load_recipe("seizure_bart", profile="demo", overrides=overrides), cache=tiny_run.parent / ".vsslfw-cache")
    assert pipeline.results
    reused = {record.stage: record.all_reused for record in pipeline.records}
    assert reused == {"index": True, "extract": True, "pretrain": True, "validate": False}


def test_excluding_the_test_subject_pretrains_once_a_subject(tiny_run: Path) -> None:
    overrides = tiny_overrides(pretrain__subjects="exclude-test-subject")
    pipeline = Pipeline(load_recipe("seizure_bart", profile="demo", overrides=overrides), cache=tiny_run.parent / ".vsslfw-cache")
    assert len({result.key for result in pipeline.pretrained.values() if result}) == 4
    for fold in pipeline.folds:
        assert not fold.test_subjects & {clip.video.row.subject_id for clip in pipeline.admitted[fold.name]}


def test_from_scratch_there_is_no_pretraining(tiny_run: Path) -> None:
    overrides = tiny_overrides(pretrain__source="none", pretrain__held_out="0.0")
    result = run(load_recipe("seizure_bart", profile="demo", overrides=overrides), out=tiny_run.parent / "scratch")
    assert result.report.pretrainings == []


def test_online_extraction_trains_on_fresh_crops(tiny_run: Path) -> None:
    noise = '[dict(type="frame_transforms", transforms=[dict(type="GaussNoise", p=1.0)]), dict(type="mask_frames")]'
    overrides = tiny_overrides(extract__views="online", corruption=noise, pretrain__epochs="1")
    pipeline = Pipeline(load_recipe("seizure_bart", profile="demo", overrides=overrides), cache=tiny_run.parent / ".vsslfw-cache")
    (result,) = {result.key: result for result in pipeline.pretrained.values() if result}.values()
    assert result.history[0]["loss"] > 0


def test_results_carry_pseudonyms_and_the_key_to_them_stays_private(tiny_run: Path) -> None:
    (key,) = (tiny_run.parent / ".vsslfw-cache" / "private").iterdir()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    identities = list(csv.DictReader(key.open(encoding="utf-8")))
    ids = {row["subject_id"] for row in identities} | {row["video_id"] for row in identities}
    for path in tiny_run.parent.rglob("*"):
        if path.suffix in {".json", ".csv", ".html", ".txt"} and not {"private", "datasets", "identified"} & set(path.parts):
            text = str(path.relative_to(tiny_run.parent)) + path.read_text(encoding="utf-8")
            assert not [name for name in ids if name in text], path


def test_identify_writes_the_real_ids(tiny_run: Path) -> None:
    result = run(load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides()), out=tiny_run.parent / "identified", identify=True)
    (key,) = (tiny_run.parent / ".vsslfw-cache" / "private").iterdir()
    real = {row["subject_id"] for row in csv.DictReader(key.open(encoding="utf-8"))}
    assert {row["subject"] for row in rows(result.folder)} == real


def test_the_command_line_prints_a_banner_and_where_the_report_is(tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sets = [word for override in tiny_overrides() for word in ("--set", override)]
    assert main(["run", "seizure_bart", "--profile", "demo", "--out", str(tiny_run), *sets]) == 0
    said = capsys.readouterr().out
    assert "no patient" in said
    assert "report.html" in said.replace("\n", "")
