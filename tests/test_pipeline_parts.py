"""Parts of the pipeline on their own: the frozen backbone, class weights, splits, held-out clips."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from vsslfw import load_recipe
from vsslfw.digest import digest_of
from vsslfw.interfaces import Backbone
from vsslfw.pipeline import progress
from vsslfw.pipeline.backbone import FrozenBackbone, resize_for
from vsslfw.pipeline.folds import Case, Fold, class_weights, fold_inputs
from vsslfw.pipeline.pretrain import split_held_out
from vsslfw.seeds import Stream
from vsslfw.testing.tiny import tiny_overrides


class ClipBackbone(Backbone):
    """Mean of a clip of 4 frames, every 2 frames: (N,4,3,8,8) -> (N,3)."""

    feature_dim = 3
    frame_size = (8, 8)
    clip_length = 4
    clip_stride = 2

    def forward(self, frames: Tensor) -> Tensor:
        return frames.mean((1, 3, 4))


@pytest.fixture
def clips() -> FrozenBackbone:
    return FrozenBackbone(ClipBackbone(), {}, (9, 12), 4, "float32", "cpu")


@pytest.mark.parametrize(("frames", "features"), [(0, 0), (3, 0), (4, 1), (5, 1), (6, 2), (16, 7)])
def test_a_clip_backbone_gives_one_feature_a_whole_clip(frames: int, features: int, clips: FrozenBackbone) -> None:
    assert clips.length(frames) == features
    assert clips.features(np.zeros((frames, 8, 8, 3), np.uint8)).shape == (features, 3)
    assert len(clips.feature_times(np.arange(frames) / 25)) == features


def test_times_of_clips_are_their_centres(clips: FrozenBackbone) -> None:
    assert clips.feature_times(np.arange(6, dtype=np.float64)).tolist() == [1.5, 3.5]


def test_features_of_a_segment_are_those_of_the_whole(clips: FrozenBackbone) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (16, 8, 8, 3), np.uint8)
    whole = clips.features(frames)
    first, last = clips.frame_range(2, 5)
    assert torch.equal(clips.features(frames[first:last]), whole[2:5])


@given(missing=st.sets(st.integers(0, 29), max_size=8))
def test_clips_that_would_reach_across_a_missing_frame_are_lost_and_no_others(missing: set[int]) -> None:
    clips = FrozenBackbone(ClipBackbone(), {}, (9, 12), 4, "float32", "cpu")
    frames = np.random.default_rng(0).integers(0, 255, (30, 8, 8, 3), np.uint8)
    there = np.array([place for place in range(30) if place not in missing], dtype=np.int64)
    kept = [number for number in range(clips.length(30)) if not missing & set(range(2 * number, 2 * number + 4))]
    begins = clips.begins(there)
    assert torch.equal(clips.features(frames[there], begins), clips.features(frames)[kept])
    assert clips.feature_times(there / 25, begins).tolist() == clips.feature_times(np.arange(30) / 25)[kept].tolist()


def test_mask_of_a_clip_backbone_is_a_clip_of_constant_frames(clips: FrozenBackbone) -> None:
    mask, pad = clips.tokens
    assert torch.equal(mask, torch.full((3,), -1.0))
    assert torch.equal(pad, torch.zeros(3))


@pytest.mark.parametrize(("crop", "resize"), [((112, 112), (128, 171)), ((224, 224), (256, 342))])
def test_the_resize_keeps_the_papers_proportions(crop: tuple[int, int], resize: tuple[int, int]) -> None:
    assert resize_for(crop) == resize


def case(subject: str, label: str) -> Case:
    entry: Any = None
    return Case(f"{subject}-{label}", subject, label, 1.0, "", entry)


def test_class_weights_count_videos_or_subjects_of_the_training_fold() -> None:
    cases = [case("A", "ES"), case("A", "ES"), case("B", "ES"), case("C", "PNES")]
    assert class_weights(cases, ["ES", "PNES"], "videos") == pytest.approx({"ES": 4 / 6, "PNES": 2.0})
    assert class_weights(cases, ["ES", "PNES"], "subjects") == pytest.approx({"ES": 3 / 4, "PNES": 1.5})
    assert class_weights(cases, ["ES", "PNES"], "none") == {"ES": 1.0, "PNES": 1.0}


@pytest.mark.parametrize(("subjects", "same"), [("XXY", True), ("ZZA", True), ("XYY", False), ("XYZ", False)])
def test_a_fold_key_knows_which_videos_share_a_subject_and_not_the_subject_ids(subjects: str, same: bool) -> None:
    recipe = load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides())

    def key(subjects: str) -> str:
        train = [case(subject, label) for subject, label in zip(subjects, ("ES", "PNES", "ES"), strict=True)]
        train = [replace(c, entry=SimpleNamespace(key=str(i))) for i, c in enumerate(train)]
        return digest_of(fold_inputs(recipe, Fold("T", tuple(train), ()), "pretrained", {}, ("ES", "PNES")))

    assert (key(subjects) == key("AAB")) is same


class Bar(progress.Silent):
    """A listener that adds up."""

    def __init__(self) -> None:
        self.reached: list[float] = []
        self.total: float | None = None

    def start(self, task: str, total: float | None, unit: str, done: float = 0) -> None:
        self.total = total

    def advance(self, task: str, amount: float, note: str = "") -> None:
        self.reached.append(sum(self.reached[-1:]) + amount)


@pytest.mark.parametrize("told", [[0.25, 0.75], [0.25], []], ids=["all", "a part, then it was found in the cache", "nothing: in a worker"])
def test_a_task_that_is_done_counts_once_whatever_it_reported_itself(told: list[float]) -> None:
    def work() -> Iterator[str]:
        for name in ("first", "second"):
            for amount in told:
                progress.current().advance("validate", amount)
            yield name

    bar, after = Bar(), []
    with progress.listening(bar):
        for _ in progress.counted(work(), "validate", 2, "folds"):
            after.append(bar.reached[-1])
        assert progress.current() is bar
    assert bar.total == 2
    assert after == [1.0, 2.0]


def pretrain_clip(content: str, number: int = 0) -> Any:
    return SimpleNamespace(video=SimpleNamespace(content=content), number=number)


def test_held_out_clips_are_whole_videos() -> None:
    clips = [pretrain_clip(f"video{i // 3}") for i in range(30)]
    train, held = split_held_out(clips, 0.1, Stream(0))
    assert len(train) + len(held) == 30
    assert held
    assert not {clip.video.content for clip in train} & {clip.video.content for clip in held}


@pytest.mark.parametrize("share", [0.05, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("videos", [1, 3, 40])
def test_of_long_recordings_about_the_share_is_held_out_in_whole_stretches(videos: int, share: float) -> None:
    clips = [pretrain_clip(f"video{i // (120 // videos)}", i) for i in range(120)]
    train, held = split_held_out(clips, share, Stream(0))
    assert train
    assert len(held) == pytest.approx(share * 120, abs=max(1, share * 120))
    assert [clip for clip in clips if clip in train] == train


@pytest.mark.parametrize(("share", "clips"), [(0.0, 6), (0.5, 1)])
def test_nothing_is_held_out_if_nothing_is_asked_or_there_is_one_clip(share: float, clips: int) -> None:
    all_clips = [pretrain_clip("video", i) for i in range(clips)]
    assert split_held_out(all_clips, share, Stream(0)) == (all_clips, [])
