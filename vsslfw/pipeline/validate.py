"""Stage 4, validate: each fold fine-tunes the pre-trained encoder and answers for the videos it never saw (paper, eq. 2)."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from vsslfw.atomic import write_json
from vsslfw.engine import check_tells_apart
from vsslfw.pipeline.answers import answer
from vsslfw.pipeline.blame import naming_culprits
from vsslfw.pipeline.cache import Cache
from vsslfw.pipeline.finetune import Tuned, fine_tune
from vsslfw.pipeline.folds import FoldResult, FoldTask, load_fold
from vsslfw.pipeline.origin import measured_unless_resumed, write_origin
from vsslfw.pipeline.threshold import inner_threshold

COLLAPSE_CASES = 32
"""Training videos over which a model that answers the same for everything is looked for."""


def run_fold(task: FoldTask) -> FoldResult:
    """Fine-tune and predict, or continue where a killed run stopped; RunError if the loss diverges or all answers are the same."""
    cache = Cache(task.cache)
    with cache.lock(task.key):
        found = load_fold(task)
        if found is not None:
            return found
        with naming_culprits(task.recipe), measured_unless_resumed(task, cache.stage("folds", task.key)):
            return _run_fold(task, cache.stage("folds", task.key))


def _run_fold(task: FoldTask, folder: Path) -> FoldResult:
    work = folder / "work"
    tuned = fine_tune(task, work)
    if not task.null:
        check_learnt(task, tuned)
    threshold, inner = inner_threshold(task, work) if task.recipe.settings.evaluate.threshold == "inner-folds" else (None, [])
    predictions = [answer(task.recipe, tuned.model, case.entry, task.tokens, task.device) for case in task.fold.test]
    result: dict[str, Any] = {
        "predictions": predictions,
        "history": tuned.history,
        "class_weights": tuned.class_weights,
        "provenance": task.provenance,
        "threshold": threshold,
        "inner": inner,
    }
    write_json(folder / "result.json", result)
    write_origin(folder, task.inputs, task.provenance)
    shutil.rmtree(work, ignore_errors=True)
    return FoldResult(task.key, **result, reused=False)


def check_learnt(task: FoldTask, tuned: Tuned) -> None:
    """RunError if the classifier answers the same for all of some training videos."""
    seen = task.fold.train[:: max(1, len(task.fold.train) // COLLAPSE_CASES)]
    answers = [answer(task.recipe, tuned.model, case.entry, task.tokens, task.device, occlude=False)["probabilities"] for case in seen]
    check_tells_apart(np.array(answers))
