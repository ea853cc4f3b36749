"""Every built-in component keeps the contract of its kind: the conformance kit that plugin authors use, over all of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from vsslfw.builtin.bert import Bert
from vsslfw.builtin.regions import BoxesCsv
from vsslfw.builtin.videos_csv import VideosCsv
from vsslfw.plugins import registries
from vsslfw.testing import parametrize_with_checks, run_checks

BUILTINS = [component for component in registries().components() if component.plugin == "vsslfw"]
NEED_FILES = {("dataset", "videos_csv"), ("detector", "boxes_csv"), ("detector", "ssdlite"), ("detector", "ssd300")}
"""Checked below, with files."""
EVERY = [
    check
    for component in BUILTINS
    if (component.kind, component.name) not in NEED_FILES
    for check in parametrize_with_checks(component.kind, component.load()).args[1]
]


@pytest.mark.parametrize("check", EVERY)
def test_a_built_in_keeps_the_contract(check: Callable[[], None]) -> None:
    check()


SMALL = {"hidden_dim": 16, "layers": 2, "heads": 4, "intermediate_dim": 32, "max_positions": 24}
SEEN = "attend_pad=True lets real frames attend to PAD, which is the other reading of the paper"


@parametrize_with_checks(
    "encoder",
    partial(Bert, **SMALL, attend_pad=True),
    expected_failures={"check_padding": SEEN, "check_padding_length": SEEN, "check_padding_gradients": SEEN},
)
def test_bert_that_attends_to_pad_keeps_the_rest(check: Callable[[], None]) -> None:
    check()


def failed(kind: str, factory: Callable[..., object]) -> list[str]:
    return [f"{outcome.name}: {outcome.words}" for outcome in run_checks(kind, factory) if outcome.outcome == "failed"]


def test_videos_csv_keeps_the_contract(vsslfw_dataset: Path) -> None:
    assert failed("dataset", partial(VideosCsv, path=str(vsslfw_dataset))) == []


def test_boxes_csv_keeps_the_contract(tmp_path: Path) -> None:
    path = tmp_path / "boxes.csv"
    path.write_text("video_id,time_s,x1,y1,x2,y2\nV01,0,4,4,60,40\nV02,0,-5,2,30,50\nV02,8,10,20,60,70\n")
    assert failed("detector", partial(BoxesCsv, path=str(path))) == []
