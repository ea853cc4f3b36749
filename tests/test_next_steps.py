"""The last lines of a run: what to type next, or how to go on, in commands that can be copied as they stand."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from vsslfw.cli import main, next_steps
from vsslfw.cli.next_steps import Invocation, after_a_run
from vsslfw.errors import RunError, UserError
from vsslfw.testing.tiny import tiny_overrides

WORDS = ["run", "seizure_bart", "--set", "finetune.epochs=2", "--out", "runs/first one"]


@pytest.fixture(autouse=True)
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["vsslfw"])


def started(*words: str, named: bool = True) -> Invocation:
    return Invocation(words or WORDS, "seizure_bart", Path("runs/first one"), named)


def commands(invocation: Invocation, *, synthetic: bool = True, pretrained: bool = True) -> list[list[str]]:
    """All commands of all steps, as a shell would read them."""
    steps = after_a_run(invocation, synthetic=synthetic, pretrained=pretrained)
    return [shlex.split(command) for step in steps for command in step.commands]


def test_to_go_on_the_same_words_and_resume() -> None:
    assert shlex.split(started().again()) == ["vsslfw", *WORDS, "--resume"]
    assert started(*WORDS, "--resume").again() == started().again()


def test_a_folder_that_was_not_named_is_named_to_go_on() -> None:
    again = started("run", "seizure_bart", named=False).again()
    assert shlex.split(again) == ["vsslfw", "run", "seizure_bart", "--out", "runs/first one", "--resume"]


@pytest.mark.parametrize("out", [["--out", "runs/first one"], ["--out=runs/first one"]])
def test_a_swap_runs_beside_the_run_so_that_they_share_a_cache_and_can_be_compared(out: list[str]) -> None:
    found = commands(started("run", "seizure_bart", "--jobs", "2", *out, "--resume"))
    other = "runs/first one-masks-only"
    assert ["vsslfw", "run", "seizure_bart", "--jobs", "2", "--set", next_steps.SWAP, "--out", other] in found
    assert ["vsslfw", "diff", "runs/first one", other] in found


def test_the_list_of_runs_is_of_the_folder_where_the_run_lies() -> None:
    elsewhere = Invocation(WORDS, "seizure_bart", Path("studies/first"), True)
    assert [commands(one)[-1] for one in (started(), elsewhere)] == [["vsslfw", "runs"], ["vsslfw", "runs", "studies"]]


def test_the_swap_that_is_suggested_is_a_right_recipe() -> None:
    from vsslfw import load_recipe

    assert load_recipe("seizure_bart", profile="demo", overrides=[next_steps.SWAP]).settings.corruption[0]["ratio"] == 0.3


def test_own_data_is_suggested_after_made_data_alone() -> None:
    own = ["vsslfw", "run", "seizure_bart", "--profile", "stable", "--data", "videos.csv"]
    assert own in commands(started())
    assert own not in commands(started(), synthetic=False)


def test_no_corruption_is_swapped_where_nothing_is_pre_trained_or_one_was_swapped_already() -> None:
    assert not [command for command in commands(started(), pretrained=False) if "diff" in command]
    assert not [command for command in commands(started(*WORDS, "--set", next_steps.SWAP)) if "diff" in command]


def test_the_program_is_named_as_it_must_be_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / ".venv/bin/vsslfw")])
    assert started().again().startswith(".venv/bin/vsslfw run ")
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "vsslfw/__main__.py")])
    assert " -m vsslfw run " in started().again()


@pytest.mark.parametrize("system", ["darwin", "win32", "linux"])
def test_there_is_a_program_to_open_the_report_or_none_is_named(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", system)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    step = after_a_run(started(), synthetic=True, pretrained=True)[0]
    assert bool(step.commands) == (system != "linux")
    assert all(shlex.split(command)[1] == "runs/first one/report.html" for command in step.commands)


def arguments(folder: Path) -> list[str]:
    sets = [word for override in tiny_overrides() for word in ("--set", override)]
    return ["run", "seizure_bart", "--profile", "demo", "--out", str(folder), *sets]


def test_a_run_ends_with_the_result_beside_the_constant_answer_then_where_then_next(
    tiny_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(tiny_run)) == 0
    lines = capsys.readouterr().out.splitlines()
    result, report, next_ = (next(i for i, line in enumerate(lines) if line.startswith(word)) for word in ("Result:", "Report:", "Next:"))
    assert result + 2 == report == next_ - 1
    assert "any constant answer: 0.500" in lines[result]
    assert lines[report] == f"Report: {tiny_run}/report.html"
    assert shlex.split(lines[-1]) == ["vsslfw", "runs", str(tiny_run.parent)]


def test_a_quiet_run_says_its_result_alone(tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments(tiny_run), "--quiet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["Made", "A", "Result:", "macro", "Report:"]
    assert lines[1].startswith("A simpler probe beats the model")


@pytest.mark.parametrize(
    ("error", "code", "first"),
    [(RunError("the loss is nan"), 1, "error: the loss is nan"), (KeyboardInterrupt(), 130, "interrupted")],
    ids=["failed", "interrupted"],
)
def test_a_run_that_did_not_finish_says_how_to_go_on(
    error: BaseException,
    code: int,
    first: str,
    tiny_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("vsslfw.pipeline.run._run", fail)
    words = [*arguments(tmp_path / "run"), "--cache", str(tiny_run.parent / ".vsslfw-cache")]
    assert main(words) == code
    said = [line for line in capsys.readouterr().err.splitlines() if line]
    assert said[0] == first
    assert shlex.split(said[2]) == ["vsslfw", *words, "--resume"]
    assert said[3] == f"The log: {tmp_path / 'run' / 'log.txt'}"
    assert (tmp_path / "run" / "log.txt").is_file()


def test_bad_input_is_mended_not_resumed(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise UserError("no video of class ES is left")

    monkeypatch.setattr("vsslfw.pipeline.run._run", fail)
    assert main([*arguments(tmp_path / "run"), "--cache", str(tiny_run.parent / ".vsslfw-cache")]) == 2
    assert "--resume" not in capsys.readouterr().err
