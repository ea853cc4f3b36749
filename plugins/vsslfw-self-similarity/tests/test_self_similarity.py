"""The self-similarity encoder: what it keeps of a sequence, what it cannot know, and its contract."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
import torch
from vsslfw_self_similarity.encoder import SelfSimilarity
from vsslfw_self_similarity.profile import lag_profile

from vsslfw.plugins import registries
from vsslfw.testing import parametrize_with_checks


def periodic(period: int, length: int = 96) -> torch.Tensor:
    """(1, T, 6): a movement that repeats itself, on top of what the scene looks like."""
    t = torch.arange(length) * 2 * torch.pi / period
    return (torch.stack([t.sin(), t.cos(), (2 * t).sin(), 0 * t, 0 * t, 0 * t], -1) + torch.tensor([5.0, -3, 0, 9, 1, 2])).unsqueeze(0)


@parametrize_with_checks("encoder", SelfSimilarity)
def test_it_keeps_the_contract(check: Callable[[], None]) -> None:
    check()


def test_it_is_found_as_a_plugin_and_finding_it_imports_no_torch() -> None:
    component = registries().find("encoder", "self_similarity")
    assert (component.distribution, component.load()) == ("vsslfw-self-similarity", SelfSimilarity)
    code = "import sys, vsslfw_self_similarity; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"


@pytest.mark.parametrize("period", [6, 9, 14])
def test_a_movement_of_period_p_is_a_valley_at_lag_p(period: int) -> None:
    valid = torch.ones(1, 96, dtype=torch.bool)
    profile = lag_profile(periodic(period), valid, lags=20, smooth=5)[0, 40]
    assert int(profile[: period + period // 2].argmin()) + 1 == period


def test_what_the_scene_looks_like_is_gone() -> None:
    torch.manual_seed(0)
    features, valid = torch.randn(2, 40, 8, dtype=torch.float64), torch.ones(2, 40, dtype=torch.bool)
    turned, _ = torch.linalg.qr(torch.randn(8, 8, dtype=torch.float64))
    elsewhere = 3.0 * features @ turned + 10 * torch.randn(8, dtype=torch.float64)
    profiles = [lag_profile(x, valid, lags=12, smooth=3) for x in (features, elsewhere)]
    torch.testing.assert_close(*profiles, atol=1e-4, rtol=1e-4)


def test_pad_is_no_frame_whatever_stands_there() -> None:
    features, valid = periodic(7), torch.ones(1, 96, dtype=torch.bool)
    valid[:, 60:] = False
    short = lag_profile(features[:, :60], valid[:, :60], lags=12, smooth=3)
    for filling in (0.0, 1e6, float("nan")):
        found = lag_profile(features.masked_fill(~valid.unsqueeze(-1), filling), valid, lags=12, smooth=3)
        torch.testing.assert_close(found[:, :60], short)
        assert not found[:, 60 + 12 :].any()


@pytest.mark.parametrize("length", [1, 2, 5])
def test_a_sequence_shorter_than_its_lags_is_finite(length: int) -> None:
    encoder = SelfSimilarity(8, hidden_dim=8, lags=24)
    hidden = encoder(torch.randn(2, length, 8), torch.ones(2, length, dtype=torch.bool))
    assert hidden.shape == (2, length, 8)
    assert hidden.isfinite().all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"smooth": 4}, "must be odd"),
        ({"lags": 0}, "at least 1"),
        ({"dropout": 1.0}, "below 1"),
        ({"layers": -1}, "at least 0"),
    ],
)
def test_wrong_parameters_are_refused_in_words(given: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SelfSimilarity(8, **given)
