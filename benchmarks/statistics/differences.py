"""Made studies that compare two arms over the same subjects, where the true difference is known: are our contrasts right about it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from vsslfw.evaluation.arms import METRICS, Arms
from vsslfw.evaluation.contrasts import Options, contrast
from vsslfw.evaluation.predictions import Prediction

Row = dict[str, Any]
CLASSES = ("ES", "PNES")
SIZES = (24, 80)
RECALLS = (0.75, 0.60)
"""Of ES and of PNES, by the arm that is compared against."""
MARGIN = 0.10
"""Of equivalence, and the true difference where there is one: the same studies show the power and what is wrongly called equivalent."""
GAINS = {"none": (0.0, 0.0), "none, recalls differ": (0.10, -0.10), "the margin": (MARGIN, MARGIN)}
"""True difference -> what the other arm's two recalls are above these; their mean is the difference in balanced accuracy."""
SUBJECT, VIDEO, ARM_AND_SUBJECT, ARM_AND_VIDEO = (sqrt(share) for share in (0.40, 0.35, 0.10, 0.15))
"""Deviations of how clearly a video is answered; both arms share the subject's and the video's. Their squares add up to 1, so a recall is
the normal distribution at the mean, and the true difference needs no simulation."""


@dataclass(frozen=True)
class Answers:
    """How clearly each arm answers each video (2, N), rightly above 0; its class (N) 0 or 1, and its subject (N)."""

    clear: NDArray[np.float64]
    labels: NDArray[np.int64]
    subjects: list[str]

    @property
    def right(self) -> NDArray[np.bool_]:
        """(2, N)."""
        return self.clear > 0

    def predictions(self, arm: int) -> list[Prediction]:
        """As a run writes them."""
        found = []
        shares = norm.cdf(self.clear[arm]).tolist()
        for number, (label, subject, share) in enumerate(zip(self.labels.tolist(), self.subjects, shares, strict=True)):
            true, other = CLASSES[label], CLASSES[1 - label]
            said = true if self.right[arm, number] else other
            found.append(Prediction(subject, f"V{number:04d}", subject, true, said, {true: share, other: 1 - share}, 1, 1.0))
        return found


def answered(generator: np.random.Generator, size: int, gains: tuple[float, float]) -> Answers:
    """One study: each subject has two to eight videos of one class, and two of three have ES."""
    clear, labels, subjects = [], [], []
    for number in range(size):
        label, videos = int(number % 3 == 0), int(generator.integers(2, 9))
        means = norm.ppf([[RECALLS[label]], [RECALLS[label] + gains[label]]])
        shared = SUBJECT * generator.normal() + VIDEO * generator.normal(size=videos)
        own = ARM_AND_SUBJECT * generator.normal(size=(2, 1)) + ARM_AND_VIDEO * generator.normal(size=(2, videos))
        clear.append(means + shared + own)
        labels += [label] * videos
        subjects += [f"S{number:03d}"] * videos
    return Answers(np.concatenate(clear, axis=1), np.array(labels), subjects)


def quick_balanced_accuracy(true: Any, said: Any, score: Any, positive: int) -> float:
    """The same number as the contrasts' own by scikit-learn, many times as fast: thousands of studies need a million of them."""
    counts = np.bincount(true)
    recalls = np.bincount(true, weights=said == true)[counts > 0] / counts[counts > 0]
    return float(recalls.mean())


def differences(times: int, sizes: Sequence[int] = SIZES, resamples: int = 200, permutations: int = 199) -> list[Row]:
    """By size, true difference and method: how often the interval holds it, p is at most .05, and the arms are called equivalent."""
    rows = []
    quick = {"balanced_accuracy": (METRICS["balanced_accuracy"][0], quick_balanced_accuracy)}
    for size in sizes:
        for case, (name, gains) in enumerate(GAINS.items()):
            truth = float(np.mean(gains))
            found: dict[str, list[Row]] = {"subjects (ours)": [], "videos, paired z": [], "videos, McNemar": []}
            for number in range(times):
                answers = answered(np.random.default_rng([5, size, case, number]), size, gains)
                options = Options(resamples=resamples, permutations=permutations, margin=MARGIN, seed=number)
                with patch.dict(METRICS, quick):
                    found["subjects (ours)"].append(ours(answers, truth, options))
                found["videos, paired z"].append(_paired_z(answers, truth))
                found["videos, McNemar"].append({"p": _mcnemar(answers.right)})
            rows += [
                {"subjects": size, "difference": name, "truth": truth, "method": method, "times": times} | _shares(entries)
                for method, entries in found.items()
            ]
    return rows


def ours(answers: Answers, truth: float, options: Options) -> Row:
    """What vsslfw says of one study."""
    arms = Arms.of({"reference": answers.predictions(0), "other": answers.predictions(1)}, CLASSES, "ES")
    found = contrast(arms, "other", "reference", options, primary=True)
    assert found.low is not None
    assert found.high is not None
    return {
        "held": found.low <= truth <= found.high,
        "width": found.high - found.low,
        "p": found.p,
        "equivalent": found.equivalent,
        "detectable": found.detectable,
    }


def _paired_z(answers: Answers, truth: float) -> Row:
    """Of the same difference, as if each video were another patient's."""
    gained = answers.right[1].astype(float) - answers.right[0]
    parts = [gained[answers.labels == label] for label in (0, 1)]
    value = float(np.mean([part.mean() for part in parts]))
    se = sqrt(sum(part.var(ddof=1) / len(part) for part in parts)) / 2
    half = float(norm.ppf(0.975)) * se
    return {
        "held": abs(value - truth) <= half,
        "width": 2 * half,
        "p": float(2 * norm.sf(abs(value) / se)) if se else 1.0,
        "equivalent": abs(value) + float(norm.ppf(0.95)) * se < MARGIN,
    }


def _mcnemar(right: NDArray[np.bool_]) -> float:
    table = [[int(np.sum((right[0] == one) & (right[1] == other))) for other in (True, False)] for one in (True, False)]
    return float(mcnemar(table, exact=True).pvalue)


def _shares(entries: list[Row]) -> Row:
    """Each rate with Wilson's 95% interval, and the means; none where a method does not say."""
    row: Row = {}
    rates = {"coverage": "held", "found": "p", "equivalent": "equivalent"}
    for name, key in rates.items():
        hits = [entry[key] <= 0.05 + 1e-9 if key == "p" else bool(entry[key]) for entry in entries if key in entry]
        low, high = proportion_confint(sum(hits), len(hits), method="wilson") if hits else (None, None)
        row[name] = {"share": float(np.mean(hits)), "low": float(low), "high": float(high)} if hits else None
    for key in ("width", "detectable"):
        told = [entry[key] for entry in entries if entry.get(key) is not None]  # no effect is detectable where no p can be small
        row[key] = float(np.mean(told)) if told else None
    return row
