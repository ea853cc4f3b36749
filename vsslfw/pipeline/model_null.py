"""The whole model under permuted labels, on request: every fold is fine-tuned anew for each permutation of the subjects' labels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from vsslfw.evaluation.levels import answered
from vsslfw.evaluation.permutation import Labels, permuted_labels
from vsslfw.evaluation.probes import Null
from vsslfw.pipeline.folds import Fold, FoldResult, FoldTask
from vsslfw.pipeline.stages import Pipeline
from vsslfw.pipeline.tested import Tested
from vsslfw.seeds import Stream


def null_of_model(pipeline: Pipeline, tested: Tested) -> dict[str, Any] | None:
    """Chance for the model: ``m``, and where balanced accuracy and pooled AUROC lie; none if ``statistics.model_permutations`` is 0.

    The pre-training is the run's own: it never sees a label.
    """
    wanted = pipeline.recipe.settings.statistics.model_permutations
    if not wanted:
        return None
    seed = Stream(pipeline.recipe.settings.seed, "baselines", "model").seed() % 2**31
    others = [y for y in permuted_labels(tested.y, tested.subjects, m=wanted, seed=seed) if _every_class_is_trained(tested, y)]
    tasks: dict[tuple[int, str], FoldTask] = {}
    for number, y in enumerate(others):
        for fold in pipeline.folds:
            tasks[number, fold.name] = pipeline.fold_task(
                _with_labels(pipeline, fold, y, number), pipeline.pretrained[fold.name], null=True
            )
    results = pipeline.fold_results(list(tasks.values()), "baselines")
    null = [_scores(pipeline, tested, y, {f.name: results[tasks[n, f.name].key] for f in pipeline.folds}) for n, y in enumerate(others)]
    scores = {name: [row[name] for row in null] for name in (null[0] if null else ())}
    return Null(len(null), scores).beside(_scores(pipeline, tested, tested.y, pipeline.results))


def _every_class_is_trained(tested: Tested, y: Labels) -> bool:
    return all(len(set(y[fold.train].tolist())) == len(tested.classes) for fold in tested.folds)


def _with_labels(pipeline: Pipeline, fold: Fold, y: Labels, number: int) -> Fold:
    label = {case.video_id: pipeline.classes[k] for case, k in zip(pipeline.features.cases, y, strict=True)}
    train, test = (tuple(replace(case, label=label[case.video_id]) for case in side) for side in (fold.train, fold.test))
    return Fold(f"{fold.name}, permuted labels {number + 1}", train, test)


def _scores(pipeline: Pipeline, tested: Tested, y: Labels, results: dict[str, FoldResult]) -> dict[str, float]:
    from sklearn.metrics import recall_score, roc_auc_score

    rows = []
    for repeat in sorted({fold.repeat for fold in tested.folds}):
        own = [(fold, probed) for fold, probed in zip(pipeline.folds, tested.folds, strict=True) if probed.repeat == repeat]
        true = np.concatenate([y[probed.test] for _, probed in own])
        shares = [a["probabilities"] for fold, _ in own for a in results[fold.name].predictions]
        thresholds = [results[fold.name].threshold for fold, _ in own for _ in fold.test]
        named = [dict(zip(pipeline.classes, row, strict=True)) for row in shares]
        said = [pipeline.classes.index(answered(row, pipeline.positive, t)) for row, t in zip(named, thresholds, strict=True)]
        row = {"balanced_accuracy": float(recall_score(true, said, average="macro", zero_division=0.0))}
        if len(pipeline.classes) == 2:
            index = pipeline.classes.index(pipeline.positive)
            row["auroc_pooled"] = float(roc_auc_score(true == index, [s[index] for s in shares]))
        rows.append(row)
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
