"""How the figures of a result are computed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StatisticsOptions:
    """The part of the recipe's ``statistics`` that metrics depend on, and the seed of the resamples."""

    confidence: float = 0.95
    resamples: int = 500
    """Of the subjects; 0: no intervals."""
    prevalence: float | None = None
    """Share of the positive class at which PPV and NPV are stated too."""
    seed: int = 0
