"""The local executor: every result handed over once, failures in plain words, and no process left behind.

Tasks are Python expressions and the function is ``eval``: a spawned process can import it from anywhere.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vsslfw.builtin.local_executor import LocalExecutor, _interrupts_held, cores
from vsslfw.errors import RunError, UserError, WorkerError

PID = "__import__('os').getpid()"


def run(*tasks: str, jobs: int, total: int | None = None) -> Iterator[tuple[Any, Any]]:
    return LocalExecutor().run(eval, tasks, jobs=jobs, total=total)


def drain(results: Iterator[tuple[Any, Any]]) -> tuple[dict[Any, Any], Exception | None]:
    """What was handed over, and the exception that ended it."""
    kept = {}
    try:
        for task, result in results:
            kept[task] = result
    except Exception as error:
        return kept, error
    return kept, None


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(condition: Any, seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def after(flag: Path) -> str:
    """A task that waits until a file is there."""
    return f"[__import__('time').sleep(0.05) for _ in iter(lambda: __import__('os').path.exists({str(flag)!r}), True)] and 'waited'"


@pytest.mark.parametrize("jobs", [1, 2])
def test_each_task_comes_back_once_with_its_result(jobs: int) -> None:
    tasks = [f"{i} ** 2" for i in range(5)]
    assert drain(run(*tasks, jobs=jobs)) == ({task: i**2 for i, task in enumerate(tasks)}, None)


@pytest.mark.parametrize("jobs", [1, 4])
def test_no_task_no_result(jobs: int) -> None:
    assert list(run(jobs=jobs)) == []


def test_one_job_runs_in_this_process_one_task_at_a_time() -> None:
    results = run(PID, "1/0", jobs=1)
    assert next(results) == (PID, os.getpid())
    with pytest.raises(ZeroDivisionError):
        next(results)


@pytest.mark.slow
@pytest.mark.parametrize(("jobs", "total"), [(2, 3), (3, 2), (64, 2)])
def test_the_last_task_of_a_resumed_run_is_computed_as_the_others_were(jobs: int, total: int) -> None:
    """Sums of floats depend on the number of threads, and a resumed run must give identical results."""
    task = "(__import__('os').getpid(), __import__('torch').get_num_threads())"
    [(_, (pid, threads))] = run(task, jobs=jobs, total=total)
    assert pid != os.getpid()
    assert threads == max(1, cores() // min(jobs, total))


def test_a_task_that_is_alone_runs_in_this_process_with_all_its_cores() -> None:
    assert list(run(PID, jobs=2)) == list(run(PID, jobs=2, total=1)) == [(PID, os.getpid())]


def test_processes_are_recycled_and_share_the_cores() -> None:
    task = "(__import__('os').getpid(), __import__('torch').get_num_threads())"
    kept, error = drain(run(*(f"({i}, *{task})" for i in range(6)), jobs=2))
    assert error is None
    assert len({pid for _, pid, _ in kept.values()} - {os.getpid()}) <= 2
    assert {threads for _, _, threads in kept.values()} == {max(1, cores() // 2)}


def test_results_come_as_they_finish_not_in_order(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    results = run(after(flag), "'quick'", jobs=2)
    assert next(results) == ("'quick'", "quick")
    flag.touch()
    assert list(results) == [(after(flag), "waited")]


@pytest.mark.parametrize("jobs", [0, -1])
def test_jobs_must_be_positive(jobs: int) -> None:
    with pytest.raises(ValueError, match="must be at least 1"):
        run("1", jobs=jobs)


def test_after_a_failure_the_running_tasks_end_and_no_other_starts(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    late, failing = f"({after(flag)}, __import__('time').sleep(1))[0]", f"open({str(flag)!r}, 'w').close() or 1 / 0"
    kept, error = drain(run("'first'", late, failing, "'never'", "'never again'", jobs=2))
    assert kept == {"'first'": "first", late: "waited"}
    assert isinstance(error, ZeroDivisionError)


def test_our_errors_come_home_whole() -> None:
    task = "(_ for _ in ()).throw(__import__('vsslfw.errors').errors.UserError('a', 'b', title='T'))"
    _, error = drain(run(task, "1", jobs=2))
    assert isinstance(error, UserError)
    assert (error.title, [p.what for p in error.problems]) == ("T", ["a", "b"])


def test_a_killed_process_is_an_error_in_plain_words_and_what_had_finished_is_kept(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    results = run("'kept'", f"({after(flag)}, __import__('os').kill(__import__('os').getpid(), 9))", jobs=2)
    assert next(results) == ("'kept'", "kept")
    flag.touch()
    with pytest.raises(WorkerError) as caught:
        next(results)
    assert isinstance(caught.value, RunError)
    assert "a worker process was killed after 1 of 2 tasks" in str(caught.value)
    assert "fewer --jobs" in str(caught.value)
    assert "What had finished is kept" in str(caught.value)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks processes up in /proc")
class TestNoProcessIsLeftBehind:
    sleeper = "__import__('time').sleep(120)"

    def test_when_the_results_are_no_longer_wanted(self) -> None:
        results = run(PID, self.sleeper, self.sleeper, jobs=2)
        _, pid = next(results)
        assert alive(pid)
        results.close()  # type: ignore[attr-defined]
        assert wait_until(lambda: not alive(pid))

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM], ids=lambda number: number.name)
    @pytest.mark.slow
    def test_when_the_parent_is_stopped(self, number: signal.Signals, tmp_path: Path) -> None:
        """Ctrl-C, kill -9, kill: a worker that lived on would write into a run that is resumed."""
        script = tmp_path / "parent.py"
        script.write_text(
            "from vsslfw.builtin.local_executor import LocalExecutor\n"
            "if __name__ == '__main__':\n"
            f"    for task, result in LocalExecutor().run(eval, [{PID!r}, {self.sleeper!r}, {self.sleeper!r}], jobs=2):\n"
            "        print(result, flush=True)\n"
        )
        parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.send_signal(number)
        started = time.monotonic()
        _, errors = parent.communicate(timeout=90)
        assert time.monotonic() - started < 60
        assert wait_until(lambda: not alive(pid))
        if number == signal.SIGINT:
            assert errors.rstrip().endswith("KeyboardInterrupt")
            assert "Process SpawnProcess" not in errors


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals cannot be held back here")
class TestCtrlCWhileAProcessStarts:
    def test_is_heard_once_it_has_started(self) -> None:
        reached = []

        def start() -> None:
            with _interrupts_held():
                os.kill(os.getpid(), signal.SIGINT)
                reached.append("the end")

        with pytest.raises(KeyboardInterrupt):
            start()
        assert reached == ["the end"]
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])

    def test_does_not_reach_the_process_that_starts(self) -> None:
        """Before its first line of Python, so before any import."""
        with _interrupts_held():
            child = subprocess.Popen(
                [sys.executable, "-c", "import time; time.sleep(1); print('lived')"], stdout=subprocess.PIPE, text=True
            )
        child.send_signal(signal.SIGINT)
        assert child.communicate(timeout=60)[0] == "lived\n"
