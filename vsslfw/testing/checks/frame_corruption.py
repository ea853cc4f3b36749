"""Corruptions of the pictures, before the backbone."""

from __future__ import annotations

import numpy as np

from vsslfw.testing.calls import generator
from vsslfw.testing.compare import EXACT, difference, shown
from vsslfw.testing.outcomes import doing, require
from vsslfw.testing.samples import pixels
from vsslfw.testing.subjects import Subject

SIZES = ((1, 32, 32), (1, 8, 16), (2, 32, 32), (3, 48, 32), (16, 32, 48), (60, 16, 16))


def check_shapes(subject: Subject) -> None:
    """(K,H,W,3) uint8 -> the same shape and dtype, at any number of frames and any size."""
    corruption = subject.build()
    for k, height, width in SIZES:
        did = f"corrupting K = {k} frames of {height} x {width} pixels"
        with doing(did):
            changed = corruption(pixels(k, height, width), generator())
        right = isinstance(changed, np.ndarray) and changed.shape == (k, height, width, 3) and changed.dtype == np.uint8
        require(
            right, did, f"it gave {shown(changed)}", f"give back a {(k, height, width, 3)} array of uint8: clip and round before the cast"
        )


def check_determinism(subject: Subject) -> None:
    """The generator decides: the same state gives the same frames."""
    corruption = subject.build()
    for seed in range(3):
        frames = pixels(6, 32, 32, seed)
        with doing("corrupting 6 frames twice with a generator of the same seed"):
            one, two = corruption(frames.copy(), generator(seed)), corruption(frames.copy(), generator(seed))
        said = difference(one, two, EXACT)
        require(not said, "corrupting 6 frames twice with a generator of the same seed", said, "draw from `generator` and nothing else")


def check_changes_something(subject: Subject) -> None:
    """Over many draws it changes something: a corruption that never does is no task."""
    corruption, frames = subject.build(), pixels(12, 48, 48)
    with doing("corrupting 12 frames 40 times"):
        changed = any(not np.array_equal(corruption(frames.copy(), generator(seed)), frames) for seed in range(40))
    require(
        changed,
        "corrupting 12 frames with 40 generators",
        "they never changed",
        "look at its strength, or give check_with parameters that do corrupt",
    )
