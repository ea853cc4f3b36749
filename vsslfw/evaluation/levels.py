"""The result at three levels: each window alone, each video, and each subject (once for each label that their videos bear)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsslfw.evaluation.calibration import at_training_shares
from vsslfw.evaluation.measures import RANGES, Answers, Measures, constant_answers
from vsslfw.evaluation.options import StatisticsOptions
from vsslfw.evaluation.predictions import Prediction, WindowAnswer
from vsslfw.evaluation.repeats import Value, mean_value
from vsslfw.evaluation.uncertainty import SubjectBootstrap, intervals

Weights = Mapping[str, Mapping[str, float]]
"""Fold -> class -> its weight in training."""
RULES = {
    "window": ("a window of a video", "Each window answers alone, with its most probable class; windows of one video are not independent."),
    "video": ("a video", "The mean probability of its windows; a threshold, if one was chosen, comes from inner folds."),
    "subject": (
        "a subject, once for each label that their videos bear",
        "The mean probability of the subject's videos of one label. A subject with videos of two labels is two units, each of which can be "
        "right or wrong, so that neither hides the other; when subjects are resampled, both go together.",
    ),
}


@dataclass(frozen=True)
class Level:
    """Answers of one level. Repeats hold the same units in the same order."""

    name: str
    repeats: Sequence[Answers]
    subjects: Sequence[str]
    labels: Sequence[str]
    measures: Measures
    options: StatisticsOptions

    @classmethod
    def of(
        cls, name: str, repeats: Sequence[Sequence[Prediction]], measures: Measures, weights: Weights, options: StatisticsOptions
    ) -> Level:
        """A level of these units; ``video`` is what names one."""
        ordered = [sorted(own, key=lambda p: p.video) for own in repeats]
        answers = [_answers(own, measures.classes, weights) for own in ordered]
        return cls(name, answers, [p.subject for p in ordered[0]], [p.label for p in ordered[0]], measures, options)

    @cached_property
    def bootstrap(self) -> SubjectBootstrap:
        """The resamples of its subjects."""
        return SubjectBootstrap(self.subjects, self.labels, self.options.resamples, self.options.confidence, self.options.seed)

    def mean_over_repeats(self, compute: Callable[[Answers], Any], units: NDArray[np.intp] | None = None) -> Any:
        """The mean of what ``compute`` gives in each repeat, for a resample's units or all."""
        return np.mean([compute(own if units is None else own[units]) for own in self.repeats], axis=0)

    def definitions(self) -> dict[str, dict[str, Any]]:
        """Every definition with its value, interval, constant answer, meaning and the value in each repeat."""
        models = [self.measures.figures(own) for own in self.repeats]
        always = self.measures.figures(constant_answers(self.repeats[0].true, len(self.measures.classes)))
        values = {key: mean_value([figures[key] for figures in models]) for key in always}

        def resampled(units: NDArray[np.intp]) -> dict[str, float | None]:
            rows = [self.measures.figures(own[units]) for own in self.repeats]
            return {key: mean_value([row[key] for row in rows])[0] for key in always}

        found = intervals(self.bootstrap, {key: value for key, (value, _) in values.items()}, resampled, RANGES)
        return {
            key: _entry(name, meaning, values[key], always[key], found[key], [figures[key][0] for figures in models])
            for key, (name, meaning) in self.measures.meanings().items()
        }

    def record(self) -> dict[str, Any]:
        """The level as metrics.json holds it."""
        unit, rule = RULES[self.name]
        return {"n": len(self.subjects), "unit": unit, "rule": rule, "definitions": self.definitions()}


def _entry(
    name: str,
    meaning: str,
    value: Value,
    constant: Value,
    interval: tuple[dict[str, float] | None, str | None],
    by_repeat: list[float | None],
) -> dict[str, Any]:
    return {
        "name": name,
        "value": value[0],
        "constant": constant[0],
        "reason": value[1],
        "constant_reason": constant[1],
        "interval": interval[0],
        "interval_reason": interval[1],
        "meaning": meaning,
        "by_repeat": by_repeat,
    }


def by_window(windows: Sequence[WindowAnswer]) -> list[list[Prediction]]:
    """Each window as an answer of its own, by repeat."""
    repeats: dict[int, list[Prediction]] = {}
    counts: dict[tuple[int, str], int] = {}
    for w in sorted(windows, key=lambda w: (w.repeat, w.video, w.start_s, w.end_s)):
        number = counts[w.repeat, w.video] = counts.get((w.repeat, w.video), 0) + 1
        said = max(w.probabilities, key=lambda name: w.probabilities[name])
        own = Prediction(w.fold, f"{w.video} {number:06d}", w.subject, w.label, said, w.probabilities, 1, w.end_s - w.start_s)
        repeats.setdefault(w.repeat, []).append(replace(own, repeat=w.repeat))
    return [own for _, own in sorted(repeats.items())]


def by_subject(repeats: Sequence[Sequence[Prediction]], positive: str) -> list[list[Prediction]]:
    """One answer for each subject and label, by repeat: the mean probability of the subject's videos of that label."""
    return [_subjects(own, positive) for own in repeats]


def _subjects(predictions: Sequence[Prediction], positive: str) -> list[Prediction]:
    units: dict[tuple[str, str], list[Prediction]] = {}
    for p in predictions:
        units.setdefault((p.subject, p.label), []).append(p)
    rows = []
    for (subject, label), own in sorted(units.items()):
        shares = {name: float(np.mean([p.probabilities[name] for p in own])) for name in own[0].probabilities}
        said = answered(shares, positive, own[0].threshold)
        seconds, windows = sum(p.seconds for p in own), sum(p.windows for p in own)
        rows.append(replace(own[0], video=f"{subject} {label}", predicted=said, probabilities=shares, windows=windows, seconds=seconds))
    return rows


def answered(shares: Mapping[str, float], positive: str, threshold: float | None) -> str:
    """The class that is answered: the most probable one, or, with a threshold, ``positive`` from it on."""
    best = max(shares, key=lambda name: shares[name])
    if threshold is None:
        return best
    return positive if shares[positive] >= threshold else max((name for name in shares if name != positive), key=lambda name: shares[name])


def _answers(predictions: Sequence[Prediction], classes: Sequence[str], weights: Weights) -> Answers:
    names = list(classes)
    shares = np.array([[p.probabilities[name] for name in names] for p in predictions], dtype=np.float64)
    fair = shares.copy()
    for number, p in enumerate(predictions):
        if p.fold in weights:
            fair[number] = at_training_shares(shares[number : number + 1], [weights[p.fold][name] for name in names])[0]
    true, said = (
        np.array([names.index(name) for name in own]) for own in ([p.label for p in predictions], [p.predicted for p in predictions])
    )
    return Answers(true, said, shares, fair)
