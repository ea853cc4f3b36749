"""``vsslfw runs``: every folder is a row, also one that is broken."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from rich.console import Console

from vsslfw.cli import main
from vsslfw.cli.runs import _table
from vsslfw.run_records import find_runs, read_run

METRICS = {"definitions": {"balanced_accuracy": {"value": 0.75, "constant": 0.5}, "f1_macro": {"value": 0.7, "constant": 0.45}}}


def made(folder: Path, state: str, started: str = "2026-01-01T10:00:00+00:00", **more: Any) -> Path:
    folder.mkdir(parents=True)
    said = {"name": "seizure_bart", "recipe": "a1b2c3d4" * 8, "profile": "demo", "data": "synthetic", "started": started, "state": state}
    (folder / "run.json").write_text(json.dumps(said | more))
    (folder / "split.json").write_text(json.dumps({"folds": [{}, {}, {}]}))
    if state == "finished":
        (folder / "metrics.json").write_text(json.dumps(METRICS))
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    made(folder / "done", "finished", "2026-01-03T10:00:00+00:00")
    made(folder / "sub" / "broke", "failed", "2026-01-02T10:00:00+00:00", error="RunError", stage="extract")
    made(folder / "gone", "running")
    (folder / "half").mkdir()
    (folder / "half" / "run.json").write_text('{"state": "fin')
    (folder / "unrelated").mkdir()
    return folder


def test_states_figures_and_order(runs: Path) -> None:
    found = find_runs(runs)
    assert [(record.folder.name, record.state) for record in found] == [
        ("done", "finished"),
        ("broke", "failed"),
        ("gone", "interrupted"),
        ("half", "damaged"),
    ]
    assert found[0].figure("balanced_accuracy") == (0.75, 0.5)
    assert found[0].folds == 3


def test_a_run_whose_lock_is_held_is_running(tmp_path: Path) -> None:
    folder = made(tmp_path / "now", "running")
    with FileLock(folder / ".lock"):
        done = subprocess.run([sys.executable, "-m", "vsslfw", "runs", str(tmp_path), "--json"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)[0]["state"] == "running"


@pytest.mark.parametrize("said", ["running", "failed", "finished"])
def test_a_held_lock_says_more_than_the_file(said: str, tmp_path: Path) -> None:
    """A run that starts again, or has not written its first word, is running."""
    folder = made(tmp_path / "now", said)
    with FileLock(folder / ".lock"):
        assert read_run(folder).state == "running"
        (folder / "run.json").unlink()
        assert read_run(folder).state == "running"
    assert read_run(folder).state == "damaged"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "does not hold what a run writes"),
        ("", "run.json is cut off, or is no JSON"),
        ('{"state": "fin', "run.json is cut off, or is no JSON"),
        ('{"state": "finished", "recipe": "x"}', "metrics.json is missing"),
        ('{"state": "finished"}', "lacks the digest of the recipe"),
        ('{"state": ["running"], "recipe": "x"}', "which is none"),
        ('{"state": "asleep", "recipe": "x"}', 'says the state "asleep", which is none'),
        ("{}", "lacks the state"),
    ],
)
def test_a_damaged_folder_says_what_is_wrong(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(content)
    record = read_run(tmp_path)
    assert record.state == "damaged"
    assert said in record.trouble


@pytest.mark.parametrize("metrics", ["[]", "{}", '{"definitions": []}', '{"definitions": {"balanced_accuracy": 1}}', "{", "\xff"])
def test_metrics_that_cannot_be_read_are_a_damage_too(metrics: str, tmp_path: Path) -> None:
    made(tmp_path / "run", "finished")
    (tmp_path / "run" / "metrics.json").write_text(metrics, encoding="latin-1")
    record = read_run(tmp_path / "run")
    assert record.state == "damaged"
    assert "metrics.json" in record.trouble


def test_a_figure_that_is_not_defined_is_a_dash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path / "run", "finished")
    odd = {"balanced_accuracy": {"value": None, "constant": 0.5}, "f1_macro": {"value": "high", "constant": 0.5}}
    (tmp_path / "run" / "metrics.json").write_text(json.dumps({"definitions": odd}))
    assert main(["runs", str(tmp_path)]) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if "finished" in line)
    assert row.split()[-2:] == ["–", "–"]


@pytest.mark.parametrize("files", [["run.json"], [".lock", "log.txt"], ["metrics.json", "split.json", "report.html"]])
def test_a_half_written_folder_is_a_row(files: list[str], tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    for name in files:
        (tmp_path / "half" / name).touch()
    (record,) = find_runs(tmp_path)
    assert record.state == "damaged"
    assert "run.json" in record.trouble


def test_what_a_folder_says_cannot_drive_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path / "[bold]run", "failed", name="\x1b]0;title\x07[red]", error="\x1b[31mOops", started=[1], stage=3)
    assert main(["runs", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "[bold]run" in printed


def test_folds_done_are_shown_while_a_run_is_not_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path / "gone", "interrupted", stage="validate", folds_done=2)
    assert main(["runs", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "2 of 3" in printed
    assert f"{tmp_path / 'gone'}: interrupted in validate" in printed


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_a_narrow_terminal_keeps_state_and_figures(width: int, runs: Path) -> None:
    console = Console(file=io.StringIO(), width=width)
    console.print(_table(find_runs(runs), runs, width))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert all(len(line) <= width for line in lines)
    assert any("0.750 (0.500)" in line for line in lines)


@pytest.mark.parametrize("name", ["nowhere", "a file"])
def test_a_folder_that_is_none_is_bad_input(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a file").touch()
    assert main(["runs", str(tmp_path / name)]) == 2
    assert str(tmp_path / name) in capsys.readouterr().err


def test_the_table_shows_figures_beside_the_constant_answer(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", str(runs)]) == 0
    printed = capsys.readouterr().out
    for said in ("0.750 (0.500)", "a1b2c3d4", "interrupted", "sub/broke: failed in extract: RunError", "--resume"):
        assert said in printed


def test_one_state_alone_and_an_empty_folder(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", str(runs), "--state", "failed", "--json"]) == 0
    assert [entry["name"] for entry in json.loads(capsys.readouterr().out)] == ["seizure_bart"]
    assert main(["runs", str(runs / "unrelated")]) == 0
    assert "Start one: vsslfw run seizure_bart" in capsys.readouterr().out


def test_listing_imports_no_torch(runs: Path) -> None:
    code = f"import sys; from vsslfw.cli import main; main(['runs', {str(runs)!r}]); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("False")


def test_a_real_run_is_listed(tiny_run: Path) -> None:
    record = read_run(tiny_run)
    assert (record.state, record.name, record.data, record.folds) == ("finished", "seizure_bart", "synthetic", 4)
    assert record.started <= record.ended
    assert record.figure("balanced_accuracy")[1] == 0.5
