"""The recipe: BART's two noises with the same lengths in seconds in every profile, and a whole run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from vsslfw import load_recipe

if TYPE_CHECKING:
    from vsslfw import RunResult


@pytest.mark.parametrize("profile", ["paper", "stable", "demo"])
def test_lengths_are_the_same_in_seconds_in_every_profile(profile: str) -> None:
    settings = load_recipe("bart_noise", profile=profile).settings
    permutation, infilling = settings.corruption
    assert (permutation["type"], infilling["type"], infilling["ratio"]) == ("sentence_permutation", "text_infilling", 0.3)
    assert permutation["segment"] / settings.video.fps == pytest.approx(1.0, abs=0.05)
    assert infilling["lam"] * infilling["unit"] / settings.video.fps == pytest.approx(0.48)


def test_nothing_but_the_noise_differs_from_the_paper() -> None:
    ours, papers = (load_recipe(name, profile="paper").to_dict() for name in ("bart_noise", "seizure_bart"))
    assert {key for key in papers if ours[key] != papers[key]} - {"plugins"} == {"name", "corruption"}


@pytest.mark.slow
def test_a_whole_run(vsslfw_run: Callable[..., RunResult]) -> None:
    result = vsslfw_run(recipe="bart_noise")
    assert (result.folder / "report.html").is_file()
