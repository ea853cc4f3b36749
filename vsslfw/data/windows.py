"""Windows: a sequence longer than the encoder's positions is read in pieces (design reading 8)."""

from __future__ import annotations

from typing import Literal

import numpy as np

Window = tuple[int, int]
"""(start, stop) frame indices, stop excluded."""


def test_windows(length: int, positions: int, stride: int, right_align: bool) -> list[Window]:
    """Windows of ``positions`` frames every ``stride``, over ``length`` frames; a sequence that fits is one window.

    What is left at the end is read by a last window that ends with the sequence: as long as the others and overlapping
    them (``right_align``), or starting at its stride and shorter, to be filled with PAD. ValueError unless positions and
    stride are 1 or more.
    """
    if positions < 1 or stride < 1:
        raise ValueError(f"positions ({positions}) and stride ({stride}) must be 1 or more")
    if length <= positions:
        return [(0, length)] if length > 0 else []
    windows = [(start, start + positions) for start in range(0, length - positions + 1, stride)]
    if windows[-1][1] < length:
        start = length - positions if right_align else windows[-1][0] + stride
        windows += [(start, length)] if start < length else []
    return windows


def train_windows(length: int, positions: int, mode: Literal["random", "all"], generator: np.random.Generator) -> list[Window]:
    """One window at a uniformly drawn place (``random``), or consecutive ones that cover everything (``all``)."""
    if mode == "all" or length <= positions:
        return test_windows(length, positions, positions, True)
    start = int(generator.integers(0, length - positions + 1))
    return [(start, start + positions)]


test_windows.__test__ = False  # type: ignore[attr-defined]  # pytest would collect a function of this name
