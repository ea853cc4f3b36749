"""The final model: pre-trained on every clip and fine-tuned on every labelled video. How good it is, only the validation says."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vsslfw.digest import digest_of
from vsslfw.engine import Classifier
from vsslfw.errors import Problem, UserError
from vsslfw.evaluation import descriptors
from vsslfw.pipeline import progress
from vsslfw.pipeline.admission import admit
from vsslfw.pipeline.blame import naming_culprits
from vsslfw.pipeline.cache import usable
from vsslfw.pipeline.descriptions import of_features
from vsslfw.pipeline.devices import resolve_device
from vsslfw.pipeline.finetune import fine_tune
from vsslfw.pipeline.folds import Fold
from vsslfw.pipeline.likeness import Likeness, look_of
from vsslfw.pipeline.model_folder import RECORD, without_data, write_model
from vsslfw.pipeline.pretrain import PretrainClip, load_pretrained, pretrain
from vsslfw.pipeline.stages import Pipeline
from vsslfw.pipeline.threshold import inner_threshold
from vsslfw.pipeline.validate import check_learnt
from vsslfw.recipe import Recipe

EVERYBODY = "all subjects"


@dataclass(frozen=True)
class FittedModel:
    """A model that was fitted: its folder, and the content of its model.json."""

    folder: Path
    record: dict[str, Any]


def fit_model(recipe: Recipe, *, out: str | Path | None = None, cache: str | Path | None = None, device: str = "auto") -> FittedModel:
    """Fit on all subjects and write the model's folder; what the cache holds is reused, and a killed fit goes on where it stopped.

    ``out`` defaults to ``models/NAME-PROFILE-DIGEST``, ``cache`` to ``.vsslfw-cache`` beside it. UserError on bad input, or if ``out``
    holds something else; RunError if a model diverges.
    """
    folder = Path(out) if out else Path("models") / f"{recipe.settings.name}-{recipe.profile.replace(' ', '-')}-{recipe.digest[:8]}"
    with usable(folder, "--out"):
        if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / RECORD).is_file())):
            raise UserError(Problem("is not empty, and holds no model", f"--out {folder}", "Choose a new folder"))
        folder.mkdir(parents=True, exist_ok=True)
    pipeline = Pipeline(recipe, cache or folder.parent / ".vsslfw-cache", device=resolve_device(device))
    with naming_culprits(recipe), pipeline.stage_cache.used():
        return _fit(pipeline, folder)


def _fit(pipeline: Pipeline, folder: Path) -> FittedModel:
    recipe = pipeline.recipe
    cases = pipeline.features.cases
    fold = Fold(EVERYBODY, cases, ())
    clips = admit(recipe, fold, pipeline.features.clips)
    start = pipeline.pretrain_task(clips)
    pretrained = None if start is None else load_pretrained(start) or pretrain(start)
    tasks = [pipeline.fold_task(fold, pretrained, seed_index=seed) for seed in range(recipe.settings.finetune.seeds)]
    key = digest_of(["final", *(task.key for task in tasks)])
    work = pipeline.stage_cache.stage("final", key)
    classifiers: list[Classifier] = []
    thresholds: list[float] = []
    listener = progress.current()
    with pipeline.stage_cache.lock(key):
        listener.start("validate", len(tasks), "models")
        for task in tasks:
            tuned = fine_tune(task, work / f"seed-{task.seed_index}")
            check_learnt(task, tuned)
            classifiers.append(tuned.model)
            if recipe.settings.evaluate.threshold == "inner-folds":
                thresholds.append(inner_threshold(task, work / f"inner-{task.seed_index}")[0])
        listener.finish("validate")
        record = _record(pipeline, key, tuned.class_weights, clips)
        record["threshold"] = float(np.mean(thresholds)) if thresholds else None
        write_model(folder, recipe, classifiers, record, _likeness(pipeline), pipeline.provenance)
        shutil.rmtree(work, ignore_errors=True)
    return FittedModel(folder, record)


def _likeness(pipeline: Pipeline) -> Likeness:
    cases = pipeline.features.cases
    rows = [pipeline.index.videos[case.video_id] for case in cases]
    looks = [look_of(video, video.row.start_s, video.row.end_s) for video in rows]
    means = of_features(cases, descriptors.mean)
    return Likeness.of(looks, means, [case.subject_id for case in cases])


def _record(pipeline: Pipeline, key: str, weights: dict[str, float], clips: Sequence[PretrainClip]) -> dict[str, Any]:
    cases = pipeline.features.cases
    return {
        "data": pipeline.provenance["data"],
        "name": pipeline.recipe.settings.name,
        "profile": pipeline.recipe.profile,
        "key": key,
        "classes": list(pipeline.classes),
        "positive": pipeline.positive,
        "class_weights": weights,
        "feature_dim": pipeline.backbone.module.feature_dim,
        "backbone": digest_of(pipeline.backbone.key),
        "recipe_without_data": without_data(pipeline.recipe),
        "training": {
            "subjects": len({case.subject_id for case in cases}),
            "subjects_by_class": {c: len({case.subject_id for case in cases if case.label == c}) for c in pipeline.classes},
            "videos_by_class": dict(Counter(case.label for case in cases)),
            "seconds": round(sum(case.seconds for case in cases), 3),
            "contents": sorted({case.content for case in cases}),
            "pretraining_contents": sorted({clip.video.content for clip in clips}),
            "clips": len(clips),
        },
        "provenance": pipeline.provenance,
    }
