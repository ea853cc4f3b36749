"""The bar of a whole study: what it says is left is what is left, whatever the estimates were."""

from __future__ import annotations

import pytest

from vsslfw.ablation.view import OneView
from vsslfw.pipeline.progress import WHOLE, Silent


class Heard(Silent):
    """Adds up what the bar of the whole study heard."""

    def __init__(self) -> None:
        self.total = self.done = 0.0
        self.tasks: list[str] = []

    def start(self, task: str, total: float | None, unit: str, done: float = 0) -> None:
        if task == WHOLE:
            self.total = total or 0.0

    def advance(self, task: str, amount: float, note: str = "") -> None:
        self.tasks.append(task)
        self.done += amount if task == WHOLE else 0.0


def view_of(heard: Heard) -> OneView:
    return OneView(heard, {"extract": 60.0, "pretrain": 30.0, "report": 10.0})


def test_work_is_counted_in_seconds_as_they_were_estimated() -> None:
    heard = Heard()
    view = view_of(heard)
    view.begin("extract", {"extract": 0.5})
    view.advance("extract", 40)
    assert (heard.total, heard.done) == (100.0, 20.0)
    assert heard.tasks == ["extract", WHOLE], "the stage's own bar goes on"


def test_tasks_that_nobody_estimated_move_nothing() -> None:
    heard = Heard()
    view = view_of(heard)
    view.begin("extract", {"extract": 0.5})
    view.advance("decode", 40)
    assert heard.done == 0.0


@pytest.mark.parametrize("units", [1, 60, 600], ids=["less than was thought", "as much", "more"])
def test_a_stage_takes_its_own_share_of_the_whole_and_no_more(units: int) -> None:
    heard = Heard()
    view = view_of(heard)
    view.begin("extract", {"extract": 1.0})
    view.advance("extract", units)
    assert heard.done <= 60.0
    view.begin("pretrain", {"pretrain": 1.0})
    assert heard.done == 60.0


def test_at_the_end_nothing_is_left() -> None:
    heard = Heard()
    view = view_of(heard)
    view.begin("extract")
    view.end()
    assert heard.done == 60.0, "stages that never began were not done"
    for stage in ("pretrain", "report"):
        view.begin(stage)
    view.end()
    assert heard.done == heard.total
