"""Named random streams: one root seed, one independent generator for each (stage, fold, epoch, sample)."""

from __future__ import annotations

import hashlib

import numpy as np

Name = str | int


class Stream:
    """A node in the tree of random streams; ``stream / "pretrain" / 3`` is the node below.

    Two streams with different paths are independent, and a stream does not depend on how many numbers another one drew.
    That is what lets a killed run continue as if it had never stopped.

    >>> Stream(0, "pretrain", 3).seed() == (Stream(0) / "pretrain" / 3).seed()
    True
    """

    __slots__ = ("path", "root")

    def __init__(self, root: int, *path: Name) -> None:
        self.root = root
        self.path = path

    def __truediv__(self, name: Name) -> Stream:
        return Stream(self.root, *self.path, name)

    def __repr__(self) -> str:
        return f"Stream({', '.join(map(repr, (self.root, *self.path)))})"

    def _sequence(self) -> np.random.SeedSequence:
        digest = hashlib.sha256(repr((self.root, self.path)).encode()).digest()
        return np.random.SeedSequence(int.from_bytes(digest[:16], "little"))

    def generator(self) -> np.random.Generator:
        """A fresh NumPy generator at the start of this stream."""
        return np.random.Generator(np.random.PCG64(self._sequence()))

    def seed(self) -> int:
        """A seed in [0, 2**63) for libraries that take one integer (torch, albumentations)."""
        return int(self._sequence().generate_state(1, np.uint64)[0] >> np.uint64(1))
