"""A threshold other than .5 comes from inner folds of the training videos alone: the tested ones never have a say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vsslfw.errors import Problem, UserError
from vsslfw.pipeline.answers import answer
from vsslfw.pipeline.finetune import fine_tune
from vsslfw.pipeline.folds import FoldTask
from vsslfw.pipeline.splits import inner_split


def inner_threshold(task: FoldTask, work: Path) -> tuple[float, list[dict[str, Any]]]:
    """The probability of the positive class with the best balanced accuracy over inner folds, and those folds.

    Each inner fold fine-tunes anew on its part of the training videos; no subject is on two sides. UserError if there can be none.
    """
    from sklearn.metrics import roc_curve

    positive = [case.label == task.positive for case in task.fold.train]
    scores = np.full(len(positive), np.nan)
    folds = []
    labels, subjects = [case.label for case in task.fold.train], [case.subject_id for case in task.fold.train]
    parts, reason = inner_split(labels, subjects, task.recipe.settings.seed)
    if reason:  # preflight has looked, but videos may have been left out since
        raise UserError(Problem(reason, f"fold {task.fold.name}", "evaluate.threshold=half needs no inner folds"))
    for number, (train, test) in enumerate(parts, start=1):
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
