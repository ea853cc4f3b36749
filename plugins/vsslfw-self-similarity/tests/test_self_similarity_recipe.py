"""The recipe of the plugin runs, on made video."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_the_recipe_runs(vsslfw_run: Callable[..., Any]) -> None:
    result = vsslfw_run("encoder=dict(type='self_similarity', hidden_dim=16, lags=6, smooth=3)", recipe="self_similarity")
    assert result.metrics["definitions"]
    assert not result.report.pretrainings
