"""From the windows of a video to the video's own answer (design reading 9)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vsslfw.errors import Problem, RunError, UserError, did_you_mean

AGGREGATIONS = ("mean_probability",)


def aggregate(window_probabilities: ArrayLike, how: str = "mean_probability") -> NDArray[np.float64]:
    """(W, K) probabilities of a video's windows -> (K,) of the video; the predicted class is the argmax.

    ``mean_probability`` is the paper's temporal average. Raises UserError on an unknown ``how``, ValueError on a wrong
    shape or no window, RunError on a probability that is not finite: nothing is ever concluded from NaN.
    """
    if how not in AGGREGATIONS:
        raise UserError(Problem(f'there is no aggregation "{how}"', "evaluate.aggregate", did_you_mean(how, AGGREGATIONS)))
    windows = np.asarray(window_probabilities, dtype=np.float64)
    if windows.ndim != 2 or 0 in windows.shape:
        raise ValueError(f"(W, K) probabilities of at least one window are expected, not {windows.shape}")
    if not np.isfinite(windows).all():
        raise RunError(Problem("a predicted probability is not finite", hint="The model has diverged: try --profile stable."))
    return np.asarray(windows.mean(axis=0))
