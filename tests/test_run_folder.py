"""A run folder holds one run: what may go on in it, what is refused, and what is never left in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch

from vsslfw import RunResult, load_recipe, run
from vsslfw.cli import main
from vsslfw.errors import RunError, UserError
from vsslfw.testing.tiny import tiny_overrides

RESULTS = ("predictions.csv", "metrics.json", "report.html", "stages.json", "folds", "pretrain")

Again = Callable[..., RunResult]


@pytest.fixture
def again(tiny_run: Path, tmp_path: Path) -> Again:
    """Run the tiny recipe in ``tmp_path / "run"``; all is in the cache."""

    def start(**options: Any) -> RunResult:
        recipe = load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides())
        return run(recipe, out=tmp_path / "run", cache=tiny_run.parent / ".vsslfw-cache", **options)

    return start


@pytest.fixture
def folder(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy of the finished tiny run."""
    return Path(shutil.copytree(tiny_run, tmp_path / "run"))


def state(folder: Path) -> Any:
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name not in (".lock", "log.txt")}


def test_run_json_says_what_the_run_was_made_of(tiny_run: Path) -> None:
    said = state(tiny_run)
    assert said["state"] == "finished"
    assert said["identified"] is False
    assert len(said["inputs"]["manifest"]) == 64


@pytest.mark.parametrize("resume", [False, True])
def test_other_data_in_the_same_folder_are_refused_and_nothing_is_lost(resume: bool, folder: Path, again: Again) -> None:
    digest = state(folder)["inputs"]["manifest"]
    (folder / "run.json").write_text(json.dumps({**state(folder), "inputs": {"manifest": "0123456789abcdef"}}))
    before = files(folder)
    with pytest.raises(UserError, match=f"another manifest .digest 01234567; this one is {digest[:8]}.*\n.*another --out"):
        again(resume=resume)
    assert files(folder) == before


@pytest.mark.slow
def test_other_weights_under_the_same_name_are_refused(tmp_path: Path) -> None:
    from vsslfw.builtin.resnet import ResNet18

    weights = ResNet18(weights=None).network.state_dict()
    backbone = f"dict(type='resnet18', frame_size=32, weights={str(tmp_path / 'weights.pth')!r})"
    recipe = load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides(backbone=backbone))
    torch.save(weights, tmp_path / "weights.pth")
    run(recipe, out=tmp_path / "run")
    weights["conv1.weight"] += 1
    torch.save(weights, tmp_path / "weights.pth")
    with pytest.raises(UserError, match=r"another backbone\.weights"):
        run(recipe, out=tmp_path / "run")


def test_a_failed_run_has_no_old_result_beside_it(folder: Path, again: Again, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> NoReturn:
        raise RunError("diverged")

    (folder / "folds" / "P99").mkdir()
    monkeypatch.setattr("vsslfw.pipeline.run.split_record", fail)
    with pytest.raises(RunError):
        again()
    assert state(folder)["state"] == "failed"
    assert [name for name in RESULTS if (folder / name).exists()] == []


def test_a_run_again_leaves_no_fold_of_the_run_before(folder: Path, again: Again) -> None:
    shutil.copytree(folder / "folds" / "P01", folder / "folds" / "P99")
    shutil.copytree(next((folder / "pretrain").iterdir()), folder / "pretrain" / "01234567")
    again()
    assert sorted(path.name for path in (folder / "folds").iterdir()) == ["P01", "P02", "P03", "P04"]
    assert len(list((folder / "pretrain").iterdir())) == 1


def test_a_run_that_was_killed_before_it_wrote_anything_can_be_started_again(tmp_path: Path, again: Again) -> None:
    (tmp_path / "run").mkdir()
    for name in (".lock", "log.txt", ".run.json.a1b2.part"):
        (tmp_path / "run" / name).touch()
    again()
    assert state(tmp_path / "run")["state"] == "finished"
    assert not list((tmp_path / "run").glob(".*.part"))


def test_a_run_that_was_stopped_at_its_first_stage_can_be_resumed(tmp_path: Path, again: Again, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> NoReturn:
        assert state(tmp_path / "run")["state"] == "running"
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("vsslfw.pipeline.stages.read_manifest", stop)
        with pytest.raises(KeyboardInterrupt):
            again()
    again(resume=True)
    assert state(tmp_path / "run")["state"] == "finished"


def test_two_processes_never_share_a_folder(folder: Path, again: Again) -> None:
    from filelock import FileLock

    before = files(folder)
    with FileLock(folder / ".lock"), pytest.raises(UserError, match="another process"):
        again()
    assert files(folder) == before


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"null", b"\xff\xfe"])
def test_a_broken_run_json_is_refused(content: bytes, folder: Path, again: Again) -> None:
    (folder / "run.json").write_bytes(content)
    with pytest.raises(UserError, match=r"its run\.json cannot be read.*\n.*another --out"):
        again()
    assert (folder / "report.html").exists()


@pytest.mark.parametrize(
    ("option", "path", "said"),
    [
        ("--out", "file", "is a file"),
        ("--out", "file/x", "Not a directory"),
        ("--out", "/proc/nothing/x", "No such file"),
        ("--cache", "file", "File exists"),
        ("--cache", "file/x", "Not a directory"),
        ("--cache", "/proc/nothing/x", "No such file"),
    ],
)
def test_a_folder_that_cannot_be_made_is_named(
    option: str, path: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    assert main(["run", "seizure_bart", "--profile", "demo", option, path]) == 2
    error = capsys.readouterr().err
    assert f"{option} {path}" in error
    assert said in error
    assert option == "--cache" or [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_may_not_be_written_to_is_named(folder: Path, again: Again, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object, **__: object) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("vsslfw.pipeline.run_folder.FileLock.acquire", deny)
    with pytest.raises(UserError, match=f"--out {folder}: cannot be used as a folder: Permission denied"):
        again()


@pytest.mark.parametrize(
    ("device", "cards", "said"),
    [
        ("foo", 0, "there is no such device"),
        ("cdua", 0, 'did you mean "cuda"?'),
        ("cuda:x", 1, "there is no such device"),
        ("cuda", 0, "no CUDA device can be used here"),
        ("cuda:0", 0, "no CUDA device can be used here"),
        ("cuda:2", 2, "the last one here is cuda:1"),
    ],
)
def test_a_device_that_is_not_here_is_refused(
    device: str, cards: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cards > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
    assert main(["run", "seizure_bart", "--profile", "demo", "--device", device]) == 2
    error = capsys.readouterr().err
    assert f"--device {device}" in error
    assert said in error
    assert not list(tmp_path.iterdir())
