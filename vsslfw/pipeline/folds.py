"""Stage 4, validate: the folds; each fine-tunes the pre-trained encoder and predicts the videos it never saw (paper, eq. 2)."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vsslfw.atomic import read_json, write_json
from vsslfw.data.samples import FinetuneSamples, LabelledVideo, video_batches
from vsslfw.data.store import FeatureEntry
from vsslfw.digest import digest_of
from vsslfw.engine import Classifier, Training, check_tells_apart, fit, load_weights, predict
from vsslfw.evaluation.aggregate import aggregate
from vsslfw.pipeline import progress
from vsslfw.pipeline.blame import naming_culprits
from vsslfw.pipeline.cache import Cache
from vsslfw.pipeline.keys import component_key
from vsslfw.pipeline.pretrain import Tokens, build_encoder, build_head
from vsslfw.recipe import Recipe
from vsslfw.seeds import Stream

CHECKPOINT_EPOCHS = 10
"""At full size a checkpoint is 1 GB: one an epoch, in each of 81 folds, would take hours to write."""
COLLAPSE_CASES = 32
"""Training videos over which a model that answers the same for everything is looked for."""


@dataclass(frozen=True)
class Case:
    """A labelled video with its features."""

    video_id: str
    subject_id: str
    label: str
    seconds: float
    content: str
    entry: FeatureEntry


@dataclass(frozen=True)
class Fold:
    """A named split of the cases."""

    name: str
    train: tuple[Case, ...]
    test: tuple[Case, ...]

    @property
    def test_subjects(self) -> frozenset[str]:
        """The subjects that are tested, and never trained on."""
        return frozenset(case.subject_id for case in self.test)


@dataclass(frozen=True)
class FoldTask:
    """One fold: everything a worker process needs."""

    key: str
    fold: Fold
    recipe: Recipe
    cache: Path
    encoder: Path | None
    tokens: Tokens
    feature_dim: int
    classes: tuple[str, ...]
    device: str
    provenance: dict[str, Any]


@dataclass(frozen=True)
class FoldResult:
    """Per test case, in order, its features' key, probabilities (K,) and number of windows; and the loss by epoch."""

    key: str
    predictions: list[dict[str, Any]]
    history: list[dict[str, Any]]
    class_weights: dict[str, float]
    reused: bool
    provenance: dict[str, Any] = field(default_factory=dict)


def fold_key(recipe: Recipe, fold: Fold, pretrain_key: str | None, backbone_key: dict[str, Any], classes: Sequence[str]) -> str:
    """Digest of all that a fold's predictions depend on: which training videos share a subject, and not the subjects' ids."""
    settings = recipe.settings
    subjects: dict[str, int] = {}
    for case in fold.train:
        subjects.setdefault(case.subject_id, len(subjects))
    return digest_of(
        {
            "stage": "fold",
            "seed": settings.seed,
            "positions": settings.positions,
            "pretrain": pretrain_key,
            "backbone": backbone_key,
            "encoder": component_key(recipe, "encoder", settings.encoder),
            "head": component_key(recipe, "head", settings.finetune.head),
            "settings": settings.finetune.model_dump(mode="json", exclude={"region", "head"}),
            "evaluate": settings.evaluate.model_dump(mode="json"),
            "classes": list(classes),
            "train": [[case.entry.key, case.label, subjects[case.subject_id]] for case in fold.train],
            "test": [case.entry.key for case in fold.test],
        }
    )


def class_weights(cases: Sequence[Case], classes: Sequence[str], counting: str) -> dict[str, float]:
    """Weight of each class from the training cases alone: scikit-learn's "balanced", counting videos or subjects (reading 11)."""
    from sklearn.utils.class_weight import compute_class_weight

    if counting == "none":
        return dict.fromkeys(classes, 1.0)
    labels = [case.label for case in cases]
    if counting == "subjects":
        labels = [label for _, label in sorted({(case.subject_id, case.label) for case in cases})]
    weights = compute_class_weight("balanced", classes=np.array(classes), y=labels)
    return dict(zip(classes, map(float, weights), strict=True))


def load_fold(task: FoldTask) -> FoldResult | None:
    """The result of this task if the cache holds it."""
    path = Cache(task.cache).stage("folds", task.key) / "result.json"
    return FoldResult(task.key, **read_json(path), reused=True) if path.is_file() else None


def run_fold(task: FoldTask) -> FoldResult:
    """Fine-tune and predict, or continue where a killed run stopped; RunError if the loss diverges or all answers are the same."""
    cache = Cache(task.cache)
    with cache.lock(task.key):
        found = load_fold(task)
        if found is not None:
            return found
        with naming_culprits(task.recipe):
            return _run_fold(task, cache.stage("folds", task.key))


def build_classifier(recipe: Recipe, feature_dim: int, classes: int) -> Classifier:
    """Projection, encoder and head, as fine-tuning from scratch begins with them."""
    encoder = build_encoder(recipe, feature_dim)
    return Classifier(encoder, build_head(recipe, recipe.settings.finetune.head, encoder.hidden_dim, classes))


def _run_fold(task: FoldTask, folder: Path) -> FoldResult:
    settings = task.recipe.settings
    model = build_classifier(task.recipe, task.feature_dim, len(task.classes))
    if task.encoder is not None:
        load_weights(task.encoder, model.encoder, task.recipe.registries)
    weights = class_weights(task.fold.train, task.classes, settings.finetune.class_weights)
    videos = [LabelledVideo(c.entry, task.classes.index(c.label), weights[c.label]) for c in task.fold.train]
    # Named by what is tested, not by the fold's name: pseudonyms and ids must give the same numbers.
    stream = Stream(settings.seed, "finetune", digest_of(sorted(case.entry.key for case in task.fold.test)))
    samples = FinetuneSamples(videos, settings.positions, task.tokens.pad, stream / "samples", settings.finetune.windows)
    plan = Training.of(settings.finetune)

    work = folder / "work"
    history = fit(
        model,
        samples,
        plan,
        folder=work,
        stream=stream / "fit",
        device=task.device,
        provenance=task.provenance,
        progress=progress.during_fit("validate", 1),
        stage="finetune",
        checkpoint_every=CHECKPOINT_EPOCHS,
    )
    seen = task.fold.train[:: max(1, len(task.fold.train) // COLLAPSE_CASES)]
    check_tells_apart(np.stack([_predict(task, model, case)[0] for case in seen]))
    predictions = []
    for case in task.fold.test:
        probabilities, windows = _predict(task, model, case)
        predictions.append({"features": case.entry.key, "probabilities": probabilities.tolist(), "windows": windows})
    result: dict[str, Any] = {"predictions": predictions, "history": history, "class_weights": weights, "provenance": task.provenance}
    write_json(folder / "result.json", result)
    shutil.rmtree(work, ignore_errors=True)
    return FoldResult(task.key, **result, reused=False)


def _predict(task: FoldTask, model: Classifier, case: Case) -> tuple[np.ndarray[Any, Any], int]:
    """A whole video: the average of its windows' predictions (paper, section 4; reading 9)."""
    settings = task.recipe.settings
    stride = settings.evaluate.stride or settings.positions
    batches = video_batches(case.entry, settings.positions, task.tokens.pad, stride=stride, right_align=settings.evaluate.right_align)
    probabilities = predict(model, batches, device=task.device, precision=settings.finetune.precision)
    return aggregate(probabilities, settings.evaluate.aggregate), len(batches)
