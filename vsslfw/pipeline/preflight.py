"""What can be known from the manifest's rows alone is checked before any file is opened: a run must not fail hours later over it."""

from __future__ import annotations

from collections.abc import Sequence

from vsslfw.data.manifest import Manifest
from vsslfw.data.spelling import nfc
from vsslfw.errors import Problem, UserError, did_you_mean
from vsslfw.pipeline.admission import EMPTY_SOURCE, admits, nothing_admitted
from vsslfw.pipeline.splits import Split, inner_split, split
from vsslfw.recipe import Recipe


def preflight(recipe: Recipe, manifest: Manifest) -> None:
    """UserError with all at once: labels that do not fit, a split that cannot be made, a pre-training without a source."""
    splits, unsplittable = split(recipe, manifest.labelled, manifest.labels)
    problems = [*_labels(recipe, manifest), *unsplittable, *_source(recipe, manifest, splits), *_threshold(recipe, manifest, splits)]
    if problems:
        raise UserError(*problems, title=f"{manifest.path.name} and the recipe do not fit together:")


def classes_of(recipe: Recipe, manifest: Manifest) -> tuple[str, ...]:
    """The K classes: the recipe's, or every label of the manifest in alphabetical order."""
    return tuple(map(nfc, recipe.settings.labels.classes or manifest.labels))


def positive_of(recipe: Recipe, manifest: Manifest) -> str:
    """The positive class: the recipe's, or the first."""
    return nfc(recipe.settings.labels.positive or classes_of(recipe, manifest)[0])


def _labels(recipe: Recipe, manifest: Manifest) -> list[Problem]:
    classes, borne = classes_of(recipe, manifest), manifest.labels
    problems = []
    for label in borne:
        if label not in classes:
            hint = did_you_mean(label, classes)
            problems.append(Problem(f'label "{label}" of {manifest.path.name} is not one of them', "labels.classes", hint))
    for name in classes:
        if name not in borne:
            problems.append(Problem(f'no video bears the label "{name}"', "labels.classes", did_you_mean(name, borne)))
    positive = positive_of(recipe, manifest)
    if positive not in borne and positive not in classes:
        problems.append(Problem(f'no video bears the label "{positive}"', "labels.positive", did_you_mean(positive, borne)))
    return problems


def _source(recipe: Recipe, manifest: Manifest, splits: Sequence[Split]) -> list[Problem]:
    """Only contextual video can be missing: a fold that can be split has labelled video to pre-train on."""
    if recipe.settings.pretrain.source != "contextual":
        return []
    subjects = {row.subject_id for row in manifest.contextual}
    if not subjects:
        return [EMPTY_SOURCE]
    labelled = manifest.labelled
    return [
        nothing_admitted(part.name)
        for part in splits
        if not any(admits(recipe, {labelled[i].subject_id for i in part.test}, subject) for subject in subjects)
    ]


def _threshold(recipe: Recipe, manifest: Manifest, splits: Sequence[Split]) -> list[Problem]:
    """A threshold needs two classes, and inner folds in every fold."""
    if recipe.settings.evaluate.threshold == "half":
        return []
    hint = 'Leave it at "half"'
    classes = classes_of(recipe, manifest)
    if len(classes) != 2:
        return [Problem(f"a threshold is for two classes, here are {len(classes)}", "evaluate.threshold", hint)]
    problems = []
    for part in splits:
        rows = [manifest.labelled[i] for i in part.train]
        reason = inner_split([row.label or "" for row in rows], [row.subject_id for row in rows], recipe.settings.seed)[1]
        if reason:
            problems.append(Problem(f"fold {part.name}: {reason}", "evaluate.threshold", hint))
    return problems
