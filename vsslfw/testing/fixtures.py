"""pytest's fixtures for plugin authors, registered by an entry point: a data set, a recipe and a run so small that they take seconds.

This module is imported by every pytest of an environment in which vsslfw is installed, so it imports nothing heavy.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from vsslfw import Recipe, RunResult


@pytest.fixture(scope="session")
def vsslfw_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest (videos.csv) of a tiny made data set: four subjects, two classes, boxes.csv beside it. Do not change it."""
    from vsslfw.plugins import registries
    from vsslfw.testing.tiny import tiny_recipe

    manifest: Path = registries().build("dataset", tiny_recipe().settings.data).manifest(tmp_path_factory.mktemp("vsslfw_dataset"))
    return manifest


@pytest.fixture(scope="session")
def vsslfw_recipe() -> Callable[..., Recipe]:
    """``vsslfw_recipe(*overrides, recipe="seizure_bart", profile="demo")`` -> a resolved recipe of tiny size.

    The sizes of `vsslfw.testing.TINY` come first, then your ``KEY=VALUE`` overrides, so yours win. A recipe that has a backbone of
    its own keeps it; the others get a ResNet-18 with random weights.
    """
    from vsslfw.testing.tiny import tiny_recipe

    return tiny_recipe


@pytest.fixture
def vsslfw_run(vsslfw_recipe: Callable[..., Recipe], tmp_path: Path) -> Callable[..., RunResult]:
    """``vsslfw_run(*overrides, recipe="seizure_bart", profile="demo")`` -> the result of a whole tiny run, in a temporary folder.

    It takes 10 to 20 seconds. Each call has a run folder of its own; the calls of one test share data and cache.
    """
    number = itertools.count(1)

    def run_it(*overrides: str, recipe: str | Path = "seizure_bart", profile: str | None = "demo") -> RunResult:
        from vsslfw import run

        made = vsslfw_recipe(*overrides, recipe=recipe, profile=profile)
        return run(made, out=tmp_path / f"run-{next(number)}", cache=tmp_path / "cache")

    return run_it
