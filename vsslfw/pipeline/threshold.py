"""A threshold other than .5 comes from inner folds of the training videos alone: the tested ones never have a say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vsslfw.errors import Problem, UserError
from vsslfw.pipeline.answers import answer
from vsslfw.pipeline.finetune import fine_tune
from vsslfw.pipeline.folds import Case, FoldTask
from vsslfw.seeds import Stream

INNER_FOLDS = 3


def inner_threshold(task: FoldTask, work: Path) -> tuple[float, list[dict[str, Any]]]:
    """The probability of the positive class with the best balanced accuracy over inner folds, and those folds.

    Each inner fold fine-tunes anew on its part of the training videos; no subject is on two sides. UserError if there are not two subjects
    of each class.
    """
    from sklearn.metrics import roc_curve

    positive = [case.label == task.positive for case in task.fold.train]
    scores = np.full(len(positive), np.nan)
    folds = []
    for number, (train, test) in enumerate(inner_folds(task), start=1):
        own = [task.fold.train[i] for i in train]
        tuned = fine_tune(task, work / f"inner-{number}", own, part=f"inner {number}")
        for i in test:
            said = answer(task.recipe, tuned.model, task.fold.train[i].entry, task.tokens, task.device, occlude=False)["probabilities"]
            scores[i] = said[task.classes.index(task.positive)]
        folds.append({"train": [case.entry.key for case in own], "test": [task.fold.train[i].entry.key for i in test]})
    false, true, thresholds = roc_curve(positive, scores, drop_intermediate=False)
    gain = true - false
    best = [t for t, g in zip(thresholds, gain, strict=True) if g >= gain.max() - 1e-12 and np.isfinite(t)]
    # Halfway to the next lower score: a threshold that is itself a score would hang on that one video.
    chosen = [np.mean([t, max((s for s in scores if s < t), default=0.0)]) for t in best]
    return float(min(chosen, key=lambda t: abs(t - 0.5), default=0.5)), folds


def inner_folds(task: FoldTask) -> list[tuple[list[int], list[int]]]:
    """Up to `INNER_FOLDS` stratified folds of the training cases, by subject. UserError if a class has fewer than two subjects."""
    from sklearn.model_selection import StratifiedGroupKFold

    cases = task.fold.train
    fewest = min(_subjects(cases, task.classes).values())
    if fewest < 2:
        what = f"fold {task.fold.name} has {fewest} training subject of one class; inner folds need two of each"
        raise UserError(Problem(what, "evaluate.threshold", 'Leave it at "half"'))
    seed = Stream(task.recipe.settings.seed, "inner folds").seed() % 2**32
    splitter = StratifiedGroupKFold(min(INNER_FOLDS, fewest), shuffle=True, random_state=seed)
    labels, subjects = [case.label for case in cases], [case.subject_id for case in cases]
    folds = [(list(map(int, train)), list(map(int, test))) for train, test in splitter.split(np.zeros(len(cases)), labels, subjects)]
    lacking = [k for k, (train, _) in enumerate(folds, start=1) if {labels[i] for i in train} != set(task.classes)]
    if lacking:
        what = f"fold {task.fold.name}: inner fold {lacking[0]} has no training video of one class"
        raise UserError(Problem(what, "evaluate.threshold", 'Leave it at "half"'))
    return folds


def _subjects(cases: Sequence[Case], classes: Sequence[str]) -> Counter[str]:
    return Counter({name: len({case.subject_id for case in cases if case.label == name}) for name in classes})
