"""The recipe, and each head in a whole tiny run on made video."""

from __future__ import annotations

from pathlib import Path

import pytest

from vsslfw import load_recipe, run
from vsslfw.testing import tiny_overrides

HEADS = {
    "the recipe's own": [],
    "gru": ['finetune.head=dict(type="gru", units=16)'],
    "log_mean_exp": ['finetune.head=dict(type="frame_evidence")'],
    "top_mean": ['finetune.head=dict(type="frame_evidence", pooling="top_mean")'],
    "noisy_or": ['finetune.head=dict(type="frame_evidence", pooling="noisy_or")', "finetune.precision=bfloat16"],
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all runs: heads share features and pre-training."""
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("profile", ["paper", "stable", "demo"])
def test_every_profile_has_attention_pooling(profile: str) -> None:
    assert load_recipe("heads", profile=profile).settings.finetune.head["type"] == "attention_pooling"


@pytest.mark.slow
@pytest.mark.parametrize("head", HEADS)
def test_a_head_runs_on_made_video(head: str, cache: Path, tmp_path: Path) -> None:
    result = run(load_recipe("heads", profile="demo", overrides=[*tiny_overrides(), *HEADS[head]]), out=tmp_path / "run", cache=cache)
    assert result.metrics["n_videos"] == 4
    assert all(0 <= share <= 1 for p in result.report.predictions for share in p.probabilities.values())
