"""How sure a figure is: subjects are resampled, not videos, and few subjects give wide intervals (docs/statistics.md)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

MEANING = (
    "Subjects are resampled with all their videos, those with only one class and those with several each among themselves; an interval is "
    "the figure plus or minus Student's t (one less than the {m} subjects of the smaller class) times the standard error over {resamples} "
    "resamples. Where that error is 0, the subjects do not tell how others would vary, and there is none. It is conditional on the fitted "
    "folds: it says how much the figure would vary with other test subjects, and nothing of how it would vary if the models were trained "
    "on others."
)
METHOD_MEANING = (
    "For a claim about the method, not about these models: mean and interval over the folds of a repeated split, with the variance of "
    "Nadeau and Bengio (2003), which allows for the training videos that folds share."
)
TOO_FEW = "An interval needs at least two subjects of each class."
ALIKE = "It is the same whichever subjects are drawn: how much it would vary with others cannot be told from them."
FOLDS_ALIKE = "It is the same in every fold: how much it would vary with others cannot be told from them."
ROUNDING = 1e-12
"""Of a figure, or of 1 where that is more: what sums in another order make of the same numbers."""


@dataclass(frozen=True)
class SubjectBootstrap:
    """Stratified resamples of the subjects of N units (videos, windows or (subject, label) pairs).

    ``subjects`` and ``labels`` (N) say whose each unit is and what it shows.
    """

    subjects: Sequence[str]
    labels: Sequence[str]
    resamples: int = 500
    confidence: float = 0.95
    seed: int = 0
    strata: dict[str, list[str]] = field(init=False)
    m: int = field(init=False)

    def __post_init__(self) -> None:
        borne: dict[str, set[str]] = {}
        for subject, label in zip(self.subjects, self.labels, strict=True):
            borne.setdefault(subject, set()).add(label)
        strata: dict[str, list[str]] = {}
        for subject, own in sorted(borne.items()):
            strata.setdefault(f"{next(iter(own))} only" if len(own) == 1 else "both" if len(own) == 2 else "several", []).append(subject)
        counts = Counter(label for own in borne.values() for label in own)
        object.__setattr__(self, "strata", _without_single(dict(sorted(strata.items())), borne))
        object.__setattr__(self, "m", min(counts.values(), default=0) if len(counts) > 1 else 0)

    @property
    def t(self) -> float | None:
        """Student's t of the interval; none if there are too few subjects."""
        from scipy.stats import t

        return float(t.ppf(0.5 + self.confidence / 2, self.m - 1)) if self.m >= 2 else None

    def draws(self) -> Iterator[NDArray[np.intp]]:
        """The units of each resample; the same subjects are drawn for the same strata and seed."""
        positions: dict[str, list[int]] = {}
        for number, subject in enumerate(self.subjects):
            positions.setdefault(subject, []).append(number)
        own = {subject: np.array(numbers, dtype=np.intp) for subject, numbers in positions.items()}
        for drawn in self.drawn_subjects():
            yield np.concatenate([own[subject] for subject in drawn])

    def drawn_subjects(self) -> Iterator[list[str]]:
        """The subjects of each resample: as many of each stratum as there are."""
        generator = np.random.default_rng(self.seed)
        for _ in range(self.resamples):
            yield [members[i] for members in self.strata.values() for i in generator.integers(0, len(members), len(members))]

    def interval(
        self, value: float | None, scores: Sequence[float | None], limits: tuple[float, float] = (0.0, 1.0)
    ) -> tuple[dict[str, float] | None, str | None]:
        """The t-interval of ``value`` from its ``scores`` in the resamples, within ``limits``; or none, and why.

        A figure that does not vary at all has none: four subjects who are all answered rightly do not say that everybody is.
        """
        if value is None:
            return None, "The figure itself is not defined."
        if self.t is None:
            return None, TOO_FEW
        known = [score for score in scores if score is not None and math.isfinite(score)]
        if len(known) < max(2, len(scores) // 2):
            return None, "Not defined in most resamples." if scores else "No resamples were asked for."
        se = float(np.std(known, ddof=1))
        if not varies(se, value):
            return None, ALIKE
        low, high = (min(max(value + side * self.t * se, limits[0]), limits[1]) for side in (-1, 1))
        return {"low": low, "high": high, "se": se, "m": self.m}, None

    def record(self) -> dict[str, Any]:
        """What a report says of it."""
        return {
            "meaning": MEANING.format(m=self.m, resamples=self.resamples),
            "resamples": self.resamples,
            "confidence": self.confidence,
            "strata": {name: len(members) for name, members in self.strata.items()},
            "m": self.m,
            "t": self.t,
        }


def varies(spread: float, value: float) -> bool:
    """Whether a standard error, or the width of an interval, is more than rounding on the scale of the figure."""
    return spread > ROUNDING * max(1.0, abs(value))


def _without_single(strata: dict[str, list[str]], borne: Mapping[str, set[str]]) -> dict[str, list[str]]:
    """With a subject that would be a stratum of its own put to the largest one that shares a class: alone it would never vary."""
    for name in [name for name, members in strata.items() if len(members) == 1]:
        if len(strata.get(name, ())) != 1:
            continue
        (subject,) = strata[name]
        near = [other for other, members in strata.items() if other != name and borne[subject] & borne[members[0]]]
        if near:
            host = max(near, key=lambda other: len(strata[other]))
            strata[host] = sorted([*strata[host], subject])
            del strata[name]
    return strata


def intervals(
    bootstrap: SubjectBootstrap,
    values: Mapping[str, float | None],
    compute: Callable[[NDArray[np.intp]], Mapping[str, float | None]],
    limits: Mapping[str, tuple[float, float]],
) -> dict[str, tuple[dict[str, float] | None, str | None]]:
    """The interval of each of ``values``; ``compute`` gives the same figures for the units of a resample."""
    if bootstrap.t is None or not bootstrap.resamples:
        return {name: bootstrap.interval(value, []) for name, value in values.items()}
    rows = [compute(units) for units in bootstrap.draws()]
    return {name: bootstrap.interval(value, [row[name] for row in rows], limits.get(name, (0.0, 1.0))) for name, value in values.items()}


def corrected_interval(
    scores: Sequence[float], *, train: float, test: float, confidence: float = 0.95, limits: tuple[float, float] = (0.0, 1.0)
) -> dict[str, float | None] | None:
    """Nadeau and Bengio's interval of the mean of ``scores``, one for each fold of a repeated split; none for fewer than two.

    ``train`` and ``test`` are the mean numbers of training and of tested videos: the variance is (1 / J + test / train) times the
    scores' own. Where that is 0, ``low`` and ``high`` are none.
    """
    from scipy.stats import t

    count = len(scores)
    if count < 2 or not train:
        return None
    mean = float(np.mean(scores))
    se = math.sqrt((1 / count + test / train) * float(np.var(scores, ddof=1)))
    if not varies(se, mean):
        return {"value": mean, "low": None, "high": None, "se": se, "folds": count}
    width = float(t.ppf(0.5 + confidence / 2, count - 1)) * se
    return {"value": mean, "low": max(mean - width, limits[0]), "high": min(mean + width, limits[1]), "se": se, "folds": count}
