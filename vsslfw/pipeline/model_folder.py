"""A fitted model as a folder: recipe.py, model.safetensors (one a seed), training.safetensors, model.json; and what can be wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from vsslfw.atomic import read_json, replacing, write_json, write_text
from vsslfw.digest import digest_of, digest_of_file
from vsslfw.engine import Classifier, load_weights, save_weights
from vsslfw.errors import Problem, UserError
from vsslfw.pipeline.backbone import FrozenBackbone
from vsslfw.pipeline.finetune import build_classifier
from vsslfw.pipeline.likeness import Likeness, Look
from vsslfw.pipeline.pretrain import Tokens
from vsslfw.recipe import Recipe, load_recipe

FORMAT = 1
RECORD, RECIPE, TRAINING = "model.json", "recipe.py", "training.safetensors"


@dataclass(frozen=True)
class Model:
    """A fitted model: what it is, and its classifiers (one for each seed of fine-tuning), ready to answer."""

    folder: Path
    recipe: Recipe
    record: dict[str, Any]
    likeness: Likeness

    @property
    def classes(self) -> tuple[str, ...]:
        """The K classes, in order."""
        return tuple(self.record["classes"])

    @property
    def positive(self) -> str:
        """The class that the threshold is about."""
        return str(self.record["positive"])

    @property
    def threshold(self) -> float | None:
        """From inner folds of the training videos; none: the most probable class."""
        value = self.record["threshold"]
        return None if value is None else float(value)

    def weights(self) -> list[Path]:
        """The files of the classifiers."""
        return [self.folder / name for name in self.record["weights"]]

    def classifiers(self, device: str) -> list[Classifier]:
        """Built and loaded. UserError if a file does not fit."""
        found = []
        for path in self.weights():
            model = build_classifier(self.recipe, int(self.record["feature_dim"]), len(self.classes))
            load_weights(path, model, self.recipe.registries)
            found.append(model.eval().to(device))
        return found

    def backbone(self, device: str) -> tuple[FrozenBackbone, Tokens]:
        """The frozen backbone and its MASK and PAD. UserError if it is not the one that the model was fitted with."""
        backbone = FrozenBackbone.of(self.recipe, device)
        if digest_of(backbone.key) != self.record["backbone"]:
            what = "the backbone is not the one that this model was fitted with: its weights, version or precision differ"
            raise UserError(Problem(what, str(self.folder / RECIPE), "name the same weights with --set backbone.weights=FILE"))
        return backbone, Tokens(*backbone.tokens)


def write_model(
    folder: Path, recipe: Recipe, classifiers: Sequence[Classifier], record: dict[str, Any], likeness: Likeness, provenance: dict[str, Any]
) -> None:
    """Write the folder; model.json comes last, so that a half-written model is none."""
    (folder / RECORD).unlink(missing_ok=True)
    names = ["model.safetensors"] if len(classifiers) == 1 else [f"model-{k}.safetensors" for k in range(1, len(classifiers) + 1)]
    write_text(folder / RECIPE, recipe.to_text(portable=True))
    for name, classifier in zip(names, classifiers, strict=True):
        save_weights(folder / name, classifier, provenance)
    _save_likeness(folder / TRAINING, likeness)
    files = {name: digest_of_file(folder / name) for name in (RECIPE, TRAINING, *names)}
    whole = {"format": FORMAT, **record, "weights": names, "recipe": recipe.digest, "likeness": likeness.record(), "files": files}
    write_json(folder / RECORD, whole)


def read_model(folder: Path, overrides: Sequence[str] = ()) -> Model:
    """Read a model; ``overrides`` (``KEY=VALUE``) say where files lie that its recipe names.

    UserError, with all that is wrong at once: no model, another format, a file that is missing or was changed, an override that makes
    another model of it.
    """
    path = folder / RECORD
    if not path.is_file():
        what = "there is no such folder" if not folder.is_dir() else f"holds no model: there is no {RECORD}"
        raise UserError(Problem(what, f"MODEL {folder}", "vsslfw fit RECIPE --out FOLDER makes one"))
    try:
        record = read_json(path)
        found, files = record["format"], dict(record["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(Problem(f"cannot be read ({type(error).__name__}: {error})", str(path), "fit the model again")) from error
    if found != FORMAT:
        raise UserError(Problem(f"has format {found}; this version of vsslfw reads format {FORMAT}", str(path)))
    problems = []
    for name, digest in files.items():
        if not (folder / name).is_file():
            problems.append(Problem("is missing", str(folder / name), "copy the whole folder"))
        elif digest_of_file(folder / name) != digest:
            problems.append(Problem("was changed since the model was fitted", str(folder / name), "copy it again, or fit the model again"))
    if problems:
        raise UserError(*problems, title=f"The model in {folder} is not whole:")
    recipe = load_recipe(folder / RECIPE, overrides=overrides)
    if without_data(recipe) != record["recipe_without_data"]:
        allowed = ", ".join(recipe.paths()) or "none"
        what = "these settings make another model of it"
        raise UserError(Problem(what, "--set", f"only where its files lie can be set ({allowed}); to change more, fit it again"))
    return Model(folder, recipe, record, _load_likeness(folder / TRAINING, record["likeness"]))


def without_data(recipe: Recipe) -> str:
    """Digest of all of the recipe but its data set: what a fitted model is."""
    return digest_of({key: value for key, value in recipe.portable().items() if key != "data"})


def _save_likeness(path: Path, likeness: Likeness) -> None:
    from safetensors.torch import save_file

    arrays = {"centre": likeness.centre, "scale": likeness.scale, "features": likeness.features}
    with replacing(path) as part:
        save_file({name: torch.from_numpy(array.copy()) for name, array in arrays.items()}, part)


def _load_likeness(path: Path, record: dict[str, Any]) -> Likeness:
    from safetensors.torch import load_file

    arrays = {name: tensor.numpy() for name, tensor in load_file(path).items()}
    return Likeness([Look(**look) for look in record["looks"]], **arrays, farthest=float(record["farthest"]))
