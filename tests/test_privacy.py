"""What a run leaves names nobody: no id, and no folder that bears a patient's name; and paths are no part of any key."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import markupsafe
import pytest
import torch

from vsslfw import RunResult, load_recipe, run
from vsslfw.builtin.resnet import ResNet18
from vsslfw.cli import main
from vsslfw.plugins import Plugin, plugins
from vsslfw.testing.tiny import tiny_overrides

PATIENT = "Jürgen Müßig, 3. Mai 1961"
NAMES = {"Ärztin Ünal", 'O\'Connor "Joe"', "Nowak\\Anna", "Łukasz"}


def own_data(source: Path, folder: Path, rename: Callable[[str], str]) -> Path:
    """A copy of a manifest and its videos, with other ids."""
    shutil.copytree(source.parent, folder)
    with source.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        new = rename(row["subject_id"])
        row["video_id"], row["subject_id"] = row["video_id"].replace(row["subject_id"], new), new
    with (folder / "videos.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return folder / "videos.csv"


@pytest.fixture
def synthetic(tiny_run: Path) -> Path:
    """The manifest of the tiny set."""
    (manifest,) = (tiny_run.parent / ".vsslfw-cache" / "datasets").glob("*/videos.csv")
    return manifest


class Study:
    """Videos, boxes and weights in a folder that bears a patient's name; runs and cache lie elsewhere."""

    def __init__(self, folder: Path, synthetic: Path) -> None:
        self.results = folder / "results"
        names = dict(zip(sorted({row["subject_id"] for row in csv.DictReader(synthetic.open())}), sorted(NAMES), strict=True))
        self.manifest = own_data(synthetic, folder / PATIENT, names.__getitem__)
        videos = list(csv.DictReader(self.manifest.open(encoding="utf-8")))
        self.ids = {row[column] for row in videos for column in ("subject_id", "video_id")}
        with (self.manifest.parent / "boxes.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["video_id", "time_s", "x1", "y1", "x2", "y2"], [videos[0]["video_id"], 0, 1, 1, 50, 50]])
        torch.save(ResNet18(weights=None).network.state_dict(), self.manifest.parent / "weights.pth")

    def overrides(self) -> list[str]:
        folder = self.manifest.parent
        region = f"dict(type='boxes_csv', path={str(folder / 'boxes.csv')!r})"
        backbone = f"dict(type='resnet18', frame_size=32, weights={str(folder / 'weights.pth')!r})"
        small = [override for override in tiny_overrides() if not override.startswith(("data", "backbone"))]
        return [*small, f"finetune.region={region}", f"backbone={backbone}"]

    def recipe_file(self) -> Path:
        path = self.manifest.parent / "my.py"
        path.write_text('_base_ = "seizure_bart"\n', encoding="utf-8")
        return path

    def run(self, out: str = "run", *, identify: bool = False) -> RunResult:
        recipe = load_recipe(self.recipe_file(), profile="demo", overrides=self.overrides(), data=self.manifest)
        return run(recipe, out=self.results / out, identify=identify)

    def found(self, folder: Path) -> list[str]:
        """Each file in or below a folder that says a name, and the name; what is private is left out."""
        words = {PATIENT, "Müßig", *NAMES, *self.ids}
        spelt = {
            form.encode(): word for word in words for form in (word, json.dumps(word)[1:-1], repr(word)[1:-1], str(markupsafe.escape(word)))
        }
        files = [path for path in folder.rglob("*") if path.is_file() and "private" not in path.parts]
        assert files
        return [f"{path}: {word}" for path in files for form, word in spelt.items() if form in str(path).encode() + path.read_bytes()]


@pytest.fixture
def study(tmp_path: Path, synthetic: Path) -> Iterator[Study]:
    yield Study(tmp_path, synthetic)
    shutil.rmtree(tmp_path / PATIENT, ignore_errors=True)


def test_no_file_of_a_run_or_of_the_cache_says_a_name(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = [word for override in study.overrides() for word in ("--set", override)]
    arguments += ["--data", str(study.manifest), "--profile", "demo", "--out", str(study.results / "run")]
    monkeypatch.setattr("sys.argv", ["vsslfw", "run", str(study.recipe_file()), *arguments])
    broken = Plugin("other", "other", "1", f"ImportError: no name in /home/{PATIENT}/plugin.py (plugin.py:3)")
    monkeypatch.setattr(plugins(), "found", [*plugins().found, broken])
    assert main(["run", str(study.recipe_file()), *arguments]) == 0
    assert study.found(study.results) == []
    report = (study.results / "run" / "report.html").read_text(encoding="utf-8")
    assert "broken: ImportError" in report
    assert "my.py" in report


@pytest.mark.slow
def test_the_recipe_of_a_run_says_how_to_give_the_paths_again_and_keeps_its_digest(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = study.run().folder
    text = (folder / "recipe.py").read_text(encoding="utf-8")
    assert '"videos.csv"' in text
    assert "--data PATH" in text
    assert "--set backbone.weights=PATH" in text
    assert "--set finetune.region.path=PATH" in text
    monkeypatch.chdir(study.manifest.parent)
    assert load_recipe(folder / "recipe.py").digest == json.loads((folder / "run.json").read_text())["recipe"]


@pytest.mark.slow
def test_moving_the_data_the_boxes_and_the_weights_computes_nothing_again(study: Study, tmp_path: Path) -> None:
    before = study.run().folder / "predictions.csv"
    content = before.read_bytes()
    study.manifest = study.manifest.parent.rename(tmp_path / "elsewhere") / "videos.csv"
    again = study.run()
    assert {stage.name: stage.outcome for stage in again.report.stages if stage.name != "index"} == dict.fromkeys(
        ("extract", "pretrain", "validate", "baselines"), "reused"
    )
    assert before.read_bytes() == content


@pytest.mark.slow
def test_a_pseudonymous_run_leaves_nothing_of_an_identified_one_in_its_folder(study: Study) -> None:
    folder = study.run(identify=True).folder
    (folder / ".predictions.csv.abc.part").write_text(next(iter(NAMES)), encoding="utf-8")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    assert json.loads((folder / "run.json").read_text())["identified"] is True
    assert study.found(folder) != []
    study.run()
    assert json.loads((folder / "run.json").read_text())["identified"] is False
    assert study.found(folder) == []
    assert (folder / "notes.txt").read_text() == "mine"


@pytest.mark.slow
def test_an_id_is_never_a_folders_name(tmp_path: Path, synthetic: Path) -> None:
    manifest = own_data(synthetic, tmp_path / "own", lambda name: f"../../../../evil/{name}")
    overrides = [override for override in tiny_overrides() if not override.startswith("data")]
    result = run(load_recipe("seizure_bart", profile="demo", overrides=overrides, data=manifest), out=tmp_path / "run", identify=True)
    assert sorted(path.name for path in (result.folder / "folds").iterdir()) == ["P01", "P02", "P03", "P04"]
    assert "../../../../evil/" in (result.folder / "folds" / "P01" / "predictions.csv").read_text()
    assert not (tmp_path.parents[1] / "evil").exists()
