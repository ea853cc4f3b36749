"""What goes wrong in detectors, data sets, validation schemes and executors."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsslfw.interfaces import Watched
from vsslfw.testing import work
from wrong_components.right import LeaveOneOut, Threads, Videos, Wanderer
from wrong_components.table import caught_by

Boxes = NDArray[np.float64] | None


# Detectors


@caught_by("check_boxes", "detector")
class TakesTheSizeForWidthAndHeight(Wanderer):
    def boxes(self, video_id: str, times: NDArray[np.float64], size: tuple[int, int]) -> Boxes:
        return super().boxes(video_id, times, (size[1], size[0]))


@caught_by("check_boxes", "detector")
class GivesWidthAndHeight(Wanderer):
    """x, y, width, height: a convention of others."""

    def boxes(self, video_id: str, times: NDArray[np.float64], size: tuple[int, int]) -> Boxes:
        found = super().boxes(video_id, times, size)
        return None if found is None else np.concatenate([found[:, :2], found[:, 2:] - found[:, :2]], axis=1)


@caught_by("check_boxes", "detector")
class FailsForNoTimes(Wanderer):
    def boxes(self, video_id: str, times: NDArray[np.float64], size: tuple[int, int]) -> Boxes:
        return super().boxes(video_id, times - times.min(), size)


@caught_by("check_order_of_times", "detector")
class Smooths(Wanderer):
    def boxes(self, video_id: str, times: NDArray[np.float64], size: tuple[int, int]) -> Boxes:
        found = super().boxes(video_id, times, size)
        return found if found is None or not len(found) else (found + found.mean(0)) / 2


@caught_by("check_fingerprint", "detector")
class FingerprintIsANumber(Wanderer):
    def fingerprint(self, video_id: str) -> str:
        return hash(self.period)  # type: ignore[return-value]


@caught_by("check_fingerprint", "detector")
class FingerprintOfItsPlace(Wanderer):
    def fingerprint(self, video_id: str) -> str:
        return str(id(self))


@caught_by("check_prepare", "detector")
class LearnsInPrepare(Wanderer):
    def prepare(self, video_ids: Sequence[str]) -> str:
        self.period += len(video_ids)
        return ""


@caught_by("check_prepare", "detector")
class PreparesWithoutAWord(Wanderer):
    def prepare(self, video_ids: Sequence[str]) -> str:
        return None  # type: ignore[return-value]


@caught_by("check_watch", "detector")
class AnswersWhenTold(Wanderer):
    def watch(self, video: Watched) -> None:
        return video.video_id  # type: ignore[return-value]


@caught_by("check_watch", "detector")
class CountsHowOftenItIsTold(Wanderer):
    def watch(self, video: Watched) -> None:
        self.period += 1


@caught_by("check_shares", "detector")
class CountsInsteadOfShares(Wanderer):
    def shares(self, video_id: str) -> Mapping[str, float]:
        return {"found": 20, "hold": 3}


# Data sets


@caught_by("check_manifest", "dataset")
class NamesAFileThatIsNotThere(Videos):
    def manifest(self, folder: Path) -> Path:
        return super().manifest(folder).with_name("video.csv")


@caught_by("check_manifest", "dataset")
class ForgetsAColumn(Videos):
    def manifest(self, folder: Path) -> Path:
        path = super().manifest(folder)
        path.write_text(path.read_text().replace("subject_id", "patient"))
        return path


@caught_by("check_same_everywhere", "dataset")
class OtherPeopleEachTime(Videos):
    def manifest(self, folder: Path) -> Path:
        self._parameters["seed"] = int(np.random.default_rng().integers(1000))
        return super().manifest(folder)


@caught_by("check_global_random_state", "dataset")
class SeededByTheWorld(Videos):
    def manifest(self, folder: Path) -> Path:
        self._parameters["seed"] = int(np.random.randint(1000))
        return super().manifest(folder)


@caught_by("check_writes_below_its_folder", "dataset")
class LeavesItsScratchBehind(Videos):
    def manifest(self, folder: Path) -> Path:
        with tempfile.TemporaryDirectory() as scratch:
            (Path(scratch) / "notes.txt").write_text("made a video")
        return super().manifest(folder)


@caught_by("check_written_once", "dataset")
class WritesItAgain(Videos):
    def manifest(self, folder: Path) -> Path:
        path = super().manifest(folder)
        text = path.read_text()
        path.unlink()
        path.write_text(text)
        return path


# Validation schemes


@caught_by("check_splits", "validation")
class GivesMasks(LeaveOneOut):
    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Any]:
        for train, test in super().split(X, y, groups):
            yield np.isin(np.arange(len(X)), train), np.isin(np.arange(len(X)), test)


@caught_by("check_splits", "validation")
class AlwaysRefuses(LeaveOneOut):
    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Any]:
        raise ValueError("not these videos")


@caught_by("check_splits", "validation")
class TestsNothing(LeaveOneOut):
    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Any]:
        yield from super().split(X, y, groups)
        yield np.arange(len(X)), np.arange(0)


@caught_by("check_subjects_apart", "validation")
class LeavesOneVideoOut(LeaveOneOut):
    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Any]:
        return super().split(X, y, np.arange(len(X)))


@caught_by("check_subjects_apart", "validation")
class LeavesOneSiteOut(LeaveOneOut):
    """A subject who was at two sites is on both sides."""

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Any]:
        return super().split(X, y, np.array([row["site"] for row in X]))


@caught_by("check_same_splits", "validation")
class Shuffles(LeaveOneOut):
    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Any]:
        parts = list(super().split(X, y, groups))
        return iter([parts[i] for i in np.random.default_rng().permutation(len(parts))])


@caught_by("check_refusals", "validation")
class FailsInsteadOfRefusing(LeaveOneOut):
    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Any]:
        names = sorted(set(groups))
        return iter([(np.flatnonzero(groups != name), np.flatnonzero(groups == name)) for name in (*names[:1], names[1])])


@caught_by("check_refusals", "validation")
class SaysNothing(LeaveOneOut):
    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Any]:
        return iter(list(super().split(X, y, groups)) if len(set(groups)) > 2 else [])


# Executors

Results = Iterator[tuple[Any, Any]]


@caught_by("check_results", "executor")
class RemembersWhatItDid(Threads):
    """Equal tasks are done once."""

    def run(self, function: Callable[[Any], Any], tasks: Iterable[Any], *, jobs: int, total: int | None = None) -> Results:
        return super().run(function, dict.fromkeys(tasks), jobs=jobs, total=total)


@caught_by("check_results", "executor")
class CountsTasksByTotal(Threads):
    def run(self, function: Callable[[Any], Any], tasks: Iterable[Any], *, jobs: int, total: int | None = None) -> Results:
        tasks = list(tasks)
        return super().run(function, [tasks[i] for i in range(len(tasks) if total is None else total)], jobs=jobs)


@caught_by("check_jobs", "executor")
class AllAtOnce(Threads):
    def run(self, function: Callable[[Any], Any], tasks: Iterable[Any], *, jobs: int, total: int | None = None) -> Results:
        return super().run(function, tasks, jobs=8 * jobs, total=total)


@caught_by("check_exceptions", "executor")
class SkipsWhatFails(Threads):
    def run(self, function: Callable[[Any], Any], tasks: Iterable[Any], *, jobs: int, total: int | None = None) -> Results:
        for task in tasks:
            try:
                yield task, function(task)
            except Exception:
                continue


@caught_by("check_exceptions", "executor")
class AllOrNothing(Threads):
    def run(self, function: Callable[[Any], Any], tasks: Iterable[Any], *, jobs: int, total: int | None = None) -> Results:
        with ThreadPoolExecutor(jobs) as pool:
            tasks = list(tasks)
            return iter(list(zip(tasks, list(pool.map(function, tasks)), strict=True)))


@caught_by("check_resumed", "executor")
class MoreThreadsForWhatIsLeft(Threads):
    def run(self, function: Callable[[Any], Any], tasks: Iterable[Any], *, jobs: int, total: int | None = None) -> Results:
        tasks, lock = list(tasks), threading.Lock()
        for task, result in super().run(function, tasks, jobs=jobs, total=total):
            with lock:
                yield task, (*result[:2], 4 // len(tasks), *result[3:]) if function is work.when_and_how else result
