"""Ctrl-C, which goes to every process of a run: one message, how to go on, exit code 130, and no process left."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vsslfw.testing.tiny import tiny_overrides

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks processes up in /proc")]


def of_session(leader: int) -> list[int]:
    """The living processes of a session."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session = stat.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(session) == leader and state != "Z":
            found.append(int(stat.parent.name))
    return found


def workers(leader: int) -> list[int]:
    found = []
    for pid in of_session(leader):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_text()
        except OSError:
            continue
        if "spawn_main" in command:
            found.append(pid)
    return found


def importing(pid: int) -> bool:
    """Python's own start is over, and the first libraries of its imports are loaded."""
    try:
        return "numpy" in Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return False


def folds(folder: Path) -> list[Path]:
    return list((folder / ".vsslfw-cache").glob("folds/*/result.json"))


MOMENTS: dict[str, Callable[[int, Path], bool]] = {
    "a worker has just started": lambda leader, folder: bool(workers(leader)),
    "a worker imports": lambda leader, folder: any(importing(pid) for pid in workers(leader)),
    "a fold is done": lambda leader, folder: bool(folds(folder)),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_ends_a_run_in_two_processes_quietly(moment: str, tmp_path: Path) -> None:
    sets = [word for override in tiny_overrides(finetune__epochs="300") for word in ("--set", override)]
    command = [sys.executable, "-m", "vsslfw", "run", "seizure_bart", "--profile", "demo", "--out", str(tmp_path / "run"), "--jobs", "2"]
    process = subprocess.Popen([*command, *sets], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 300
    while not MOMENTS[moment](process.pid, tmp_path):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=120)
    first, _, again, _ = (line for line in said.splitlines() if line)
    assert first == "interrupted"
    assert shlex.split(again)[-1] == "--resume"
    assert process.returncode == 130
    patience = time.monotonic() + 10  # multiprocessing's resource tracker ends just after the process that it serves
    while of_session(process.pid) and time.monotonic() < patience:
        time.sleep(0.05)
    assert not of_session(process.pid)
    assert len(folds(tmp_path)) < 4, "it was stopped too late to show anything"
