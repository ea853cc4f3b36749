"""What a fold is, what its result depends on, and what it left (paper, section 4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from vsslfw.atomic import read_json
from vsslfw.data.store import FeatureEntry
from vsslfw.last_use import note_use
from vsslfw.pipeline.cache import Cache
from vsslfw.pipeline.keys import component_key
from vsslfw.pipeline.pretrain import Tokens
from vsslfw.recipe import Recipe


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
    """One fold, fine-tuned with one seed: everything a worker process needs."""

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
    positive: str = ""
    """The class that the threshold of inner folds is about."""
    seed_index: int = 0
    """Which of the seeds of ``finetune.seeds``."""
    null: bool = False
    """Its labels are permuted: to answer the same for everything is no mistake then."""
    inputs: dict[str, Any] = field(default_factory=dict)
    """What the key digests."""

    @property
    def work(self) -> dict[str, Any]:
        """What kind of work it is, as `vsslfw.pipeline.origin.Costs` counts it."""
        settings = self.recipe.settings
        head = settings.finetune.model_dump(mode="json", include={"head", "batch_size", "micro_batch", "precision", "trained"})
        own = {"encoder": settings.encoder, "positions": settings.positions, "feature_dim": self.feature_dim, "device": self.device}
        return {"stage": "fold", **own, **head, "evaluate": settings.evaluate.model_dump(mode="json")}

    @property
    def units(self) -> int:
        """How much of it: training videos times epochs."""
        return max(1, len(self.fold.train)) * self.recipe.settings.finetune.epochs


@dataclass(frozen=True)
class FoldResult:
    """Per test case, in order, what `vsslfw.pipeline.answers.answer` says of it; and the loss by epoch."""

    key: str
    predictions: list[dict[str, Any]]
    history: list[dict[str, Any]]
    class_weights: dict[str, float]
    reused: bool
    provenance: dict[str, Any] = field(default_factory=dict)
    threshold: float | None = None
    """Of the positive class, from inner folds; none: the most probable class is the answer."""
    inner: list[dict[str, Any]] = field(default_factory=list)
    """The inner folds that the threshold came from: features' keys trained on and answered."""


def fold_inputs(
    recipe: Recipe,
    fold: Fold,
    pretrain_key: str | None,
    backbone_key: dict[str, Any],
    classes: Sequence[str],
    *,
    positive: str = "",
    seed_index: int = 0,
) -> dict[str, Any]:
    """All that a fold's predictions depend on; its digest is the key. It holds who shares a subject, and not the subjects' ids."""
    settings = recipe.settings
    chosen = {"positive": positive} if settings.evaluate.threshold == "inner-folds" else {}
    seeded = {"seed_index": seed_index} if seed_index else {}
    subjects: dict[str, int] = {}
    for case in fold.train:
        subjects.setdefault(case.subject_id, len(subjects))
    return {
        "stage": "fold",
        "seed": settings.seed,
        "positions": settings.positions,
        "pretrain": pretrain_key,
        "backbone": backbone_key,
        "encoder": component_key(recipe, "encoder", settings.encoder),
        "head": component_key(recipe, "head", settings.finetune.head),
        "settings": settings.finetune.model_dump(mode="json", exclude={"region", "head", "seeds", "label_fraction"}),
        "evaluate": settings.evaluate.model_dump(mode="json"),
        "classes": list(classes),
        "train": [[case.entry.key, case.label, subjects[case.subject_id]] for case in fold.train],
        "test": [case.entry.key for case in fold.test],
        **chosen,
        **seeded,
    }


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
    if not path.is_file():
        return None
    note_use(path)
    return FoldResult(task.key, **read_json(path), reused=True)


def mean_over_seeds(results: Sequence[FoldResult]) -> FoldResult:
    """One result for a fold: probabilities and threshold averaged over its seeds; the history and the key are the first one's."""
    if len(results) == 1:
        return results[0]
    predictions = []
    for answers in zip(*(result.predictions for result in results), strict=True):
        mean = {name: np.mean([answer[name] for answer in answers], axis=0).tolist() for name in ("probabilities", "window_probabilities")}
        hidden = zip(*(answer["occlusion"] for answer in answers), strict=True)
        occlusion = [[*of_seeds[0][:2], np.mean([shares for *_, shares in of_seeds], axis=0).tolist()] for of_seeds in hidden]
        predictions.append(answers[0] | mean | {"occlusion": occlusion})
    thresholds = [result.threshold for result in results if result.threshold is not None]
    threshold = fmean(thresholds) if thresholds else None
    return replace(results[0], predictions=predictions, threshold=threshold, reused=all(result.reused for result in results))
