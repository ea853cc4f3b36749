"""Executors: each task once, in any order, and a resumed run like one that never stopped."""

from __future__ import annotations

import functools
from typing import Any

from vsslfw.testing import work
from vsslfw.testing.outcomes import doing, fail, require
from vsslfw.testing.subjects import Subject


def check_results(subject: Subject) -> None:
    """Each task comes out once, with its result, in any order; no tasks give nothing."""
    for count, tasks in ((0, []), (1, [7]), (5, [0, 1, 2, 3, 4]), (3, [2, 2, 2])):
        for total in (None, count, count + 3):
            did = f"running {count} tasks with jobs = 1 and total = {total}"
            with doing(did):
                found = list(subject.build().run(work.square, iter(tasks), jobs=1, total=total))
            _require_each_once(did, tasks, found)


def check_jobs(subject: Subject) -> None:
    """With jobs = 2 each task comes out once too, and no more than two run at a time."""
    tasks = [0, 1, 2, 3]
    did = "running 4 tasks with jobs = 2"
    found = _whole(subject)
    came = sorted(task for task, _ in found)
    require(came == tasks, did, f"tasks {came} came out", "yield (task, result) once for each")
    spans = [result for _, result in found]
    at_once = max(sum(other[0] <= start < other[1] for other in spans) for start, *_ in spans)
    require(at_once <= 2, did, f"{at_once} ran at a time", "no more than `jobs` tasks at a time: memory and cores are planned for that")


def check_exceptions(subject: Subject) -> None:
    """The exception of a task comes through as it is, and the results before it are kept."""
    found: list[tuple[Any, Any]] = []
    did = "running tasks of which one raises ValueError, jobs = 1"
    try:
        for pair in subject.build().run(work.refuse_three, [1, 2, 3], jobs=1):
            found.append(pair)
    except ValueError as error:
        require("three is refused" in str(error), did, f"ValueError: {error}", "raise the task's own exception")
    except Exception as error:
        fail(did, f"{type(error).__name__}: {error}", "raise the task's own exception, not one of yours")
    else:
        fail(did, "no exception came out", "a result that is missing must never go unnoticed")
    strangers = [pair for pair in found if pair not in ((1, 1), (2, 2))]
    require(not strangers, did, f"it gave {strangers}", "yield (task, result) of those that finished, and nothing for the others")
    require(
        (1, 1) in found and (2, 2) in found,
        did,
        f"of tasks 1 and 2, which had finished, came {found}",
        "yield each result as soon as it is there",
    )


def check_resumed(subject: Subject) -> None:
    """How a task is computed never depends on how many are left: the number of threads is that of jobs and total."""
    did = "running 4 tasks with jobs = 2, and the one that is left of 4"
    with doing(did):
        left = list(subject.build().run(work.when_and_how, [3], jobs=2, total=4))
    threads = {result[2] for _, result in _whole(subject)}, {result[2] for _, result in left}
    require(
        threads[0] == threads[1],
        did,
        f"with {threads[0]} threads, and with {threads[1]}",
        "decide by `jobs` and `total`: sums of floats depend on threads",
    )


@functools.lru_cache(maxsize=1)
def _whole(subject: Subject) -> list[tuple[Any, Any]]:
    """A run of 4 tasks in two processes, once for two checks: starting processes takes seconds."""
    with doing("running 4 tasks with jobs = 2", "the function and the tasks are plain and can be pickled"):
        return list(subject.build().run(work.when_and_how, [0, 1, 2, 3], jobs=2, total=4))


def _require_each_once(did: str, tasks: list[int], found: list[tuple[Any, Any]]) -> None:
    pairs = all(isinstance(pair, tuple) and len(pair) == 2 for pair in found)
    require(pairs, did, f"it gave {found[:3]}", "yield (task, result)")
    wanted = sorted((task, task * task) for task in tasks)
    require(sorted(found) == wanted, did, f"it gave {sorted(found)}, {wanted} expected", "yield (task, result) once for each task")
