"""The tested videos as arrays for probes: labels, subjects and folds, in the order of the cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vsslfw.evaluation.probes import Described, Null, ProbeFold, null_of, probe, score
from vsslfw.evaluation.repeats import repeats_of
from vsslfw.pipeline.folds import Case
from vsslfw.pipeline.stages import Pipeline
from vsslfw.recipe.schema import Settings
from vsslfw.seeds import Stream

WORTH_IT = 100
"""Probes of a fold: from so many on, starting processes takes less time than it saves."""


@dataclass(frozen=True)
class Tested:
    """N labelled videos: index of the class, subject, and the run's folds."""

    __test__: ClassVar[bool] = False  # pytest would collect a class of this name

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

        # Probes are given the labels that the model is given.
        labelled = [pipeline.labelled[fold.name] for fold in pipeline.folds]
        folds = [ProbeFold(of(fold.train), of(fold.test), repeat) for fold, repeat in zip(labelled, repeats, strict=True)]
        return cls(
            np.array([pipeline.classes.index(case.label) for case in cases]), [case.subject_id for case in cases], folds, pipeline.classes
        )

    def tried(self, described: Described, settings: Settings, stage: str) -> tuple[list[NDArray[np.float64]], dict[str, float], Null]:
        """The probe's probabilities by fold, its scores, and those under the recipe's permutations."""
        from joblib import cpu_count

        stream, m = Stream(settings.seed, stage, described.key), settings.statistics.permutations
        seed, other = (stream / "probe").seed() % 2**31, (stream / "permutations").seed() % 2**31
        # All cores, since a probe needs hardly any memory.
        jobs = int(cpu_count()) if m * len(self.folds) >= WORTH_IT else 1
        given, classes = (self.y, self.subjects, self.folds), len(self.classes)
        answers = probe(described, *given, classes=classes, seed=seed)
        scores = score(self.y, answers, self.folds)
        null = null_of(described, *given, classes=classes, m=m, seed=other, jobs=jobs, value=scores["balanced_accuracy"])
        return answers, scores, null

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
