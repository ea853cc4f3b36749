"""Linear probes: what a logistic regression can tell from a description of each video that knows nothing of the others."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

Floats = NDArray[np.float64]
WINDOW = 24
"""Samples of a short-time spectrum: 1.9 s at 12.5 a second."""
COMPONENTS = 12
BINS = 8
"""Parts of a video, each as long as the others."""
PENALTIES = [1e-3, 1e-2, 1e-1, 1.0]


@dataclass(frozen=True)
class Known:
    """What is known of one video."""

    subject: str
    label: str
    features: Floats
    """(K, D)"""
    angles: Floats
    """(K', A) radians: the truth."""
    energy: tuple[float, float]
    """Mean and deviation over time of the absolute change of grey levels."""
    metadata: dict[str, Any]
    """Column of the manifest -> value; durations and rates as numbers."""


def spectrum(sequence: Floats) -> Floats:
    """(K, D) -> (BINS * F,): log power by frequency in each part of the video, over the largest principal components of that video."""
    centred = sequence - sequence.mean(0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    scores = left[:, :COMPONENTS] * values[:COMPONENTS]
    scores /= np.sqrt((values[:COMPONENTS] ** 2).sum() / len(sequence)) + 1e-12
    windows = np.lib.stride_tricks.sliding_window_view(scores, WINDOW, axis=0)  # (N, P, WINDOW)
    power = (np.abs(np.fft.rfft(windows * np.hanning(WINDOW), axis=-1)) ** 2).sum(1)
    return np.concatenate([part.mean(0) for part in np.array_split(np.log(power + 1e-3), BINS)])


def moments(sequence: Floats) -> Floats:
    """(K, D) -> (3 * D,): mean, standard deviation, mean absolute change."""
    return np.concatenate([sequence.mean(0), sequence.std(0), np.abs(np.diff(sequence, axis=0)).mean(0)])


DESCRIPTIONS: dict[str, Callable[[Known], Any]] = {
    "metadata": lambda known: known.metadata,
    "motion energy": lambda known: np.array(known.energy),
    "features: mean": lambda known: known.features.mean(0),
    "features: mean, SD, mean absolute change": lambda known: moments(known.features),
    "features: log-STFT": lambda known: spectrum(known.features),
    "true limb angles: log-STFT": lambda known: spectrum(known.angles),
}


def probe(train: Sequence[Known], test: Sequence[Known], describe: Callable[[Known], Any]) -> float:
    """Balanced accuracy on ``test``."""
    model = fitted([describe(known) for known in train], [known.label for known in train], [known.subject for known in train])
    return balanced_accuracy([known.label for known in test], model.predict([describe(known) for known in test]))


def fitted(described: Sequence[Any], labels: Sequence[str], subjects: Sequence[str]) -> GridSearchCV:
    """A logistic regression on vectors or mappings; its penalty is chosen by cross-validation over the subjects."""
    vectors = [DictVectorizer(sparse=False)] if isinstance(described[0], dict) else []
    model: Pipeline = make_pipeline(*vectors, StandardScaler(), LogisticRegression(max_iter=5000, class_weight="balanced"))
    grid = {"logisticregression__C": PENALTIES}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "y_pred contains classes")  # a fold whose subjects are all of one class
        return GridSearchCV(model, grid, scoring="balanced_accuracy", cv=GroupKFold(4)).fit(described, labels, groups=subjects)


def balanced_accuracy(labels: Sequence[str], answers: Sequence[str]) -> float:
    """The mean over the classes of the share of right answers."""
    return float(balanced_accuracy_score(labels, answers))
