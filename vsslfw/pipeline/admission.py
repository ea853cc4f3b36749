"""What pre-training may see (design reading 13): its source, and which clips each fold admits."""

from __future__ import annotations

from collections.abc import Sequence

from vsslfw.errors import Problem, UserError
from vsslfw.pipeline.folds import Fold
from vsslfw.pipeline.index import Index
from vsslfw.pipeline.pretrain import PretrainClip
from vsslfw.recipe import Recipe

_HINT = (
    "Pre-train on the training folds' own videos with --set pretrain.source=labelled-train-fold, or train from scratch with "
    "--set pretrain.source=none, or add rows of role contextual to the manifest"
)


def check_source(recipe: Recipe, index: Index) -> None:
    """UserError if the recipe pre-trains on contextual video and there is none: never a silent start from scratch."""
    if recipe.settings.pretrain.source == "contextual" and not index.contextual:
        what = 'pretrain.source is "contextual", and the data has no contextual video to pre-train on'
        raise UserError(Problem(what, where=index.manifest.path.name, hint=_HINT))


def admit(recipe: Recipe, fold: Fold, clips: tuple[PretrainClip, ...]) -> tuple[PretrainClip, ...]:
    """The clips that a fold's pre-training may see; never labelled video of a test subject, in any setting.

    Folds that admit all clips get the same tuple. UserError if a fold is left with none.
    """
    settings = recipe.settings.pretrain
    if settings.source == "none":
        return ()
    if settings.source == "labelled-train-fold" or settings.subjects == "exclude-test-subject":
        clips = _without(fold, clips)
    if not clips:
        raise UserError(Problem("no clip is left for pre-training", where=f"fold {fold.name}", hint=_HINT))
    return clips


def _without(fold: Fold, clips: Sequence[PretrainClip]) -> tuple[PretrainClip, ...]:
    """Neither the test subjects' clips, nor others cut from a file that is tested."""
    tested = {case.content for case in fold.test}
    return tuple(clip for clip in clips if clip.video.row.subject_id not in fold.test_subjects and clip.video.content not in tested)
