"""Folds on this machine: in this process, or in a pool of recycled processes."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from typing import Any

from vsslfw.errors import Problem, WorkerError
from vsslfw.interfaces import Executor


class LocalExecutor(Executor):
    """Calls a function on each task: jobs = 1 in this process, else in as many processes, which are recycled.

    With jobs > 1 the function and the tasks travel by pickle, and each process gets its share of the cores. The processes
    are spawned, so a script of one's own starts its work under ``if __name__ == "__main__":``.
    """

    def run(
        self, function: Callable[[Any], Any], tasks: Iterable[Any], *, jobs: int, total: int | None = None
    ) -> Iterator[tuple[Any, Any]]:
        """Yield (task, result) as tasks finish. Work of one task in all (``total``) is done in this process, with all its cores.

        The first exception of a task is raised once the tasks that were running are done and their results handed over; no
        further task is started. WorkerError if a process was killed. Whatever else ends the iteration stops the processes.
        """
        if jobs < 1:
            raise ValueError(f"jobs is {jobs}; it must be at least 1")
        tasks = list(tasks)
        # Sums of floats depend on the number of threads: it must not change when a resumed run has fewer tasks left.
        jobs = max(1, min(jobs, len(tasks) if total is None else total))
        if jobs == 1:
            return ((task, function(task)) for task in tasks)
        return _pool(function, tasks, jobs)


def _pool(function: Callable[[Any], Any], tasks: list[Any], jobs: int) -> Iterator[tuple[Any, Any]]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    threads = max(1, cores() // jobs)
    pool = ProcessPoolExecutor(jobs, context, _start_worker, (threads, theirs))
    waiting = iter(tasks)
    running: dict[Future[Any], Any] = {}
    failure: BaseException | None = None
    finished = 0
    try:
        while True:
            # No more than one task a process is handed over: a task that waits in a process's queue cannot be taken back.
            try:
                for task in itertools.islice(waiting, 0 if failure else jobs - len(running)):
                    with _interrupts_held():
                        running[pool.submit(function, task)] = task
            except BrokenProcessPool as error:
                failure = error
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                task, error_of_task = running.pop(future), future.exception()
                if error_of_task is None:
                    finished += 1
                    yield task, future.result()
                else:
                    failure = failure or error_of_task
        if isinstance(failure, BrokenProcessPool):
            hint = "Often the memory ran out: use fewer --jobs. What had finished is kept."
            raise WorkerError(Problem(f"a worker process was killed after {finished} of {len(tasks)} tasks", hint=hint)) from failure
        if failure is not None:
            raise failure
        pool.shutdown()
    finally:
        ours.close()
        pool.shutdown()
        theirs.close()


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back while a process starts.

    The process inherits the blocked signal: Ctrl-C goes to the whole process group, and must not end its imports in a
    traceback. The parent hears it a moment later, and never loses sight of a process that is half started.
    """
    heard: list[int] = []
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number)) if in_main else None
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT]) if hasattr(signal, "pthread_sigmask") else None
    try:
        yield
    finally:
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if in_main:
            signal.signal(signal.SIGINT, before or signal.SIG_DFL)
    if heard:
        signal.raise_signal(signal.SIGINT)


def _start_worker(threads: int, lifeline: Connection) -> None:
    """Once a process: imports are paid here, not in each fold."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # blocked already where the system can: the parent decides
    threading.Thread(target=_die_with_parent, args=(lifeline,), daemon=True).start()
    import torch

    torch.set_num_threads(threads)


def _die_with_parent(lifeline: Connection) -> None:
    """End this process when the parent closes the line or dies, -9 included: nothing must write into a run that goes on without it."""
    try:
        lifeline.recv()
    except (EOFError, OSError):
        os._exit(1)


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
