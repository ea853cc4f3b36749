"""Killed with -9 at any stage, then resumed: the same bytes as if it had never stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vsslfw.testing.tiny import tiny_overrides

pytestmark = pytest.mark.slow

OVERRIDES = tiny_overrides(pretrain__epochs="40", finetune__epochs="30", extract__batch_size="8")
KILL_AT = {
    "extraction": "features/*/*-0000.safetensors",
    "pre-training": "pretrain/*/work/checkpoint.pth",
    "LOSO": "folds/*/result.json",
}


THREADS = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
"""All cores in the main process, whatever the tests run with: so that other numbers of threads would show."""
TWO = ("--jobs", "2")


def command(folder: Path, *more: str) -> list[str]:
    sets = [word for override in OVERRIDES for word in ("--set", override)]
    return [sys.executable, "-m", "vsslfw", "run", "seizure_bart", "--profile", "demo", "--out", str(folder / "run"), *sets, *more]


def started(words: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=THREADS)


def wait_for(folder: Path, pattern: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 300
    while not list((folder / ".vsslfw-cache").glob(pattern)):
        assert process.poll() is None, process.communicate()[0].decode()
        assert time.monotonic() < deadline, f"{pattern} was never there"
        time.sleep(0.005)


def kill(process: subprocess.Popen[bytes], folder: Path) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (folder / "run" / "predictions.csv").exists(), "it was killed too late to show anything"


def resumed_equals(words: list[str], folder: Path, expected: Path) -> None:
    resumed = subprocess.run(words, capture_output=True, text=True, env=THREADS)
    assert resumed.returncode == 0, resumed.stderr
    for name in ("predictions.csv", "metrics.json", "split.json", "audits.json"):
        assert (folder / "run" / name).read_bytes() == (expected / name).read_bytes(), name


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("uninterrupted")
    subprocess.run(command(folder), check=True, capture_output=True, env=THREADS)
    return folder / "run"


@pytest.mark.parametrize("stage", KILL_AT)
def test_a_killed_run_resumes_to_the_same_bytes(stage: str, uninterrupted: Path, tmp_path: Path) -> None:
    process = started(command(tmp_path))
    wait_for(tmp_path, KILL_AT[stage], process)
    kill(process, tmp_path)
    resumed_equals(command(tmp_path, "--resume"), tmp_path, uninterrupted)


def test_a_run_in_two_processes_resumes_to_the_same_bytes_with_one_fold_left(tmp_path: Path) -> None:
    """The last fold is then alone, and must still be computed by a worker with its share of the cores."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run(command(whole, *TWO), check=True, capture_output=True, env=THREADS)
    process = started(command(killed, *TWO))
    wait_for(killed, KILL_AT["LOSO"], process)
    kill(process, killed)
    results = sorted((whole / ".vsslfw-cache" / "folds").glob("*/result.json"))
    left = [result for result in results if not (killed / result.relative_to(whole)).exists()]
    for result in left[1:]:
        (killed / result.relative_to(whole)).parent.mkdir(exist_ok=True)
        shutil.copy(result, killed / result.relative_to(whole))
    assert left
    resumed_equals(command(killed, *TWO, "--resume"), killed, whole / "run")
    assert left[0].read_bytes() == (killed / left[0].relative_to(whole)).read_bytes()


def test_resuming_with_another_recipe_is_refused(uninterrupted: Path) -> None:
    changed = subprocess.run([*command(uninterrupted.parent, "--resume"), "--set", "seed=1"], capture_output=True, text=True)
    assert changed.returncode == 2
    assert "another recipe" in changed.stderr
    assert "Traceback" not in changed.stderr
