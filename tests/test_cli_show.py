"""``vsslfw show``, and what every command shares: help, errors, exit codes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from vsslfw import cli
from vsslfw.recipe import load_recipe


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from vsslfw.cli import main; status = main(['--help']); "
        "heavy = {'torch', 'numpy', 'mmengine', 'pydantic', 'rich'} & set(sys.modules); assert not heavy, heavy; sys.exit(status)"
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    print(f"vsslfw --help took {time.perf_counter() - started:.2f} s")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(name in done.stdout for name in cli.COMMANDS)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([name, "--help"]) == 0
    assert f"vsslfw {name}" in capsys.readouterr().out


def test_show_prints_a_recipe_that_loads_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["show", "seizure_bart", "--profile", "stable", "--set", "finetune.epochs=3"]) == 0
    path = tmp_path / "shown.py"
    path.write_text(capsys.readouterr().out)
    shown = load_recipe(path)
    assert shown.settings.finetune.epochs == 3
    assert f"# digest {shown.digest}" in path.read_text().splitlines()


def test_show_with_own_data_shows_the_paper(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = tmp_path / "videos.csv"
    manifest.write_text("video_id\n")
    assert cli.main(["show", "seizure_bart", "--data", str(manifest)]) == 0
    shown = capsys.readouterr().out
    assert "profile paper" in shown
    assert 'type="videos_csv"' in shown
    assert f'path="{manifest}"' in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["shwo"], 'there is no command "shwo"; did you mean "show"?'),
        (["show"], "Missing argument 'RECIPE'"),
        (["show", "seizure_brat"], 'error: seizure_brat: there is no such recipe\n    did you mean "seizure_bart"?'),
        (["show", "seizure_bart", "--profle", "demo"], "--profile"),
        (["show", "seizure_bart", "--profile", "dmo"], 'there is no profile "dmo"\n    did you mean "demo"?'),
        (["show", "seizure_bart", "--data", "no/such.csv"], "--data no/such.csv: there is no such file"),
        (["show", "seizure_bart", "--set", "pretrain.epoch=[bold]3[/bold]"], "--set pretrain.epoch=[bold]3[/bold]: there is no key"),
        (["show", "seizure_bart", "--set", "a=1", "--set", "b=2"], "--profile names another): 2 problems"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_interrupted_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    @click.command("show")
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("vsslfw.cli.show.command", interrupted)
    assert cli.main(["show"]) == 130
    assert capsys.readouterr().err.split() == ["interrupted"]


@pytest.mark.slow
def test_a_closed_pipe_is_quiet() -> None:
    command = f"{sys.executable} -c 'import sys; from vsslfw.cli import main; sys.exit(main())' show seizure_bart | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("# resolved from seizure_bart")
    assert done.stderr == ""
