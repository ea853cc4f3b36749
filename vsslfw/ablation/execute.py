"""A study is computed stage by stage over all its variants: what several of them need is made once."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vsslfw.ablation.forecast import STAGES, Forecast, Piece
from vsslfw.ablation.view import OneView
from vsslfw.digest import digest_of
from vsslfw.errors import VsslfwError, WorkerError, in_a_line
from vsslfw.interfaces import Executor
from vsslfw.pipeline import progress
from vsslfw.pipeline.blame import naming_culprits
from vsslfw.pipeline.folds import load_fold
from vsslfw.pipeline.names import Names
from vsslfw.pipeline.pretrain import load_pretrained, pretrain
from vsslfw.pipeline.results import audits_of
from vsslfw.pipeline.run import check_audits
from vsslfw.pipeline.stages import Pipeline
from vsslfw.pipeline.validate import run_fold

log = logging.getLogger(__name__)

KILLED = "the process of one of its {what} was killed, though it ran alone. Often the memory ran out"


@dataclass(frozen=True)
class Failed:
    """Why a piece of work has no result."""

    reason: str
    unheard: bool = False
    """It could not hand over itself what went wrong: the executor failed with it."""


@dataclass(frozen=True)
class Attempt:
    """Calls a function, and hands over what went wrong instead of raising it: the other variants go on."""

    function: Callable[[Any], Any]

    def __call__(self, task: Any) -> Any:
        """The result, or `Failed`."""
        try:
            return self.function(task)
        except Exception as error:  # whatever it is, the variant's row tells it
            return Failed(reason_of(error))


def reason_of(error: Exception) -> str:
    """In a line: what a person is told of an error, or its kind, words and place."""
    if isinstance(error, VsslfwError):
        return in_a_line(error)
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno})" if frames else ""
    return " ".join(f"{type(error).__name__}: {error}{where} {' '.join(getattr(error, '__notes__', ()))}".split())


@dataclass
class Computing:
    """The variants' pipelines on their way; ``failures`` says why a variant has left."""

    pipelines: Mapping[str, Pipeline]
    forecast: Forecast
    jobs: int
    view: OneView
    failures: dict[str, str] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)
    """Stage -> how many results it computed: what a failed variant never came to is none."""

    @property
    def alive(self) -> dict[str, Pipeline]:
        """The variants that can still have a result."""
        return {name: pipeline for name, pipeline in self.pipelines.items() if name not in self.failures}

    def run(self) -> None:
        """Index, extract, pretrain and validate all variants; what fails is noted, and the others go on."""
        self._each("index", lambda pipeline: pipeline.index)
        pending = [piece for piece in self.forecast.of("extract") if not piece.there]
        self.view.begin("extract", {"extract": _mean(pending)})
        self._each("extract", _split)
        self.note_made("extract")
        self._shared(
            "pretrain",
            "pretrain",
            pretrain,
            load_pretrained,
            lambda p: [task for task in p.pretrain_tasks.values() if task is not None],
        )
        self._shared("folds", "validate", run_fold, load_fold, lambda p: p.fold_tasks)

    def note_made(self, stage: str) -> None:
        """The new results of this stage are there, for all variants that are left."""
        alive = set(self.alive)
        self.made[stage] = sum(not piece.there and not alive.isdisjoint(piece.variants) for piece in self.forecast.of(stage))

    def _each(self, stage: str, compute: Callable[[Pipeline], Any]) -> None:
        started = time.monotonic()
        for number, (name, pipeline) in enumerate(self.alive.items(), start=1):
            self.view.merged(stage, progress.RUNNING, f"variant {number} of {len(self.pipelines)}")
            try:
                with naming_culprits(pipeline.recipe):
                    compute(pipeline)
            except Exception as error:
                self.failures[name] = reason_of(error)
        pieces = self.forecast.of(stage)
        there = sum(piece.there for piece in pieces)
        self.view.merged(stage, told(there, len(pieces)), "", time.monotonic() - started)

    def _shared(
        self,
        stage: str,
        shown: str,
        work: Callable[[Any], Any],
        known: Callable[[Any], Any],
        tasks_of: Callable[[Pipeline], Iterable[Any]],
    ) -> None:
        """Each task of all variants once, by their executors; a variant whose task fails has failed."""
        started = time.monotonic()
        tasks: dict[str, Any] = {}
        users: dict[str, list[str]] = {}
        groups: dict[str, tuple[Executor, list[str]]] = {}
        for name, pipeline in self.alive.items():
            config = pipeline.recipe.settings.executor
            executor, keys = groups.setdefault(digest_of(config), (pipeline.recipe.registries.build("executor", config), []))
            for task in tasks_of(pipeline):
                users.setdefault(task.key, []).append(name)
                if task.key not in tasks:
                    tasks[task.key] = task
                    keys.append(task.key)
        there = {key for key, task in tasks.items() if known(task) is not None}
        note = f"{len(tasks)} {STAGES[stage]} for {len(self.alive)} variants"
        self.view.merged(shown, progress.RUNNING, note)
        self.made[stage] = 0
        for executor, keys in groups.values():
            pending = [tasks[key] for key in keys if key not in there]
            name = self._bar(stage, shown, pending)
            done = self._done(executor, Attempt(work), pending, len(keys), users, STAGES[stage])
            for task, result in progress.counted(done, name, len(keys), STAGES[stage], len(keys) - len(pending)):
                if isinstance(result, Failed):
                    for variant in users[task.key]:
                        self.failures.setdefault(variant, result.reason)
                else:
                    self.made[stage] += 1
        self.view.merged(shown, told(len(there), len(tasks)), note, time.monotonic() - started)

    def _done(
        self, executor: Executor, work: Attempt, pending: list[Any], total: int, users: Mapping[str, list[str]], what: str
    ) -> Iterator[tuple[Any, Any]]:
        """(task, result) of each that a variant still needs.

        Where the executor itself fails, as when a worker is killed, what is left is done one at a time until it is known whose task that
        was; then the others run side by side again.
        """
        left = {task.key: task for task in pending}
        while left := {key: task for key, task in left.items() if not self.failures.keys() >= set(users[key])}:
            try:
                for task, result in executor.run(work, list(left.values()), jobs=self.jobs, total=total):
                    left.pop(task.key, None)
                    yield task, result
                return
            except Exception as error:
                why = "a worker process was killed" if isinstance(error, WorkerError) else f"the executor failed ({type(error).__name__})"
                log.warning("%s: the %s that are left are done one at a time, until it is known which it was", why, what)
            for key, task in list(left.items()):
                result = self._alone(executor, work, task, total, what)
                del left[key]
                yield task, result
                if isinstance(result, Failed) and result.unheard:
                    break

    def _alone(self, executor: Executor, work: Attempt, task: Any, total: int, what: str) -> Any:
        """The result of one task, in a process of its own; `jobs` and `total` stay, since they may decide how it is computed."""
        try:
            ((_, result),) = executor.run(work, [task], jobs=self.jobs, total=total)
        except WorkerError:
            return Failed(KILLED.format(what=what), unheard=True)
        except Exception as error:
            return Failed(reason_of(error), unheard=True)
        return result

    def _bar(self, stage: str, shown: str, pending: list[Any]) -> str:
        """What the bar of a stage is called; and what its units are worth: epochs of a pre-training where they are heard of."""
        pieces = [piece for task in pending if (piece := self.forecast.pieces.get(task.key))]
        each = sum(piece.seconds or 0.0 for piece in pieces) / max(len(pieces), 1) / self.jobs
        if stage != "pretrain":
            self.view.begin(shown, {shown: each})
            return shown
        in_process = self.jobs == 1 or len(pending) == 1
        epochs = sum(task.recipe.settings.pretrain.epochs for task in pending) / max(len(pending), 1)
        self.view.begin("pretrain", {"pretrain": each / max(epochs, 1)} if in_process else {"pretrain, all": each})
        return "pretrain, all"


def told(reused: int, parts: int) -> str:
    """``reused``, ``3 of 8 reused``, ``computed``, ``nothing to do``."""
    if not parts:
        return "nothing to do"
    return "reused" if reused == parts else f"{reused} of {parts} reused" if reused else "computed"


def _mean(pieces: list[Piece]) -> float:
    return sum(piece.seconds or 0.0 for piece in pieces) / max(sum(piece.units for piece in pieces), 1)


def _split(pipeline: Pipeline) -> None:
    """Features, folds and what each may see; RunError if the audit of the split fails."""
    _ = pipeline.features
    check_audits(audits_of(pipeline, Names.of(pipeline, identify=False)))
