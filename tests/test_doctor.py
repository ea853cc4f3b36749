"""``vsslfw doctor``: each thing that goes wrong in practice is found, and comes with what to do."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from vsslfw.cli import main
from vsslfw.doctor import Finding, codecs, devices, examine, packages, places, plugins, weights


def outcomes(check: Callable[[], Iterator[Finding]]) -> dict[str, Finding]:
    return {finding.what: finding for finding in check()}


def problems(check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    return [finding for finding in check() if finding.outcome == "problem"]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Pretend that these distributions are installed, and no other."""

    def pretend(*names: str, mmengine: tuple[str, ...] = ("mmengine-lite",)) -> None:
        monkeypatch.setattr(metadata, "distributions", lambda: [SimpleNamespace(metadata={"Name": name}) for name in names])
        monkeypatch.setattr(metadata, "packages_distributions", lambda: {"mmengine": list(mmengine)})

    return pretend


def test_this_machine_passes(tmp_path: Path) -> None:
    found = list(examine(tmp_path / "runs", tmp_path / "cache"))
    assert [finding for finding in found if finding.outcome == "problem"] == []
    assert {finding.group for finding in found} >= {"versions", "packages that clash", "devices", "video", "weights", "plugins", "places"}
    assert list(tmp_path.iterdir()) == [], "looking leaves nothing behind"


def test_both_opencv_wheels_are_a_problem_with_the_command_that_mends_it(installed: Callable[..., None]) -> None:
    installed("opencv-python", "opencv_python_headless")
    (problem,) = problems(packages.clashes)
    assert "both install into cv2/" in problem.what
    assert problem.todo.startswith("pip uninstall -y opencv-python opencv-python-headless && pip install opencv-python-headless")


@pytest.mark.parametrize("owners", [("mmengine", "mmengine-lite"), ("onedl-mmengine",)])
def test_a_fork_of_mmengine_is_a_problem(owners: tuple[str, ...], installed: Callable[..., None]) -> None:
    installed("opencv-python-headless", mmengine=owners)
    (problem,) = problems(packages.clashes)
    assert owners[0] in problem.what
    assert "pip install mmengine-lite" in problem.todo


def test_the_successor_of_albumentations_is_a_problem(installed: Callable[..., None]) -> None:
    installed("opencv-python-headless", "AlbumentationsX")
    (problem,) = problems(packages.clashes)
    assert "telemetry" in problem.what


def test_a_version_that_is_too_old_or_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    there = metadata.version

    def version(name: str) -> str:
        if name == "rich":
            raise metadata.PackageNotFoundError(name)
        return "1.0" if name == "torch" else there(name)

    monkeypatch.setattr(metadata, "version", version)
    told = {problem.what: problem.todo for problem in problems(packages.versions)}
    assert told["rich is not installed"].startswith("pip install 'rich>=")
    assert "torch 1.0; >=2.11 is needed" in told


def test_without_the_encoder_the_made_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "_has", lambda name, mode: name not in ("libx264", "hevc"))
    found = outcomes(codecs.codecs)
    assert found["no encoder libx264: the synthetic set cannot be made"].outcome == "problem"
    assert found["no decoder for hevc"].outcome == "note"


def test_a_damaged_weights_file_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    assert [f.outcome for f in weights.weights() if "ResNet-152" in f.what] == ["note"]
    from vsslfw.builtin.resnet import imagenet_file

    imagenet_file(152).parent.mkdir()
    imagenet_file(152).write_bytes(b"half a file")
    (problem,) = problems(weights.weights)
    assert "damaged" in problem.what
    assert "Copy it again" in problem.todo


def test_a_place_that_cannot_be_written_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryDirectory", refused)
    found = problems(lambda: places.places(tmp_path / "runs", tmp_path / "cache"))
    assert len(found) == 3
    assert all("Permission denied" in problem.what and problem.todo for problem in found)


def test_a_full_disk_and_a_terminal_without_utf8_are_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=2**20))
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(encoding="latin-1"))
    told = [finding.todo for finding in places.places(tmp_path, tmp_path) if finding.outcome == "note"]
    assert sum("Make room" in todo for todo in told) == 3
    assert "Set PYTHONUTF8=1" in told


def test_a_check_that_fails_itself_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks() -> Iterator[Finding]:
        raise OSError("no such bus")
        yield

    monkeypatch.setattr(devices, "devices", breaks)
    (problem,) = [finding for finding in examine(tmp_path, tmp_path) if finding.outcome == "problem"]
    assert problem.what == "could not be looked at: OSError: no such bus"


def test_a_broken_plugin_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import nothing_like_it\n")
    done = subprocess.run(
        [sys.executable, "-m", "vsslfw", "doctor", "-p", "./mine.py", "--json"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    (problem,) = [finding for finding in json.loads(done.stdout) if finding["outcome"] == "problem"]
    assert problem["group"] == plugins.GROUP
    assert "mine" in problem["what"]


def test_every_problem_says_what_to_do_and_the_last_line_counts(
    capsys: pytest.CaptureFixture[str], installed: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugins, "states", lambda: iter(()))  # they are found by the metadata that is pretended here
    installed("opencv-python", "opencv-python-headless", "albumentationsx")
    assert main(["doctor"]) == 1
    printed = capsys.readouterr().out
    assert printed.strip().splitlines()[-1].startswith("2 problems")
    assert printed.count("-> pip uninstall") == 2
