"""The recipe that comes with the plugin: a whole run of its demo on the embedded data, and its real model checked without weights."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from vsslfw import load_recipe, run
from vsslfw.errors import UserError
from vsslfw.testing import tiny_overrides

SIZES = [override for override in tiny_overrides() if not override.startswith("backbone=")]


@pytest.mark.slow
def test_the_demo_runs_with_a_small_model_of_random_weights(tmp_path: Path) -> None:
    recipe = load_recipe("timm_backbone", profile="demo", overrides=[*SIZES, "backbone.frame_size=(32, 48)"])
    assert (recipe.settings.backbone["model"], recipe.settings.backbone["weights"]) == ("resnet10t", None)
    result = run(recipe, out=tmp_path / "run", cache=tmp_path / "cache")
    with (result.folder / "predictions.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 4


@pytest.mark.parametrize("profile", ["paper", "stable"])
def test_the_real_profiles_are_checked_before_their_weights_are_here(profile: str) -> None:
    backbone = load_recipe("timm_backbone", profile=profile).settings.backbone
    assert backbone == {
        "type": "timm",
        "model": "vit_small_patch14_reg4_dinov2.lvd142m",
        "weights": "cache",
        "frame_size": 224,
    }


def test_a_wrong_model_is_told_where_the_recipe_says_it() -> None:
    with pytest.raises(UserError, match=r'backbone.model=resnet10x: .* did you mean "resnet10t"'):
        load_recipe("timm_backbone", profile="demo", overrides=["backbone.model=resnet10x"])


def test_a_size_that_the_model_cannot_take_is_told_before_any_work() -> None:
    with pytest.raises(UserError, match=r"backbone.frame_size=100: .* must be a multiple"):
        load_recipe("timm_backbone", profile="paper", overrides=["backbone.frame_size=100"])
