"""Made studies: subjects of one class each (some of both), videos that share their subject, and as much signal as is asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DIMENSIONS = 10
SUBJECT_SD = 1.0
"""Of what the videos of a subject share, beside a deviation of 1 from video to video."""


@dataclass(frozen=True)
class Study:
    """Videos as rows: features (N, d), class (N) 0 or 1, subject (N)."""

    X: Floats
    y: NDArray[np.int64]
    subjects: NDArray[np.str_]


def study(generator: np.random.Generator, subjects: int, *, signal: float = 0.0, share: float = 0.5, mixed: int = 0) -> Study:
    """``subjects`` subjects with 1 to 5 videos each; ``share`` of them of class 1; ``mixed`` more have videos of both classes.

    signal: how far apart the classes lie in the first feature, in deviations of a video.
    """
    labels = [int(k < round(share * subjects)) for k in range(subjects)]
    rows, y, names = [], [], []
    for number in range(subjects + mixed):
        shared = SUBJECT_SD * generator.normal(size=DIMENSIONS)
        own = [labels[number]] * int(generator.integers(1, 6)) if number < subjects else [0, 1]
        for label in own:
            row = shared + generator.normal(size=DIMENSIONS)
            row[0] += signal * label
            rows.append(row)
            y.append(label)
            names.append(f"S{number:03d}")
    return Study(np.stack(rows), np.array(y), np.array(names))
