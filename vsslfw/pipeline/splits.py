"""How the labelled videos are split for validation, and whether they can be: from labels and subjects alone (paper, section 4.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vsslfw.data.manifest import VideoRow
from vsslfw.errors import Problem
from vsslfw.evaluation.audits import listed
from vsslfw.evaluation.repeats import faults_of
from vsslfw.recipe import Recipe
from vsslfw.seeds import Stream


@dataclass(frozen=True)
class Split:
    """A named fold as indices of the labelled videos."""

    name: str
    train: tuple[int, ...]
    test: tuple[int, ...]


def split(recipe: Recipe, rows: Sequence[VideoRow], classes: Sequence[str]) -> tuple[list[Split], list[Problem]]:
    """The recipe's validation scheme over these labelled videos (each of one of ``classes``), and what is wrong with it.

    A fold that tests one subject bears the subject's id. Wrong is a scheme that cannot split these videos, gives other splits each
    time or does not test every video once (in each repeat), and a fold that tests nothing, has a subject on two sides or lacks a
    class in training: what a run's audit would find, before any file is opened.
    """
    scheme_name = recipe.settings.validation["type"]
    scheme = recipe.registries.build("validation", recipe.settings.validation)
    classes = sorted(classes)
    labels, subjects = [row.label or "" for row in rows], [row.subject_id for row in rows]
    X = np.empty(len(rows), dtype=object)
    X[:] = [row.extra | {"video_id": row.video_id, "subject_id": row.subject_id, "label": row.label or ""} for row in rows]
    arguments = (X, np.array([classes.index(label) for label in labels]), np.array(subjects))
    try:
        parts, again = ([(list(map(int, train)), list(map(int, test))) for train, test in scheme.split(*arguments)] for _ in range(2))
    except ValueError as error:  # scikit-learn's words for too few subjects, too few of a class, ...
        what = f"{scheme_name} cannot split these {len(labels)} videos of {len(set(subjects))} subjects: {error}"
        return [], [Problem(what, "validation")]
    if parts != again:
        hint = "give it a random_state, or no shuffling"
        return [], [Problem(f"{scheme_name} gives other splits each time that it is asked: no run could be repeated", "validation", hint)]
    splits = []
    for number, (train, test) in enumerate(parts, start=1):
        tested = {subjects[i] for i in test}
        name = tested.pop() if len(tested) == 1 else f"fold-{number:02d}"
        splits.append(Split(name, tuple(train), tuple(test)))
    splits = _named_apart(splits)
    videos = [row.video_id for row in rows]
    faults = faults_of([[videos[i] for i in part.test] for part in splits], videos)
    problems = [Problem(listed(faults), f"validation {scheme_name}")] if faults else []
    problems += [problem for part in splits if (problem := _unusable(part, subjects) or _lacking(part, labels, classes))]
    return splits, problems


def _named_apart(splits: list[Split]) -> list[Split]:
    """The number of the fold follows a name that several bear: a subject is tested in each repeat, an id looks like another's name."""
    while len(names := Counter(part.name for part in splits)) < len(splits):
        splits = [replace(s, name=f"{s.name}-{n:02d}") if names[s.name] > 1 else s for n, s in enumerate(splits, start=1)]
    return splits


def _unusable(part: Split, subjects: Sequence[str]) -> Problem | None:
    both = sorted({subjects[i] for i in part.train} & {subjects[i] for i in part.test})
    if both:
        return Problem(f"subject {', '.join(both)} is in training and in test", f"fold {part.name}", "split by groups: the subjects")
    if not part.test:
        return Problem("no video is tested", f"fold {part.name}", "fewer folds: there are not enough subjects for each")
    return None


def _lacking(part: Split, labels: Sequence[str], classes: Sequence[str]) -> Problem | None:
    left = {labels[i] for i in part.train}
    lacking = [name for name in classes if name not in left]
    if not lacking:
        return None
    hint = "every training fold needs every class: at least two subjects of each"
    return Problem(f"without the tested subjects no {', '.join(lacking)} video is left to train on", f"fold {part.name}", hint)


INNER_FOLDS = 3


def inner_split(labels: Sequence[str], subjects: Sequence[str], seed: int) -> tuple[list[tuple[list[int], list[int]]], str]:
    """Up to `INNER_FOLDS` stratified folds of a fold's training videos, by subject; or none, and why there are none."""
    from sklearn.model_selection import StratifiedGroupKFold

    classes = set(labels)
    fewest = min((len({s for s, label in zip(subjects, labels, strict=True) if label == name}) for name in classes), default=0)
    if fewest < 2:
        return [], "a class has fewer than two training subjects; inner folds need two of each"
    splitter = StratifiedGroupKFold(min(INNER_FOLDS, fewest), shuffle=True, random_state=Stream(seed, "inner folds").seed() % 2**32)
    folds = [(list(map(int, train)), list(map(int, test))) for train, test in splitter.split(np.zeros(len(labels)), labels, subjects)]
    if any({labels[i] for i in train} != classes for train, _ in folds):
        return [], "an inner fold would have no training video of one class"
    return folds, ""
