"""The clip that the report shows before and after its corruption."""

from __future__ import annotations

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsslfw.pipeline.stages import Pipeline
from vsslfw.pipeline.thumbnails import HEIGHT, TILES, chosen_positions, example_of, uri
from vsslfw.plan import MASK, CorruptionPlan
from vsslfw.recipe import load_recipe
from vsslfw.testing.tiny import tiny_overrides


def pipeline(tiny_run: Path, **overrides: str) -> Pipeline:
    """Over the cache of the tiny run: all is there."""
    recipe = load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides(**overrides))
    return Pipeline(recipe, cache=tiny_run.parent / ".vsslfw-cache")


def test_the_example_is_the_plan_of_the_run_with_pictures_of_it(tiny_run: Path) -> None:
    line = pipeline(tiny_run)
    example = example_of(line, pictures=True)
    assert example is not None
    assert example.pictures
    assert {"mask", "moved", "own"} <= {tile.shows for tile in example.tiles}
    assert example.source == line.corruption_plan(len([s for s in example.source if s != -2]), epoch=0, sample=0).source.tolist()
    by_position = {tile.position: tile for tile in example.tiles}
    for tile in example.tiles:
        if tile.shows == "own":
            assert tile.clean == tile.corrupted
        if tile.shows == "moved" and tile.source in by_position:
            assert tile.corrupted == by_position[tile.source].clean
    assert example_of(pipeline(tiny_run), pictures=True) == example, "the same bytes each time"


def test_without_pictures_the_plan_alone_is_shown(tiny_run: Path) -> None:
    example = example_of(pipeline(tiny_run), pictures=False)
    assert example is not None
    assert not example.pictures
    assert not any(tile.clean or tile.corrupted for tile in example.tiles)


def test_a_video_that_is_gone_costs_the_pictures_and_not_the_report(tiny_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr("vsslfw.pipeline.clip_reader.ClipReader.decode", gone)
    example = example_of(pipeline(tiny_run), pictures=True)
    assert example is not None
    assert not example.pictures
    assert "could not be read again" in example.note


def test_without_pre_training_there_is_nothing_to_show(tiny_run: Path) -> None:
    assert example_of(pipeline(tiny_run, pretrain__source="none"), pictures=True) is None


def test_corruptions_that_no_plan_holds_are_named(tiny_run: Path) -> None:
    corruption = '[dict(type="mask_frames", ratio=0.3), dict(type="feature_noise")]'
    example = example_of(pipeline(tiny_run, corruption=corruption), pictures=False)
    assert example is not None
    assert "feature_noise (feature level)" in example.note


@given(length=st.integers(1, 256), pad=st.integers(0, 20), masked=st.integers(0, 255))
def test_chosen_positions_are_in_order_and_in_the_plan(length: int, pad: int, masked: int) -> None:
    plan = CorruptionPlan.clean(length, length + pad)
    source = plan.source[:length].copy()
    source[masked % length] = MASK
    chosen = chosen_positions(plan.with_source(source))
    assert chosen == sorted(set(chosen))
    assert 1 <= len(chosen) <= TILES
    assert all(0 <= position < length + pad for position in chosen)


def test_a_thumbnail_is_a_small_jpeg() -> None:
    text = uri(np.full((128, 171, 3), (200, 10, 10), np.uint8))
    kind, _, coded = text.partition(",")
    assert kind == "data:image/jpeg;base64"
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(coded), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (HEIGHT, 96, 3)
    assert picture[30, 30, 2] > 180
