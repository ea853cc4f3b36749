"""Linear probes: what a logistic regression can tell from a description of each video that knows nothing of the others."""

from __future__ import annotations

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
PERMUTATIONS = 20


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
    """Balanced accuracy on ``test``. The penalty is chosen by cross-validation over the subjects of ``train``."""
    model = search(train, describe, [known.label for known in train])
    return float(balanced_accuracy_score([known.label for known in test], model.predict([describe(known) for known in test])))


def search(train: Sequence[Known], describe: Callable[[Known], Any], labels: Sequence[str]) -> GridSearchCV:
    """A logistic regression fitted to the descriptions."""
    described = [describe(known) for known in train]
    vectors = [DictVectorizer(sparse=False)] if isinstance(described[0], dict) else []
    model: Pipeline = make_pipeline(*vectors, StandardScaler(), LogisticRegression(max_iter=5000, class_weight="balanced"))
    grid = {"logisticregression__C": PENALTIES}
    groups = [known.subject for known in train]
    return GridSearchCV(model, grid, scoring="balanced_accuracy", cv=GroupKFold(4)).fit(described, labels, groups=groups)


NUISANCES: dict[str, tuple[str, ...]] = {
    "light": ("light",),
    "brightness": ("brightness",),
    "blanket": ("blanket",),
    "visitors": ("visit",),
    "lead-in": ("lead_in",),
    "duration": ("duration",),
    "camera and room": ("camera_x", "camera_y", "camera_z", "tilt", "zoom", "mirrored", "rails", "table", "stand"),
    "build and restlessness": ("height", "girth", "restlessness"),
}
"""Name -> the columns of the metadata that it is made of."""


def nuisance(train: Sequence[Known], test: Sequence[Known], columns: Sequence[str], g: np.random.Generator) -> dict[str, float]:
    """How well these columns of the metadata tell the classes apart, and how well they seem to after the subjects' labels are permuted."""

    def describe(known: Known) -> dict[str, Any]:
        return {column: known.metadata[column] for column in columns}

    permuted = []
    for _ in range(PERMUTATIONS):
        shuffled = []
        for side in (train, test):
            subjects = sorted({known.subject for known in side})
            by_subject = {known.subject: known.label for known in side}
            drawn = dict(zip(subjects, g.permutation([by_subject[subject] for subject in subjects]), strict=True))
            shuffled.append([drawn[known.subject] for known in side])
        model = search(train, describe, shuffled[0])
        permuted.append(balanced_accuracy_score(shuffled[1], model.predict([describe(known) for known in test])))
    return {"label": probe(train, test, describe), "permuted": float(np.mean(permuted)), "permuted_sd": float(np.std(permuted))}
