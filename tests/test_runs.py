"""``vsslfw runs``: every folder is a row, also one that is broken."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from vsslfw.cli import main
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
    made(folder / "sub" / "broke", "failed", "2026-01-02T10:00:00+00:00", error="RunError")
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


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "cannot be read"),
        ('{"state": "finished"}', "missing"),
        ('{"state": "asleep", "recipe": "x"}', 'its state is "asleep"'),
        ("{}", "lacks 'state'"),
    ],
)
def test_a_damaged_folder_says_what_is_wrong(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(content)
    record = read_run(tmp_path)
    assert record.state == "damaged"
    assert said in record.trouble


def test_the_table_shows_figures_beside_the_constant_answer(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", str(runs)]) == 0
    printed = capsys.readouterr().out
    for said in ("0.750 (0.500)", "a1b2c3d4", "interrupted", "sub/broke: failed: RunError", "--resume"):
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
