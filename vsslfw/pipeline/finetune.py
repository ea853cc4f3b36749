"""Fine-tuning: the pre-trained encoder and a head learn to tell the classes apart (paper, eq. 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vsslfw.data.samples import FinetuneSamples, LabelledVideo
from vsslfw.digest import digest_of
from vsslfw.engine import Classifier, Training, fit, load_weights
from vsslfw.pipeline import progress
from vsslfw.pipeline.folds import Case, FoldTask, class_weights
from vsslfw.pipeline.pretrain import build_encoder, build_head
from vsslfw.recipe import Recipe
from vsslfw.seeds import Stream

CHECKPOINT_EPOCHS = 10
"""At full size a checkpoint is 1 GB: one an epoch, in each of 81 folds, would take hours to write."""


@dataclass(frozen=True)
class Tuned:
    """A fine-tuned classifier, the loss by epoch, and the class weights of what it was trained on."""

    model: Classifier
    history: list[dict[str, Any]]
    class_weights: dict[str, float]


def build_classifier(recipe: Recipe, feature_dim: int, classes: int, seed_index: int = 0) -> Classifier:
    """Projection, encoder and head, as fine-tuning from scratch begins with them."""
    encoder = build_encoder(recipe, feature_dim, seed_index)
    head = build_head(recipe, recipe.settings.finetune.head, encoder.hidden_dim, classes, seed_index)
    return Classifier(encoder, head, frozen_encoder=recipe.settings.finetune.trained == "head")


def fine_tune(task: FoldTask, work: Path, train: Sequence[Case] | None = None, *, part: str = "") -> Tuned:
    """Fine-tune on the fold's training cases (or on ``train``), or go on from the checkpoint in ``work``.

    ``part`` names a fine-tuning within the fold: its random stream is its own. RunError if the loss diverges.
    """
    settings = task.recipe.settings
    train = task.fold.train if train is None else train
    model = build_classifier(task.recipe, task.feature_dim, len(task.classes), task.seed_index)
    if task.encoder is not None:
        load_weights(task.encoder, model.encoder, task.recipe.registries)
    weights = class_weights(train, task.classes, settings.finetune.class_weights)
    videos = [LabelledVideo(c.entry, task.classes.index(c.label), weights[c.label]) for c in train]
    # Named by what is tested, not by the fold's name: pseudonyms and ids must give the same numbers.
    stream = Stream(settings.seed, "finetune", digest_of(sorted(case.entry.key for case in task.fold.test)))
    for name in (f"seed {task.seed_index}" if task.seed_index else "", part):
        stream = stream / name if name else stream
    samples = FinetuneSamples(videos, settings.positions, task.tokens.pad, stream / "samples", settings.finetune.windows)
    history = fit(
        model,
        samples,
        Training.of(settings.finetune),
        folder=work,
        stream=stream / "fit",
        device=task.device,
        provenance=task.provenance,
        progress=progress.during_fit("validate", 1),
        stage="finetune",
        checkpoint_every=CHECKPOINT_EPOCHS,
    )
    return Tuned(model, history, weights)
