"""How subjects, videos and folds are called in what a run writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vsslfw.data.pseudonyms import Pseudonyms
from vsslfw.pipeline.folds import Fold
from vsslfw.pipeline.stages import Pipeline


@dataclass(frozen=True)
class Names:
    """How subjects, videos and folds are called in what a run writes: by pseudonym, or (``--identify``) by their ids."""

    subject: Callable[[str], str]
    video: Callable[[str], str]

    @classmethod
    def of(cls, pipeline: Pipeline, *, identify: bool) -> Names:
        """Real names, or the pseudonyms of this manifest."""
        if identify:
            return cls(str, str)
        pseudonyms = pseudonyms_of(pipeline)
        return cls(pseudonyms.subject, pseudonyms.video)

    def fold(self, fold: Fold) -> str:
        """A fold that tests one subject bears that subject's name, others a number."""
        if len(fold.test_subjects) != 1:
            return fold.name
        (subject,) = fold.test_subjects
        return self.subject(subject) + fold.name.removeprefix(subject)


def pseudonyms_of(pipeline: Pipeline) -> Pseudonyms:
    """The pseudonyms of the run's manifest; the same for the same manifest and seed."""
    return Pseudonyms.of(pipeline.index.manifest, pipeline.recipe.settings.seed)
