"""Calibration: does a probability of .8 come true in 80 of 100? Intercept, slope, and points of the curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SHIFTED = (
    "The model was trained as if classes were balanced, by class weights. So the training fold's log class ratio is added back to the "
    "logit before calibration is looked at: the probabilities are those at the class shares of training."
)
EDGE = 1e-6
"""Probabilities of 0 and 1 have no logit."""
MOST_POINTS, FEWEST = 10, 5
"""Points of the curve at most, and videos in each at least."""


def at_training_shares(shares: Floats, weights: Sequence[float]) -> Floats:
    """(N, K) probabilities of a model trained with these class weights (K) -> those at the class shares of its training."""
    fair = shares / np.asarray(weights, dtype=np.float64)
    return np.asarray(fair / fair.sum(axis=1, keepdims=True))


def logit(p: Floats) -> Floats:
    """log(p / (1 - p)), with probabilities kept `EDGE` away from 0 and 1."""
    from scipy.special import logit as of

    return np.asarray(of(np.clip(p, EDGE, 1 - EDGE)))


def slope_and_intercept(true: NDArray[np.bool_], p: Floats) -> tuple[float | None, float | None, str | None]:
    """Slope of a logistic regression on logit(p), and intercept with the slope held at 1 (calibration-in-the-large); or why not."""
    from scipy.optimize import brentq
    from scipy.special import expit
    from sklearn.linear_model import LogisticRegression

    if true.all() or not true.any():
        return None, None, "Needs videos of both kinds."
    x = logit(p)
    if np.ptp(x) == 0:
        return None, None, "Every probability is the same."
    intercept = float(brentq(lambda a: expit(x + a).mean() - true.mean(), -50, 50))
    if x[true].min() > x[~true].max() or x[true].max() < x[~true].min():
        return None, intercept, "The probabilities separate the classes perfectly, rightly or the wrong way round, so no slope is best."
    fitted = LogisticRegression(C=np.inf, max_iter=200, tol=1e-6).fit(x[:, None], true)
    return float(fitted.coef_[0, 0]), intercept, None


def groups_of(p: Floats) -> list[NDArray[np.intp]]:
    """The videos in order of their probability, in as equal groups as can be."""
    count = max(1, min(MOST_POINTS, len(p) // FEWEST))
    return list(np.array_split(np.argsort(p, kind="stable"), count))


def points(true: NDArray[np.bool_], p: Floats, bands: Sequence[Mapping[str, float | None]]) -> list[dict[str, Any]]:
    """Mean probability and share that came true in each of `groups_of`; ``bands`` (low, high) belong to the groups in order."""
    return [
        {"predicted": float(p[group].mean()), "observed": float(true[group].mean()), "n": len(group), **band}
        for group, band in zip(groups_of(p), bands, strict=True)
    ]
