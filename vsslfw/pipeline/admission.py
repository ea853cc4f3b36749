"""What pre-training may see (design reading 13): its source, and which clips each fold admits."""

from __future__ import annotations

from collections.abc import Collection

from vsslfw.errors import Problem, UserError
from vsslfw.pipeline.folds import Fold
from vsslfw.pipeline.index import Index
from vsslfw.pipeline.pretrain import PretrainClip
from vsslfw.recipe import Recipe

_HINT = (
    "Pre-train on the training folds' own videos with --set pretrain.source=labelled-train-fold, or train from scratch with "
    "--set pretrain.source=none, or add rows of role contextual to the manifest"
)
EMPTY_SOURCE = Problem("the data has no contextual video to pre-train on", 'pretrain.source "contextual"', _HINT)


def check_source(recipe: Recipe, index: Index) -> None:
    """UserError if the recipe pre-trains on contextual video and no clip can be drawn: never a silent start from scratch."""
    if recipe.settings.pretrain.source == "contextual" and not index.contextual:
        raise UserError(EMPTY_SOURCE)


def nothing_admitted(fold: str) -> Problem:
    """What to say of a fold that is left with no clip to pre-train on."""
    return Problem("no clip is left for pre-training", f"fold {fold}", _HINT)


def admits(recipe: Recipe, tested: Collection[str], subject: str) -> bool:
    """Whether the pre-training of a fold that tests these subjects may see video of ``subject``."""
    settings = recipe.settings.pretrain
    everyone = settings.source == "contextual" and settings.subjects == "all"
    return everyone or subject not in tested


def admit(recipe: Recipe, fold: Fold, clips: tuple[PretrainClip, ...]) -> tuple[PretrainClip, ...]:
    """The clips that a fold's pre-training may see; never labelled video of a test subject, in any setting.

    Folds that admit all clips get the same tuple. UserError if a fold is left with none.
    """
    settings = recipe.settings.pretrain
    if settings.source == "none":
        return ()
    if settings.source == "labelled-train-fold" or settings.subjects == "exclude-test-subject":
        # Nor clips of another row that are cut from a file that is tested.
        tested = {case.content for case in fold.test}
        clips = tuple(c for c in clips if admits(recipe, fold.test_subjects, c.video.row.subject_id) and c.video.content not in tested)
    if not clips:
        raise UserError(nothing_admitted(fold.name))
    return clips
