"""A model that answers the same for everything stops the stage (design reading 12). No report is made from it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsslfw.errors import Problem, RunError

SAME_SPREAD = 1e-3
"""Restored features that differ from clip to clip by less than this share of what their targets do are the same.

Measured with a six-layer BERT: 1e-7 after training at the paper's lr 0.01 without warm-up or clipping, 1e-4 at 0.003; 0.01 to
0.7 where training was well, be it short.
"""
SAME_PROBABILITY = 1e-4
"""Probabilities that differ by no more than this between all videos are the same."""

_HINT = "The optimiser has driven it into a corner. `--profile stable` carries values that do not; or lower this stage's `optimiser.lr`."


def check_not_collapsed(evaluation: dict[str, Any], *, stage: str = "pretrain") -> float | None:
    """The spread of the restored features relative to that of the targets; ``evaluation`` is `evaluate_pretext`'s.

    Both are taken over clips at one position, so that position embeddings cannot hide a collapse. Raises RunError if
    the model answers the same for every clip while the targets differ. None if there is nothing to compare: fewer than
    two clips, or clips that are all the same.
    """
    answers, targets = evaluation["spread"]["model"], evaluation["spread"]["targets"]
    if answers is None or not targets:
        return None
    relative = float(answers / targets)
    if not relative > SAME_SPREAD:
        what = f"the pre-trained model answers the same for everything: over {evaluation['clips']} clips"
        raise RunError(Problem(f"{what} its restored features differ {relative:.1g} times as much as the true ones do", stage, _HINT))
    return relative


def check_tells_apart(probabilities: NDArray[np.float64], *, stage: str = "finetune") -> float | None:
    """The largest difference (N,K) -> between two videos in one class's probability. The videos are the training ones.

    Raises RunError if it is `SAME_PROBABILITY` or less. None if there are fewer than two videos.
    """
    if len(probabilities) < 2:
        return None
    difference = float(np.ptp(probabilities, axis=0).max())
    if not difference > SAME_PROBABILITY:
        what = f"the classifier answers the same for everything: {len(probabilities)} training videos differ by {difference:.1g} at most"
        raise RunError(Problem(what, stage, _HINT))
    return difference
