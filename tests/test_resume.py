"""Killed with -9 at any stage, then resumed: the same bytes as if it had never stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny import tiny_overrides

pytestmark = pytest.mark.slow

OVERRIDES = tiny_overrides(pretrain__epochs="40", finetune__epochs="30", extract__batch_size="8")
KILL_AT = {
    "extraction": "features/*/*-0000.safetensors",
    "pre-training": "pretrain/*/work/checkpoint.pth",
    "LOSO": "folds/*/result.json",
}


def command(folder: Path, *more: str) -> list[str]:
    sets = [word for override in OVERRIDES for word in ("--set", override)]
    return [sys.executable, "-m", "vsslfw", "run", "seizure_bart", "--profile", "demo", "--out", str(folder / "run"), *sets, *more]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("uninterrupted")
    subprocess.run(command(folder), check=True, capture_output=True)
    return folder / "run"


@pytest.mark.parametrize("stage", KILL_AT)
def test_a_killed_run_resumes_to_the_same_bytes(stage: str, uninterrupted: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(command(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 300
    while not list((tmp_path / ".vsslfw-cache").glob(KILL_AT[stage])):
        assert process.poll() is None, process.communicate()[0].decode()
        assert time.monotonic() < deadline, f"{stage} was never reached"
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "run" / "predictions.csv").exists(), "it was killed too late to show anything"

    resumed = subprocess.run(command(tmp_path, "--resume"), capture_output=True, text=True)
    assert resumed.returncode == 0, resumed.stderr
    for name in ("predictions.csv", "metrics.json", "split.json", "audits.json"):
        assert (tmp_path / "run" / name).read_bytes() == (uninterrupted / name).read_bytes(), name


def test_resuming_with_another_recipe_is_refused(uninterrupted: Path) -> None:
    changed = subprocess.run([*command(uninterrupted.parent, "--resume"), "--set", "seed=1"], capture_output=True, text=True)
    assert changed.returncode == 2
    assert "another recipe" in changed.stderr
    assert "Traceback" not in changed.stderr
