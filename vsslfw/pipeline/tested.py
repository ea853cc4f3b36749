"""The tested videos as arrays for probes: labels, subjects and folds, in the order of the cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsslfw.evaluation.probes import ProbeFold
from vsslfw.evaluation.repeats import repeats_of
from vsslfw.pipeline.folds import Case
from vsslfw.pipeline.stages import Pipeline


@dataclass(frozen=True)
class Tested:
    """N labelled videos: index of the class, subject, and the run's folds."""

    y: NDArray[np.int64]
    subjects: list[str]
    folds: list[ProbeFold]
    classes: tuple[str, ...]

    @classmethod
    def of(cls, pipeline: Pipeline) -> Tested:
        """Of a run whose videos are split."""
        cases = pipeline.features.cases
        at = {case.video_id: number for number, case in enumerate(cases)}
        repeats = repeats_of([[case.video_id for case in fold.test] for fold in pipeline.folds])

        def of(side: tuple[Case, ...]) -> NDArray[np.intp]:
            return np.array([at[case.video_id] for case in side], dtype=np.intp)

        folds = [ProbeFold(of(fold.train), of(fold.test), repeat) for fold, repeat in zip(pipeline.folds, repeats, strict=True)]
        return cls(
            np.array([pipeline.classes.index(case.label) for case in cases]), [case.subject_id for case in cases], folds, pipeline.classes
        )

    def key(self, pipeline: Pipeline) -> dict[str, Any]:
        """What results over these videos and folds depend on: contents and labels, who shares a subject, and not the subjects' ids."""
        numbers: dict[str, int] = {}
        for subject in self.subjects:
            numbers.setdefault(subject, len(numbers))
        return {
            "videos": [case.entry.key for case in pipeline.features.cases],
            "labels": self.y.tolist(),
            "subjects": [numbers[subject] for subject in self.subjects],
            "folds": [[fold.train.tolist(), fold.test.tolist(), fold.repeat] for fold in self.folds],
            "positive": pipeline.positive,
            "seed": pipeline.recipe.settings.seed,
            "permutations": pipeline.recipe.settings.statistics.permutations,
        }
