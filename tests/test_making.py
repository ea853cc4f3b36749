"""A data set that makes its videos says how far it is: they are made before the first stage begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vsslfw import Pipeline, load_recipe
from vsslfw.pipeline import progress
from vsslfw.testing.tiny import tiny_overrides


class Heard(progress.Silent):
    """A listener that remembers."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.done = 0.0

    def stage(self, name: str, state: str, note: str = "", seconds: float | None = None) -> None:
        self.told.append((name, state, note))

    def start(self, task: str, total: float | None, unit: str, done: float = 0) -> None:
        self.told.append((task, total, unit))

    def advance(self, task: str, amount: float, note: str = "") -> None:
        self.done += amount

    def finish(self, task: str) -> None:
        self.told.append((task, "made", self.done))


def test_the_videos_are_counted_while_they_are_made_and_not_when_they_are_there(tmp_path: Path) -> None:
    first, again = Heard(), Heard()
    for heard in (first, again):
        pipeline = Pipeline(load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides()), cache=tmp_path)
        with progress.listening(heard):
            assert len(pipeline.manifest.rows) == 8
        assert pipeline.dataset.told is None
    assert first.told == [("index", "running", "the videos are made first"), ("data", 8, "videos"), ("data", "made", 8)]
    assert again.told == []
