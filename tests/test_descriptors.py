"""Descriptions of a sequence: what they tell apart, and what they cannot."""

from __future__ import annotations

import numpy as np
import pytest

from vsslfw.evaluation import descriptors

RATE = 25.0


def rhythm(hertz: float, seconds: float = 8.0, seed: int = 0) -> np.ndarray:
    """Features (T, 6) that swing at a rate in a direction of their own, about a mean of their own."""
    g = np.random.default_rng(seed)
    times = np.arange(0, seconds, 1 / RATE)
    return g.normal(size=6) + np.sin(2 * np.pi * hertz * times)[:, None] * g.normal(size=6) + 0.05 * g.normal(size=(len(times), 6))


def test_the_mean_knows_nothing_of_order_nor_do_the_moments_of_anything_but_change() -> None:
    features = rhythm(2.0)
    backwards = features[::-1]
    assert descriptors.mean(features) == pytest.approx(descriptors.mean(backwards))
    assert descriptors.moments(features) == pytest.approx(descriptors.moments(backwards))
    shuffled = np.random.default_rng(0).permutation(features)
    assert descriptors.moments(features)[:12] == pytest.approx(descriptors.moments(shuffled)[:12])
    assert descriptors.moments(features)[12:].mean() < descriptors.moments(shuffled)[12:].mean()


def test_rhythms_lie_together_whichever_way_they_swing() -> None:
    slow, slow_elsewhere, fast = (descriptors.log_stft(rhythm(h, seed=s), RATE) for h, s in ((1.0, 0), (1.0, 1), (5.0, 2)))
    assert np.abs(slow - slow_elsewhere).mean() < 0.5 * np.abs(slow - fast).mean()


@pytest.mark.parametrize("length", [1, 2, 10, 49, 50, 51, 400])
def test_every_length_gives_the_same_finite_size(length: int) -> None:
    features = np.random.default_rng(0).normal(size=(length, 6))
    for describe in (descriptors.mean, descriptors.moments, lambda x: descriptors.log_stft(x, RATE)):
        assert np.isfinite(describe(features)).all()
    assert descriptors.log_stft(features, RATE).shape == descriptors.log_stft(rhythm(1.0), RATE).shape
