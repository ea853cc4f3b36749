"""README's newcomer's path, followed literally in an empty folder: its commands are read out of README, so that it cannot drift."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
DONE_BEFORE = ("make setup", ". .venv/bin/activate")
"""What `.ci/run` does, with the network that this test does not have."""


def path() -> list[str]:
    """The commands of the section."""
    (section,) = re.findall(r"^## A newcomer's path\n(.*?)^## ", README, re.MULTILINE | re.DOTALL)
    (block,) = re.findall(r"^```console\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return [re.sub(r"\s+#.*$", "", line.removeprefix("$ ")) for line in block.splitlines()]


def test_the_path_begins_with_what_this_test_takes_as_done() -> None:
    assert tuple(path()[: len(DONE_BEFORE)]) == DONE_BEFORE
    assert sum("run seizure_bart" in command for command in path()) == 3


@pytest.mark.slow
@pytest.mark.timeout(1800)  # three runs with all their baselines
def test_a_newcomer_gets_from_the_readme_to_a_report(shared_data: Path, tmp_path: Path) -> None:
    (tmp_path / "emu").symlink_to(shared_data / "gmdcsa24")  # the folder of one's own videos
    printed = {}
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    for command in path()[len(DONE_BEFORE) :]:
        done = subprocess.run(shlex.split(command), cwd=tmp_path, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        printed[command] = done.stdout
    by_word = {command.split()[1]: text for command, text in printed.items()}
    assert "0 problems" in by_word["doctor"]
    runs = [text for command, text in printed.items() if command.split()[1] == "run"]
    assert all("Report: runs/" in text for text in runs)
    assert re.search(r"extract +reused", runs[2]), "another corruption needs no other features"
    assert by_word["runs"].count("finished") == 3
    assert "corruption" in by_word["diff"]
    for name, made in (("first", True), ("own", False), ("mask30", True)):
        report = (tmp_path / "runs" / name / "report.html").read_text(encoding="utf-8")
        assert ("Synthetic data." in report) == made
        assert ("<img" in report) == made, "frames of recorded video are not shown unasked"
        assert report.count("<section") == 19
