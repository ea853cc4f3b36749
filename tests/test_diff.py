"""``vsslfw diff``: what differs between two recipes, or two runs, and whether they may be compared."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vsslfw import run
from vsslfw.cli import main
from vsslfw.comparison import Difference, compare_runs, differences
from vsslfw.recipe import load_recipe
from vsslfw.testing.tiny import tiny_overrides


@pytest.mark.parametrize(
    ("a", "b", "found"),
    [
        ({"x": 1}, {"x": 1}, []),
        ({"x": {"y": 1, "z": 2}}, {"x": {"y": 1, "z": 3}}, [("x.z", "2", "3")]),
        ({"e": {"type": "bert", "n": 1}}, {"e": {"type": "gru"}}, [("e", "bert(n=1)", "gru()")]),
        ({"c": [{"type": "m", "r": 0.1}]}, {"c": [{"type": "m", "r": 0.2}]}, [("c.0.r", "0.1", "0.2")]),
        ({"c": [{"type": "m"}]}, {"c": [{"type": "m"}, {"type": "p"}]}, [("c", "[m()]", "[m(), p()]")]),
        ({"x": None}, {}, [("x", "None", "not there")]),
    ],
)
def test_differences_by_dotted_key(a: dict[str, Any], b: dict[str, Any], found: list[tuple[str, str, str]]) -> None:
    assert list(differences(a, b)) == [Difference(*one) for one in found]


def test_profiles_of_a_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "seizure_bart@paper", "seizure_bart@stable"]) == 0
    printed = capsys.readouterr().out
    for said in ("finetune.optimiser.lr", "0.005", "5e-05", "extract.views", "'online'"):
        assert said in printed
    assert "encoder" not in printed


def test_what_is_shown_is_what_a_program_reads(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "seizure_bart@paper", "seizure_bart@stable", "--json"]) == 0
    found = {one["name"]: one["b"] for one in json.loads(capsys.readouterr().out)["recipe"]}
    stable = load_recipe("seizure_bart", profile="stable").settings
    assert found["pretrain.optimiser.lr"] == repr(stable.pretrain.optimiser.lr)


def test_a_recipe_with_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "seizure_bart", "seizure_bart@demo"]) == 0
    printed = capsys.readouterr().out.strip().splitlines()
    assert printed[-1] == "No difference."
    assert [line[:2] for line in printed[:2]] == ["A ", "B "]
    assert all(load_recipe("seizure_bart").digest[:8] in line for line in printed[:2])


@pytest.fixture
def two(tiny_run: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The same run twice."""
    for name in ("a", "b"):
        shutil.copytree(tiny_run, tmp_path / name)
    return tmp_path / "a", tmp_path / "b"


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def change_json(path: Path, *keys: str, value: object) -> None:
    content = json.loads(path.read_text())
    inner = content
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    path.write_text(json.dumps(content))


def test_two_equal_runs(two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", *map(str, two)]) == 0
    assert "No difference in recipe, data, split, versions, stages and figures." in capsys.readouterr().out


def test_figures_stand_beside_the_constant_answer_and_chance_is_named(two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    change_json(two[0] / "metrics.json", "definitions", "balanced_accuracy", "value", value=0.75)
    change_json(two[1] / "metrics.json", "definitions", "balanced_accuracy", "value", value=0.99)
    change(two[1] / "recipe.py", "ratio=0.15", "ratio=0.3")
    change(two[1] / "environment.json", '"numpy": "', '"numpy": "9')
    assert main(["diff", *map(str, two)]) == 0
    printed = capsys.readouterr().out
    for said in ("corruption.1.ratio", "0.3", "numpy", "0.990 (0.500)", "+0.240", "cannot be told"):
        assert said in printed
    assert "the same: data, classes and split; files of the recipe" in printed
    assert "Not comparable" not in printed


@pytest.mark.slow
def test_another_seed_is_comparable_although_it_gives_other_pseudonyms(tiny_run: Path, tmp_path: Path) -> None:
    run(load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides(seed="7")), out=tmp_path / "b")
    comparison = compare_runs(tiny_run, tmp_path / "b")
    splits = [json.loads((folder / "split.json").read_text())["digest"] for folder in (tiny_run, tmp_path / "b")]
    assert splits[0] != splits[1], "else this test says nothing"
    assert [difference.name for difference in comparison.recipe] == ["seed"]
    assert comparison.comparable
    assert comparison.stages["pretrain"] is False


@pytest.mark.parametrize(
    ("file", "keys", "value", "named"),
    [
        ("run.json", ("inputs", "manifest"), "0" * 64, "manifest"),
        ("split.json", ("digest",), "0" * 64, "split"),
        ("metrics.json", ("positive",), "PNES", "positive class"),
        ("metrics.json", ("classes",), ["ES", "PNES", "syncope"], "classes"),
    ],
)
def test_runs_that_answered_another_question_are_not_comparable(
    file: str, keys: tuple[str, ...], value: object, named: str, two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    change_json(two[1] / file, *keys, value=value)
    assert main(["diff", *map(str, two)]) == 0
    printed = capsys.readouterr().out
    assert printed.strip().splitlines()[-1] == f"Not comparable: these runs differ in {named}."
    assert "B - A" not in printed
    assert "balanced accuracy" in printed
    told = compare_runs(*two).to_dict()
    assert told["comparable"] is False
    assert {figure["change"] for figure in told["figures"]} == {None}


def test_changed_files_under_the_same_names_are_found_by_the_index(two: tuple[Path, Path]) -> None:
    stages = json.loads((two[1] / "stages.json").read_text())["stages"]
    stages[0]["key"] = "0" * 64
    change_json(two[1] / "stages.json", "stages", value=stages)
    assert [difference.name for difference in compare_runs(*two).task] == ["content of the videos"]
    change(two[1] / "recipe.py", "\nseed = 0", "\nseed = 7")
    assert compare_runs(*two).comparable, "another seed draws other clips, which says nothing of the files"


def test_made_videos_of_another_kind_are_not_comparable(two: tuple[Path, Path]) -> None:
    stages = json.loads((two[1] / "stages.json").read_text())["stages"]
    stages[0]["key"] = "0" * 64
    change_json(two[1] / "stages.json", "stages", value=stages)
    change(two[1] / "recipe.py", "subjects=4", "subjects=5")
    assert [difference.name for difference in compare_runs(*two).task] == ["data.subjects"]


def test_other_weights_are_a_difference_and_comparable(two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    change_json(two[1] / "run.json", "inputs", "backbone.weights", value="f" * 64)
    assert main(["diff", *map(str, two)]) == 0
    printed = capsys.readouterr().out
    assert "backbone.weights" in printed
    assert "f" * 12 in printed
    assert "f" * 13 not in printed
    assert "Not comparable" not in printed


def test_a_run_that_failed_has_no_figures(two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    change_json(two[1] / "run.json", "state", value="failed")
    change_json(two[1] / "run.json", "error", value="RunError")
    for name in ("metrics.json", "stages.json", "split.json"):
        (two[1] / name).unlink()
    assert main(["diff", *map(str, two)]) == 0
    printed = capsys.readouterr().out
    assert "failed (RunError)" in printed
    assert f"no figures: not finished: {two[1]}" in printed
    assert "Not comparable" not in printed
    assert "No difference" not in printed
    shutil.copy(two[1] / "run.json", two[0] / "run.json")
    assert main(["diff", *map(str, two)]) == 0
    assert "stages." in capsys.readouterr().out, "two that failed alike have no figures that could agree"


def test_a_run_without_its_recipe_is_refused(two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    (two[1] / "recipe.py").unlink()
    assert main(["diff", *map(str, two)]) == 2
    assert "Only a run that came as far as its recipe" in capsys.readouterr().err


def test_a_run_and_a_recipe_are_refused(two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(two[0]), "seizure_bart"]) == 2
    assert "seizure_bart: is no run" in capsys.readouterr().err
    assert main(["diff", "seizure_bart", str(two[0])]) == 2
    assert f"{two[0]}: is a run" in capsys.readouterr().err
    assert main(["diff", *map(str, two), "--data", "videos.csv"]) == 2
    assert "runs have their data" in capsys.readouterr().err
    (two[1] / "run.json").write_text("{")
    assert main(["diff", *map(str, two)]) == 2


def test_the_recipe_of_a_run_compares_with_a_recipe(two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(two[0] / "recipe.py"), "seizure_bart@demo"]) == 0
    assert "pretrain.epochs" in capsys.readouterr().out


def test_folders_without_a_run_are_refused_both_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(tmp_path), str(tmp_path.parent)]) == 2
    assert capsys.readouterr().err.count("holds no run") == 2


def test_wrong_names_are_answered_with_the_nearest_both_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "seizure_bar", "seizure_bart@stabel"]) == 2
    said = capsys.readouterr().err
    assert 'did you mean "seizure_bart"' in said
    assert "stabel" in said


def test_comparing_runs_imports_no_torch(two: tuple[Path, Path]) -> None:
    code = f"import sys; from vsslfw.cli import main; main(['diff', {str(two[0])!r}, {str(two[1])!r}]); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("False")
