"""run.json says how far a run is while it goes on, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vsslfw.pipeline import progress
from vsslfw.pipeline.run_state import RunState
from vsslfw.run_records import read_run

FACTS = {"name": "seizure_bart", "recipe": "a1b2c3d4" * 8, "profile": "demo", "data": "synthetic"}


def said(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return content


def work(folds: int) -> Iterator[int]:
    """Folds of three steps, each told of."""
    for fold in range(folds):
        for _ in range(3):
            progress.current().advance("validate", 1 / 3)
        yield fold


def validate(folder: Path, folds: int, of: int, reused: int = 0) -> RunState:
    """A run that has come to its folds, of which some are done."""
    state = RunState(folder, FACTS)
    state.running()
    with state.following():
        progress.current().stage("validate", progress.RUNNING)
        for _ in progress.counted(work(folds), "validate", of, "folds", reused):
            pass
    return state


def test_the_stage_and_the_folds_done_are_noted_as_they_come(tmp_path: Path) -> None:
    validate(tmp_path, 3, 8)
    assert {name: said(tmp_path)[name] for name in ("state", "stage", "folds_done", "folds")} == {
        "state": "running",
        "stage": "validate",
        "folds_done": 3,
        "folds": 8,
    }


def test_folds_of_an_earlier_run_count_as_done(tmp_path: Path) -> None:
    validate(tmp_path, 1, 8, reused=5)
    assert said(tmp_path)["folds_done"] == 6


@pytest.mark.parametrize(("error", "state"), [(KeyboardInterrupt(), "interrupted"), (ValueError("P1"), "failed"), (SystemExit(), "failed")])
def test_how_it_ended_and_how_far_it_was(error: BaseException, state: str, tmp_path: Path) -> None:
    validate(tmp_path, 2, 8).ended_by(error)
    record = read_run(tmp_path)
    assert (record.state, record.stage, record.folds_done, record.folds) == (state, "validate", 2, 8)
    assert record.started <= record.ended
    assert "P1" not in (tmp_path / "run.json").read_text(), "a message may hold an id"


def test_a_finished_run_keeps_facts_and_times_alone(tmp_path: Path) -> None:
    validate(tmp_path, 8, 8).finished()
    assert set(said(tmp_path)) == {*FACTS, "started", "ended", "state"}


def test_a_note_that_cannot_be_written_does_not_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    state = RunState(tmp_path, FACTS)
    monkeypatch.setattr("vsslfw.pipeline.run_state.write_json", full)
    state.reached(stage="extract")


def test_listeners_outside_hear_everything(tmp_path: Path) -> None:
    heard: list[tuple[Any, ...]] = []

    class Listener(progress.Silent):
        def stage(self, name: str, state: str, note: str = "", seconds: float | None = None) -> None:
            heard.append((name, state))

        def advance(self, task: str, amount: float, note: str = "") -> None:
            heard.append((task, round(amount, 3)))

    with progress.listening(Listener()):
        validate(tmp_path, 1, 8)
    assert heard[0] == ("validate", "running")
    assert sum(amount for _, amount in heard[1:]) == pytest.approx(1, abs=0.01)
