"""Repeats of the split: which one a fold belongs to, and figures as their mean. A video counts once, however often it is answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from statistics import fmean
from typing import Any

from vsslfw.errors import Problem, RunError
from vsslfw.evaluation.predictions import Prediction

Value = tuple[float | None, str | None]
"""A figure, or none with the reason why it is not defined."""
REPEATS_MEANING = (
    "Every video is answered once in each repeat of the split. Each figure, and each count of answers, is computed in each repeat and "
    "averaged over them, so a video counts once, however often it is answered. Repeats share all their videos: where they agree, the "
    "way of splitting matters little, which says nothing of how sure a figure is for other patients."
)


def repeats_of(tested: Sequence[Collection[str]]) -> list[int]:
    """For each fold, by the videos that it tests: its repeat, 1, 2, ...; folds are given in the order of the scheme.

    A fold whose videos were all tested r times before belongs to repeat r + 1. Of videos that differ in this the greatest r
    counts: such folds are no repeats, which `faults_of` tells.
    """
    times: Counter[str] = Counter()
    found = []
    for videos in tested:
        found.append(1 + max((times[video] for video in videos), default=0))
        times.update(set(videos))
    return found


def faults_of(tested: Sequence[Sequence[str]], videos: Sequence[str]) -> list[str]:
    """Why these folds do not test each of ``videos`` exactly once, or exactly once in each repeat; nothing if they do."""
    times = Counter(video for of_fold in tested for video in of_fold)
    usual = max(1, min((times[video] for video in videos), default=1))
    faults = [f"video {video} is never tested" for video in videos if not times[video]]
    faults += [f"video {video} is tested {n} times" for video, n in sorted(times.items()) if n > usual]
    faults += [f"video {video} is tested and is none of the labelled videos" for video in sorted(times.keys() - set(videos))]
    in_repeat = Counter((repeat, video) for repeat, of_fold in zip(repeats_of(tested), tested, strict=True) for video in of_fold)
    if not faults and any(n > 1 for n in in_repeat.values()):
        faults = [f"every video is tested {usual} times, in folds that overlap: these are no repeats of a split, one after the other"]
    return faults


def by_repeat(predictions: Sequence[Prediction]) -> list[list[Prediction]]:
    """The predictions of each repeat, in order. RunError unless each answers the same videos, of the same truth, once."""
    repeats: dict[int, list[Prediction]] = {}
    for p in predictions:
        repeats.setdefault(p.repeat, []).append(p)
    videos = {p.video: (p.subject, p.label) for p in predictions}
    problems = []
    for number, own in sorted(repeats.items()):
        where = f"repeat {number}" if len(repeats) > 1 else ""
        times = Counter(p.video for p in own)
        problems += [Problem(f"video {video} is answered {n} times, and would count as {n}", where) for video, n in times.items() if n > 1]
        problems += [Problem(f"video {video} is not answered", where) for video in videos if not times[video]]
        problems += [Problem(f"video {p.video} has another truth", where) for p in own if (p.subject, p.label) != videos[p.video]]
    if problems:
        raise RunError(*problems, title="These predictions cannot be measured:")
    return [own for _, own in sorted(repeats.items())]


def mean_value(values: Sequence[Value]) -> Value:
    """The mean over repeats; none, with the first reason, if it is not defined in one of them."""
    numbers = [number for number, _ in values if number is not None]
    if len(values) == 1 or len(numbers) == len(values):
        return (fmean(numbers) if numbers else None), values[0][1]
    number, reason = next((number, reason) for number, (_, reason) in enumerate(values, 1) if reason)
    return None, f"Not defined in repeat {number}: {reason}"


def mean_counts(matrices: Sequence[list[list[int]]]) -> list[list[float]]:
    """(K, K): whole numbers of one repeat, the mean of several."""
    if len(matrices) == 1:
        return [[*row] for row in matrices[0]]
    return [[fmean(cell) for cell in zip(*rows, strict=True)] for rows in zip(*matrices, strict=True)]


def mean_auroc(entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One entry for all repeats: the truth is the same in each, so the others are as well defined as the first."""
    means: dict[str, Any] = {}
    for key, reason in (("value", "reason"), ("prior_only", "prior_only_reason")):
        means[key], means[reason] = mean_value([(entry[key], entry[reason]) for entry in entries])
    return entries[0] | means | {"by_repeat": [entry["value"] for entry in entries]}
