"""The corruption plan: what it refuses, what it says about its positions, and how a batch carries it out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vsslfw.plan import IGNORE, MASK, PAD, CorruptionPlan
from vsslfw.types import Batch


@pytest.mark.parametrize(("length", "positions"), [(0, 4), (1, 1), (3, 4), (250, 256), (256, 256)])
def test_the_clean_plan_shows_each_frame_in_its_place_and_fills_the_tail_with_pad(length: int, positions: int) -> None:
    plan = CorruptionPlan.clean(length, positions)
    assert plan.source.tolist() == [*range(length), *[PAD] * (positions - length)]
    assert plan.target.tolist() == [*range(length), *[IGNORE] * (positions - length)]
    assert (len(plan), plan.length) == (positions, length)
    assert plan.untouched.sum() == length
    assert not plan.moved.any()
    assert not plan.masked.any()


def test_a_plan_says_which_positions_are_masked_moved_and_untouched() -> None:
    plan = CorruptionPlan.clean(5, 6).with_source(np.array([1, 0, MASK, 3, 4]))
    assert plan.moved.tolist() == [True, True, False, False, False, False]
    assert plan.masked.tolist() == [False, False, True, False, False, False]
    assert plan.untouched.tolist() == [False, False, False, True, True, False]
    assert plan.valid.tolist() == [True] * 5 + [False]
    assert np.all(plan.moved.astype(int) + plan.masked + plan.untouched == plan.valid)


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        ([0, PAD, 1], [0, IGNORE, 1], "PAD must fill the tail"),
        ([0, 1, PAD], [0, 1, 1], "never a target"),
        ([0, 2, PAD], [0, 1, IGNORE], "indices must lie in"),
        ([0, 1, -3], [0, 1, 2], "indices must lie in"),
        ([0, 1], [0, -2], "indices must lie in"),
        ([0, 1, 2], [0, 1], "one \\(T,\\) shape"),
        ([[0, 1]], [[0, 1]], "one \\(T,\\) shape"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(source: list[int], target: list[int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        CorruptionPlan(np.array(source), np.array(target))


def test_more_frames_than_positions_are_refused() -> None:
    with pytest.raises(ValueError, match="257 frames do not fit in 256 positions"):
        CorruptionPlan.clean(257, 256)


def test_plans_are_values() -> None:
    plan = CorruptionPlan.clean(3, 4)
    with pytest.raises(ValueError, match="read-only"):
        plan.source[0] = MASK
    own = np.array([2, 1, 0])
    changed = plan.with_source(own)
    own[0] = 1
    assert changed.source.tolist() == [2, 1, 0, PAD]
    assert plan == CorruptionPlan.clean(3, 4) != changed


def test_eq_1_can_count_the_corrupted_positions_alone() -> None:
    plan = CorruptionPlan.clean(4, 5).with_source(np.array([0, MASK, 3, 2]))
    only = plan.with_target(np.where(plan.untouched, IGNORE, plan.target))
    assert only.target.tolist() == [IGNORE, 1, 2, 3, IGNORE]
    assert only.source.tolist() == plan.source.tolist()


@pytest.mark.parametrize("length", [2, 5])
def test_deletion_noise_fits_the_contract(length: int) -> None:
    """A noise that shortens the sequence fills the freed tail with MASK; the targets stay 0..K-1."""
    plan = CorruptionPlan.clean(length, 6)
    kept = plan.source[1:length]
    deleted = plan.with_source(np.append(kept, MASK))
    assert deleted.length == length
    assert deleted.target.tolist() == plan.target.tolist()


def batch_of(plan: CorruptionPlan, features: torch.Tensor) -> Batch:
    source, target = torch.from_numpy(plan.source.copy()), torch.from_numpy(plan.target.copy())
    times = torch.arange(len(plan), dtype=torch.float64)
    return Batch(features[None], source[None], target[None], source[None] != PAD, times[None])


def test_a_batch_shows_frames_by_source_and_restores_them_by_target() -> None:
    frames = torch.arange(12.0).reshape(6, 2)
    frames[5] = -7.0  # the PAD feature
    mask_feature = torch.tensor([100.0, 200.0])
    batch = batch_of(CorruptionPlan.clean(5, 6).with_source(np.array([3, MASK, 0, 0, 4])), frames)
    expected = torch.stack([frames[3], mask_feature, frames[0], frames[0], frames[4], frames[5]])
    assert torch.equal(batch.corrupted(mask_feature)[0], expected)
    assert torch.equal(batch.targets()[0, :5], frames[:5])


def test_a_learned_mask_feature_gets_a_gradient_from_each_masked_position() -> None:
    mask_feature = torch.zeros(2, requires_grad=True)
    batch = batch_of(CorruptionPlan.clean(4, 5).with_source(np.array([MASK, 1, MASK, 3])), torch.ones(5, 2))
    batch.corrupted(mask_feature).sum().backward()
    assert mask_feature.grad is not None
    assert mask_feature.grad.tolist() == [2.0, 2.0]


def test_the_target_is_the_clean_feature_even_where_the_frames_themselves_were_corrupted() -> None:
    batch = batch_of(CorruptionPlan.clean(3, 3), torch.zeros(3, 2))
    batch.clean = torch.ones(1, 3, 2)
    assert torch.equal(batch.targets(), batch.clean)
    assert torch.equal(batch.corrupted(torch.zeros(2)), batch.features)
