"""``vsslfw diff``: what differs between two recipes, or two runs, and whether they may be compared."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vsslfw.cli import main
from vsslfw.comparison import Difference, compare_runs, differences
from vsslfw.recipe import load_recipe


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
    assert capsys.readouterr().out.strip() == "No difference."


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


def test_two_equal_runs(two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", *map(str, two)]) == 0
    assert "No difference in recipe, versions, data, split and figures." in capsys.readouterr().out


def test_figures_stand_beside_the_constant_answer_and_chance_is_named(two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    metrics = json.loads((two[1] / "metrics.json").read_text())
    metrics["definitions"]["balanced_accuracy"]["value"] = 0.99
    (two[1] / "metrics.json").write_text(json.dumps(metrics))
    change(two[1] / "recipe.py", "ratio=0.15", "ratio=0.3")
    change(two[1] / "environment.json", '"numpy": "', '"numpy": "9')
    assert main(["diff", *map(str, two)]) == 0
    printed = capsys.readouterr().out
    for said in ("corruption.1.ratio", "0.3", "numpy", "0.990 (0.500)", "data and split: the same", "cannot be told"):
        assert said in printed
    assert "Not comparable" not in printed


def test_runs_on_other_data_are_not_comparable(two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    state = json.loads((two[1] / "run.json").read_text())
    state["inputs"]["manifest"] = "0" * 64
    (two[1] / "run.json").write_text(json.dumps(state))
    assert main(["diff", *map(str, two)]) == 0
    assert "Not comparable: these runs differ in manifest." in capsys.readouterr().out
    assert compare_runs(*two).to_dict()["comparable"] is False


def test_a_run_and_a_recipe_are_refused(two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(two[0]), "seizure_bart"]) == 2
    assert "one is a run and the other is none" in capsys.readouterr().err
    (two[1] / "run.json").write_text("{")
    assert main(["diff", *map(str, two)]) == 2


def test_a_wrong_name_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "seizure_bar", "seizure_bart@stabel"]) == 2
    assert 'did you mean "seizure_bart"' in capsys.readouterr().err


def test_comparing_runs_imports_no_torch(two: tuple[Path, Path]) -> None:
    code = f"import sys; from vsslfw.cli import main; main(['diff', {str(two[0])!r}, {str(two[1])!r}]); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("False")
