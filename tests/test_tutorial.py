"""docs/plugins.md, followed literally: its commands, in a clean environment outside the repository, and what they print."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sysconfig
import venv
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import pytest
from fake_plugins import BROKEN

from vsslfw.cli import main
from vsslfw.engine.weights import read_provenance
from vsslfw.scaffold import variant_of, write_plugin

PAGE = (Path(__file__).parents[1] / "docs" / "plugins.md").read_text(encoding="utf-8")
SCRIPTS = ("pip", "pytest", "vsslfw")


class Step(NamedTuple):
    """A command of the page, and the lines that it shows below it."""

    command: str
    shown: list[str]


def section(title: str) -> str:
    (found,) = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return found


def steps(title: str) -> list[Step]:
    """The commands of a section's console blocks: lines from ``$`` on, and those that follow a backslash."""
    found: list[Step] = []
    for block in re.findall(r"^```console\n(.*?)^```", section(title), re.MULTILINE | re.DOTALL):
        goes_on = False
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Step(line[2:], []))
            elif goes_on:
                found[-1] = Step(f"{found[-1].command}\n{line}", [])
            else:
                found[-1].shown.append(line)
            goes_on = line.endswith("\\")
    return found


class Shell:
    """A clean environment in which vsslfw and what it needs are installed, and a folder to work in."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        builder = venv.EnvBuilder(symlinks=True)
        builder.create(folder / "venv")
        context = builder.ensure_directories(folder / "venv")
        self.bin, python = Path(context.bin_path), context.env_exe
        # What a person installs before: seen from here, not copied. addsitedir, so that editable installs are seen too.
        site = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "venv")}))
        (site / "installed_before.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
        for name in SCRIPTS:
            (point,) = (p for p in metadata.entry_points(group="console_scripts", name=name) if p.dist and p.dist.name in SCRIPTS)
            (self.bin / name).write_text(f"#!{python}\nimport sys\nfrom {point.module} import {point.attr}\nsys.exit({point.attr}())\n")
            (self.bin / name).chmod(0o755)

    def follow(self, steps: list[Step], folder: Path) -> str:
        """Run the commands in one bash, stop at the first that fails, and compare with what the page shows. Returns the last folder."""
        marks = [f"step {number} begins" for number in range(len(steps))]
        script = "\n".join(f"echo '{mark}'\n{step.command}" for mark, step in zip(marks, steps, strict=True)) + "\necho 'it ends in'\npwd\n"
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=folder,
            env={
                "HOME": str(self.home),
                "PATH": f"{self.bin}{os.pathsep}{os.defpath}",
                "LANG": "C.UTF-8",
                "OMP_NUM_THREADS": "1",
                # Nothing is fetched. pip reads this variable the wrong way round: 0 turns build isolation off.
                "PIP_NO_INDEX": "1",
                "PIP_NO_BUILD_ISOLATION": "0",
                "PIP_CONFIG_FILE": os.devnull,
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        printed = re.split("|".join(f"{mark}\n" for mark in [*marks, "it ends in"]), done.stdout)[1:]
        for step, text in zip(steps, printed, strict=False):
            for line in step.shown:
                assert re.search(as_pattern(line), text, re.MULTILINE), f"$ {step.command}\ndoes not print\n{line}\nbut\n{text}"
        return printed[-1].strip()


def as_pattern(line: str) -> str:
    """A line that the page shows, whatever its numbers, digests and spaces are; ``...`` stands for anything."""
    words = (r"[0-9a-f]{8,}" if re.fullmatch(r"[0-9a-f]{8,}", word) else _numbers(word) for word in line.split())
    return r"^\s*" + r"\s+".join(words)


def _numbers(word: str) -> str:
    if set(word) == {"="}:
        # pytest fills its lines up, and tells a time of more than a minute twice
        return r"(?:\(\d+:\d\d:\d\d\)\s+)?=+"
    return r"\d+".join(".*".join(map(re.escape, part.split("..."))) for part in re.split(r"\d+", word))


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.mark.slow
def test_the_tutorial_leads_from_nothing_to_a_run_with_the_new_corruption_and_to_a_clinic(
    shell: Shell, empty: Path, tmp_path: Path
) -> None:
    package = Path(shell.follow(steps("Ten minutes"), empty))
    assert package == empty / "vsslfw-reverse"
    run = package / "runs" / "reverse"
    with open(run / "predictions.csv", newline="") as file:
        predictions = list(csv.DictReader(file))
    assert len({row["video"] for row in predictions}) == len(predictions) == 4 * 2
    assert all({row["subject"]} == {row["fold"]} for row in predictions)
    (weights,) = run.glob("pretrain/*/encoder.safetensors")
    (component,) = [c for c in read_provenance(weights)["components"] if c["kind"] == "corruption"]
    assert (component["name"], component["distribution"], component["version"]) == ("reverse", "vsslfw-reverse", "0.1.0")
    assert re.fullmatch("[0-9a-f]{64}", component["digest"])
    plugins = json.loads((run / "environment.json").read_text())["plugins"]
    assert {"name": "vsslfw-reverse", "distribution": "vsslfw-reverse", "version": "0.1.0", "api": 1, "state": "ok"} in plugins

    build, *there = steps("To a clinic, on a stick")
    shell.follow([build], package)
    (tmp_path / "clinic").mkdir()
    (tmp_path / "clinic" / "stick").symlink_to(package / "stick")
    (tmp_path / "theirs").mkdir()
    Shell(tmp_path / "theirs").follow(there, tmp_path / "clinic")


@pytest.mark.slow
def test_a_single_file_is_written_checked_and_used(shell: Shell, empty: Path) -> None:
    shell.follow(steps("A single file"), empty)
    assert [path.name for path in empty.glob("*.py")] == ["my_plugin.py"]


def test_a_failed_check_says_what_the_page_shows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_plugin("careless.py", variant_of("corruption"), "reverse", tmp_path).path
    text = path.read_text()
    path.write_text(text.replace("int(generator.integers(", "int(np.random.randint("))
    assert path.read_text() != text
    assert main(["check", str(path)]) == 1
    printed = capsys.readouterr().out
    (shown,) = re.findall(r"^```\n(check_.*?)^```", section("Ten minutes"), re.MULTILINE | re.DOTALL)
    for line in shown.splitlines():
        assert re.search(as_pattern(line), printed, re.MULTILINE), line
    assert "checks failed" in printed


def test_every_way_to_be_broken_is_explained() -> None:
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", section("Broken plugins"), re.MULTILINE)
    assert rows[1:] == list(BROKEN)


def test_every_plugin_of_this_repository_is_listed() -> None:
    plugins = sorted(path.parent.name for path in (Path(__file__).parents[1] / "plugins").glob("*/pyproject.toml"))
    assert re.findall(r"^\| \[([\w-]+)\]", section("The plugins in this repository"), re.MULTILINE) == plugins
