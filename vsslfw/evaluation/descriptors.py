"""What a video's sequence of features is without a trained encoder: descriptions of fixed length, for probes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
STFT_S = 2.0
"""Seconds of a short-time spectrum."""
STFT_COMPONENTS = 8
"""Directions of a video's own feature space in which its spectra are taken."""
STFT_PARTS = 4
"""Parts of a video, each as long as the others: a rhythm that comes late is another one."""

FLOOR = 1e-3
"""Added to a power before its logarithm: what is weaker is noise, and should not weigh as much as what is not."""


def mean(features: Floats) -> Floats:
    """(T, D) -> (D,): the mean over time. It knows nothing of movement."""
    return np.asarray(features.mean(axis=0))


def moments(features: Floats) -> Floats:
    """(T, D) -> (3 D,): mean, standard deviation and mean absolute change from frame to frame. It knows nothing of order."""
    change = np.abs(np.diff(features, axis=0)).mean(axis=0) if len(features) > 1 else np.zeros(features.shape[1])
    return np.concatenate([features.mean(axis=0), features.std(axis=0), change])


def log_stft(features: Floats, rate: float) -> Floats:
    """(T, D) at ``rate`` frames per second -> (STFT_PARTS * F,): log power by frequency, up to ``rate / 2``, in each part of the video.

    The short-time Fourier transform (scipy, windows of `STFT_S`) is taken over the video's own largest principal components, scaled to
    a common size: which way the features move differs from room to room, how fast does not. A shorter video is filled with its mean.
    """
    from scipy.signal import get_window, stft

    length = max(4, round(STFT_S * rate))
    centred = features - features.mean(axis=0)
    if len(centred) < length:
        centred = np.concatenate([centred, np.zeros((length - len(centred), centred.shape[1]))])
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    scores = left[:, :STFT_COMPONENTS] * values[:STFT_COMPONENTS]
    scores /= np.sqrt((scores**2).sum() / len(scores)) + 1e-12
    window = get_window("hann", length)
    step = max(1, length // 4)
    spectra = stft(scores, fs=rate, window=window, nperseg=length, noverlap=length - step, boundary=None, padded=False, axis=0)[2]
    power = (np.abs(spectra) ** 2).sum(axis=1)  # (F, N) over the components
    parts = np.array_split(np.log(power + FLOOR), STFT_PARTS, axis=1)
    whole = np.log(power + FLOOR).mean(axis=1)
    return np.concatenate([part.mean(axis=1) if part.shape[1] else whole for part in parts])
