"""What a ratio means: a share of the K real frames, as a whole number of them."""

from __future__ import annotations

import math


def checked(ratio: float) -> float:
    """The ratio as it is. ValueError unless it lies in [0, 1]."""
    if not 0 <= ratio <= 1:
        raise ValueError(f"ratio is {ratio}; it must lie between 0 and 1")
    return ratio


def frames(ratio: float, k: int) -> int:
    """floor(ratio K + 0.5), which is how the paper's 15% are counted as well. BART rounds up, so its short texts are noisier."""
    return math.floor(ratio * k + 0.5)
