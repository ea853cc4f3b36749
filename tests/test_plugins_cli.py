"""The command line with plugins: what it lists, and that no plugin, however broken, takes a command away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_plugins import BROKEN, HEAD, REVERSE, install, registering

from vsslfw.testing.tiny import tiny_overrides

Command = Callable[..., "subprocess.CompletedProcess[str]"]
HOOK_RAISES = f"{HEAD}\n\n@hookimpl\ndef vsslfw_stage_finished(stage):\n    raise ValueError('in a hook')\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture
def vsslfw(site: Path, tmp_path: Path) -> Command:
    """Runs the program with ``site`` on the path, in an empty folder."""
    work = tmp_path / "work"
    work.mkdir()

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        paths = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
        return subprocess.run(
            [sys.executable, "-m", "vsslfw", *arguments],
            cwd=work,
            env={**os.environ, "PYTHONPATH": paths, "COLUMNS": "200", **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def install_five_broken(site: Path) -> dict[str, str]:
    """Name -> the file:line that must be named."""
    places = {}
    for case, line in (("import error", 1), ("wrong api", 4), ("misspelt hook", 7), ("a built-in's name", 9)):
        name, text, _ = BROKEN[case]
        places[name] = f"{install(site, name, text)}:{line}"
    places["broken-raises"] = f"{install(site, 'broken-raises', HOOK_RAISES)}:9"
    return places


@pytest.mark.slow
def test_every_command_works_with_five_broken_plugins_and_all_are_named(vsslfw: Command, site: Path) -> None:
    places = install_five_broken(site)
    listed = vsslfw("plugins")
    assert listed.returncode == 0
    for name, place in places.items():
        assert name in listed.stdout
        if name != "broken-raises":  # nothing is wrong with it until its hook is called
            assert f"{name} is broken" in listed.stdout
            assert place in listed.stdout
    for command in (["--help"], ["--version"], ["components"], ["components", "encoder", "bert"], ["show", "seizure_bart"]):
        done = vsslfw(*command)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        if command[0] == "components":
            assert "plugin broken-import is broken and left out: ModuleNotFoundError" in done.stderr


@pytest.mark.slow
def test_a_run_with_five_broken_plugins_ends_well_and_names_the_one_whose_hook_raises(vsslfw: Command, site: Path) -> None:
    places = install_five_broken(site)
    done = vsslfw("run", "seizure_bart", *(f"--set={override}" for override in tiny_overrides()), "--out", "run")
    assert done.returncode == 0, done.stderr
    told = " ".join(done.stdout.split())
    assert "plugin broken-raises failed in vsslfw_stage_finished, the run goes on: ValueError: in a hook" in told
    assert places["broken-raises"] in told
    folder = site.parent / "work" / "run"
    recorded = {plugin["name"]: plugin for plugin in json.loads((folder / "environment.json").read_text())["plugins"]}
    assert recorded["broken-import"]["state"] == "broken"
    assert recorded["broken-raises"]["state"] == "ok"
    assert str(site) not in (folder / "environment.json").read_text()
    log = (folder / "log.txt").read_text()
    assert "plugin broken-raises failed in vsslfw_stage_finished, the run goes on: ValueError (broken_raises.py:9)" in log
    assert "in a hook" not in log  # the words of a stranger's error may hold a name, and its place the folder of a patient
    assert str(site) not in log


@pytest.mark.slow
def test_a_recipe_that_names_a_component_of_a_broken_plugin_is_told_its_error(vsslfw: Command, site: Path) -> None:
    name, text, words = BROKEN["half registered"]
    path = install(site, name, text)
    done = vsslfw("show", "seizure_bart", "--set", 'corruption=[{"type": "left_over"}]')
    assert done.returncode == 2
    assert f'there is no corruption "left_over"\n    it belongs to plugin {name}, which is broken: {words}' in done.stderr
    assert str(path) in done.stderr


def test_strict_plugins_fail_on_a_broken_one_and_the_list_still_shows_it(vsslfw: Command, site: Path) -> None:
    install(site, "broken-import", "import no_such_library\n")
    shown = vsslfw("show", "seizure_bart", VSSLFW_STRICT_PLUGINS="1")
    assert shown.returncode == 2
    assert "VSSLFW_STRICT_PLUGINS is set" in shown.stderr
    listed = vsslfw("plugins", VSSLFW_STRICT_PLUGINS="1")
    assert listed.returncode == 1
    assert "broken_import.py:1" in listed.stdout


@pytest.mark.slow
def test_the_list_imports_no_component_and_check_imports_them_all(vsslfw: Command, site: Path) -> None:
    install(site, "vsslfw-noise", registering('"corruption", "noise", "noise_parts:Noise"'), noise_parts="1 / 0\n")
    assert vsslfw("plugins").returncode == 0
    checked = vsslfw("plugins", "--check")
    assert checked.returncode == 1
    assert "vsslfw-noise: " in checked.stdout
    assert "ZeroDivisionError" in checked.stdout
    fine = vsslfw("-p", "no:vsslfw-noise", "plugins", "--check")
    assert fine.returncode == 0, fine.stdout
    assert "can be imported" in fine.stdout


@pytest.mark.slow
def test_a_file_is_used_by_an_option_and_recorded_with_its_digest(vsslfw: Command, site: Path) -> None:
    work = site.parent / "work"
    (work / "my_plugin.py").write_text(registering('"corruption", "reverse", Reverse') + REVERSE)
    noise = '--set=corruption=[{"type": "reverse"}]'
    overrides = [f"--set={override}" for override in tiny_overrides()]
    done = vsslfw("run", "seizure_bart", "--plugin", "./my_plugin.py", *overrides, noise, "--out", "run")
    assert done.returncode == 0, done.stderr
    environment = json.loads((work / "run" / "environment.json").read_text())
    (recorded,) = [plugin for plugin in environment["plugins"] if plugin["name"] == "my_plugin"]
    assert len(recorded["digest"]) == 64
    assert 'plugins = ["my_plugin.py"]' in (work / "run" / "recipe.py").read_text()
    again = vsslfw("run", "run/recipe.py", "-p", "my_plugin.py", "--out", "again", "--cache", ".vsslfw-cache")
    assert again.returncode == 0, again.stderr
    assert "validate  reused" in again.stdout
    missing = vsslfw("run", "run/recipe.py", "--out", "third")
    assert missing.returncode == 2
    assert "there is no plugin file" in missing.stderr


@pytest.mark.slow
def test_an_edited_file_is_not_taken_for_what_it_was(vsslfw: Command, site: Path) -> None:
    """A file has no version: whatever it computes is kept under its content."""
    path = site.parent / "work" / "my_plugin.py"
    noise = '--set=corruption=[{"type": "reverse"}]'
    overrides = [f"--set={override}" for override in tiny_overrides()]
    command = ["run", "seizure_bart", "--plugin", "./my_plugin.py", *overrides, noise]
    path.write_text(registering('"corruption", "reverse", Reverse') + REVERSE)
    assert vsslfw(*command, "--out", "one").returncode == 0
    path.write_text(path.read_text() + "\n# another thought\n")
    second = vsslfw(*command, "--out", "two")
    assert "extract   reused" in second.stdout
    assert "pretrain  computed" in second.stdout
    refused = vsslfw(*command, "--out", "one")
    assert refused.returncode == 2
    assert "another plugins.0" in refused.stderr


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_plugin_that_raises_in_a_run_is_named_with_its_line_in_every_process(jobs: str, vsslfw: Command, site: Path) -> None:
    text = registering('"head", "bad", Bad') + (
        "from vsslfw.heads import ClassificationHead\n"
        "from torch import nn\n"
        "class Bad(ClassificationHead):\n"
        '    """hidden (B,T,E) -> nothing."""\n'
        "    def __init__(self, hidden_dim, output_dim):\n"
        "        super().__init__()\n"
        "        self.linear = nn.Linear(hidden_dim, output_dim)\n"
        "    def forward(self, hidden, valid):\n"
        "        return {}['no such key']\n"
    )
    path = install(site, "vsslfw-bad", text)
    line = text.splitlines().index("        return {}['no such key']") + 1
    head = '--set=finetune.head=dict(type="bad")'
    overrides = [f"--set={override}" for override in tiny_overrides(pretrain__source="none")]
    done = vsslfw("run", "seizure_bart", *overrides, head, "--out", "run", "--jobs", jobs)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"{path}:{line}: plugin vsslfw-bad (vsslfw-bad 1.0) failed: KeyError: 'no such key'" in done.stderr
    assert "vsslfw check vsslfw-bad" in done.stderr
    assert str(site) not in (site.parent / "work" / "run" / "log.txt").read_text()
