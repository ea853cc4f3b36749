"""Stratified grouped k-fold, several times over: scikit-learn repeats k-fold, but not with groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Fold = tuple[NDArray[np.intp], NDArray[np.intp]]
TRIES = 100
"""So often a repeat is drawn before it is said that there is no other split."""


class RepeatedStratifiedGroupKFold:
    """split(X, y, groups) -> (train, test) indices, n_splits folds for each of n_repeats: StratifiedGroupKFold, shuffled anew each time.

    No two repeats are the same split, no fold is empty, and every training fold holds every class: what is not is drawn again, and
    ValueError says so if there is nothing else. (Stratifying leaves little to chance where subjects differ in their number of videos.)

    n_splits: folds in each repeat, at least 2.
    n_repeats: how often all videos are tested, at least 1. The first repeats are the same, however many follow.
    random_state: the seed, 0 or more; the recipe's own seed does not change the folds.
    """

    check_with: ClassVar[tuple[dict[str, Any], ...]] = ({"n_splits": 2, "n_repeats": 2},)

    def __init__(self, *, n_splits: int = 5, n_repeats: int = 5, random_state: int = 0) -> None:
        for name, value, least in (("n_splits", n_splits, 2), ("n_repeats", n_repeats, 1), ("random_state", random_state, 0)):
            if value < least:
                raise ValueError(f"{name} is {value}; it must be at least {least}")
        self.n_splits, self.n_repeats, self.random_state = n_splits, n_repeats, random_state

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Fold]:
        """Yield (train, test) indices, one repeat after the other."""
        seen: set[frozenset[tuple[int, ...]]] = set()
        for repeat in range(self.n_repeats):
            for attempt in range(TRIES):
                folds = self._draw(X, y, groups, repeat, attempt)
                tested = frozenset(tuple(test.tolist()) for _, test in folds)
                if tested not in seen and _usable(folds, y):
                    break
            else:
                told = f"{len(seen)} different splits into {self.n_splits} folds were found in which every training fold holds every class"
                raise ValueError(f"n_repeats is {self.n_repeats}, and only {told}")
            seen.add(tested)
            yield from folds

    def _draw(self, X: Any, y: Any, groups: Any, *stream: int) -> list[Fold]:
        from sklearn.model_selection import StratifiedGroupKFold

        seed = int(np.random.SeedSequence([self.random_state, *stream]).generate_state(1)[0])
        return list(StratifiedGroupKFold(self.n_splits, shuffle=True, random_state=seed).split(X, y, groups))


def _usable(folds: list[Fold], y: Any) -> bool:
    return all(len(test) and set(y[train].tolist()) == set(y.tolist()) for train, test in folds)
