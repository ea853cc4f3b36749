"""Properties of the paper's two noising functions, for every length that could go wrong."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vsslfw.builtin.feature_noise import FeatureNoise
from vsslfw.builtin.frame_transforms import FrameTransforms
from vsslfw.builtin.mask_frames import MaskFrames
from vsslfw.builtin.permute_span import PermuteSpan
from vsslfw.errors import UserError
from vsslfw.interfaces import SequenceCorruption
from vsslfw.plan import MASK, CorruptionPlan
from vsslfw.seeds import Stream

LENGTHS = (1, 2, 29, 30, 31, 250, 256)

seeds = st.integers(0, 2**32 - 1)
lengths = st.sampled_from(LENGTHS) | st.integers(0, 300)
pads = st.sampled_from((0, 1, 6))
ratios = st.sampled_from((0.0, 0.15, 0.5, 1.0)) | st.floats(0, 1)
spans = st.sampled_from((1, 2, 30)) | st.integers(1, 400)


def generator(seed: int) -> np.random.Generator:
    return Stream(seed, "corruption").generator()


def corrupt(plan: CorruptionPlan, seed: int, *corruptions: SequenceCorruption) -> CorruptionPlan:
    draw = generator(seed)
    for corruption in corruptions:
        plan = corruption(plan, draw)
    return plan


# permute_span


@given(seeds, lengths, pads, spans)
def test_a_plan_without_masking_is_a_permutation(seed: int, k: int, pad: int, span: int) -> None:
    plan = corrupt(CorruptionPlan.clean(k, k + pad), seed, PermuteSpan(span=span))
    assert sorted(plan.source[:k]) == list(range(k))


@given(seeds, lengths, spans)
def test_one_span_moves_as_a_whole_and_the_rest_keeps_its_order(seed: int, k: int, span: int) -> None:
    source = corrupt(CorruptionPlan.clean(k, k), seed, PermuteSpan(span=span)).source
    n = min(span, k // 2)
    if n == 0:
        assert source.tolist() == list(range(k))
        return
    assert source.tolist() != list(range(k))
    # Relocating a span exchanges it with the frames that it passes: the sequence is cut at three places.
    assert np.count_nonzero(np.diff(source, prepend=-1, append=k) != 1) == 3
    runs = np.split(np.arange(k), np.flatnonzero(np.diff(source) != 1) + 1)
    assert n in [len(run) for run in runs if source[run[0]] != run[0]]


@pytest.mark.parametrize("k", LENGTHS)
def test_the_span_moves_every_time(k: int) -> None:
    for seed in range(50):
        assert corrupt(CorruptionPlan.clean(k, 256), seed, PermuteSpan()).moved.any() == (k > 1)


def test_start_and_goal_are_uniform() -> None:
    """K = 5, span 2: 4 starts, and 3 other places for each."""
    found: dict[tuple[int, ...], int] = {}
    draw = generator(0)
    for _ in range(6000):
        source = tuple(PermuteSpan(span=2)(CorruptionPlan.clean(5, 5), draw).source.tolist())
        found[source] = found.get(source, 0) + 1
    # (0 1) past (2 3) and (2 3) past (0 1) give one sequence, and so do (1 2) and (3 4): 12 draws, 10 sequences.
    assert len(found) == 10
    twice = {(2, 3, 0, 1, 4), (0, 3, 4, 1, 2)}
    for source, count in found.items():
        assert count / 6000 == pytest.approx((2 if source in twice else 1) / 12, abs=0.02)


def test_a_span_can_be_moved_in_what_another_corruption_left() -> None:
    before = CorruptionPlan.clean(6, 8).with_source(np.array([MASK, 0, 1, 2, MASK, 5]))
    after = corrupt(before, 3, PermuteSpan(span=2))
    assert sorted(after.source) == sorted(before.source)
    assert after.source.tolist() != before.source.tolist()


# mask_frames


@given(seeds, lengths, pads, ratios)
def test_the_masked_count_is_exact(seed: int, k: int, pad: int, ratio: float) -> None:
    plan = corrupt(CorruptionPlan.clean(k, k + pad), seed, MaskFrames(ratio=ratio))
    assert plan.masked.sum() == int(np.floor(ratio * k + 0.5))
    assert plan.untouched.sum() == k - plan.masked.sum()


@pytest.mark.parametrize(("k", "masked"), [(1, 0), (2, 0), (3, 0), (4, 1), (10, 2), (29, 4), (30, 5), (31, 5), (250, 38), (256, 38)])
def test_the_papers_fifteen_per_cent(k: int, masked: int) -> None:
    assert corrupt(CorruptionPlan.clean(k, 256), 0, MaskFrames()).masked.sum() == masked == (15 * k + 50) // 100


def test_every_real_frame_can_be_masked_and_pad_never_is() -> None:
    masked = sum(corrupt(CorruptionPlan.clean(20, 24), seed, MaskFrames()).masked.astype(int) for seed in range(400))
    assert np.all(masked[20:] == 0)
    assert np.all(np.abs(masked[:20] / 400 - 0.15) < 0.08)


def test_bernoulli_masks_the_ratio_on_average_and_not_exactly() -> None:
    counts = [corrupt(CorruptionPlan.clean(250, 256), seed, MaskFrames(draw="bernoulli")).masked.sum() for seed in range(200)]
    assert np.mean(counts) == pytest.approx(0.15 * 250, rel=0.05)
    assert np.std(counts) == pytest.approx(np.sqrt(250 * 0.15 * 0.85), rel=0.25)


@pytest.mark.parametrize("k", [2, 3, 1000])
def test_berts_rule_is_80_10_10(k: int) -> None:
    """A frame that is replaced is always replaced by another one, however few there are."""
    draw, rounds = generator(1), 40_000 // k
    plans = [MaskFrames(ratio=1.0, replace="bert")(CorruptionPlan.clean(k, k), draw) for _ in range(rounds)]
    assert sum(plan.masked.sum() for plan in plans) / (rounds * k) == pytest.approx(0.8, abs=0.01)
    assert sum(plan.moved.sum() for plan in plans) / (rounds * k) == pytest.approx(0.1, abs=0.01)


def test_berts_rule_puts_any_other_frame_there() -> None:
    draw, k = generator(2), 4
    shown = [MaskFrames(ratio=1.0, replace="bert")(CorruptionPlan.clean(k, k), draw).source[1] for _ in range(20_000)]
    counts = np.bincount([i for i in shown if i not in (MASK, 1)], minlength=k)
    assert counts[[0, 2, 3]] / 20_000 == pytest.approx(0.1 / 3, abs=0.005)


@given(seeds, lengths, ratios)
def test_berts_rule_never_leaves_the_real_frames(seed: int, k: int, ratio: float) -> None:
    plan = corrupt(CorruptionPlan.clean(k, k + 3), seed, MaskFrames(ratio=ratio, replace="bert"))
    assert plan.length == k
    assert plan.masked.sum() + plan.moved.sum() <= int(np.floor(ratio * k + 0.5))


@given(seeds, lengths, ratios, st.sampled_from(("exact", "bernoulli")))
def test_moved_frames_can_be_spared(seed: int, k: int, ratio: float, draw: str) -> None:
    moved = corrupt(CorruptionPlan.clean(k, k), seed, PermuteSpan())
    plan = corrupt(moved, seed, MaskFrames(ratio=ratio, draw=draw, spare_moved=True))  # type: ignore[arg-type]
    assert plan.moved.sum() == moved.moved.sum()
    if draw == "exact":
        assert plan.masked.sum() == min(int(np.floor(ratio * k + 0.5)), moved.untouched.sum())


def test_by_default_a_masked_frame_may_lie_in_the_moved_span() -> None:
    moved = corrupt(CorruptionPlan.clean(250, 256), 0, PermuteSpan())
    assert any((corrupt(moved, seed, MaskFrames()).masked & moved.moved).any() for seed in range(20))


# Both


ORDERS = {
    "permute, mask": (PermuteSpan(), MaskFrames()),
    "mask, permute": (MaskFrames(), PermuteSpan()),
    "permute twice, mask twice": (PermuteSpan(), MaskFrames(), PermuteSpan(span=7), MaskFrames(replace="bert")),
    "bernoulli, bert": (MaskFrames(draw="bernoulli", replace="bert"), PermuteSpan(span=3)),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("k", LENGTHS)
@pytest.mark.parametrize("pad", [0, 6])
def test_in_any_order_pad_stays_and_is_never_a_target(order: str, k: int, pad: int) -> None:
    clean = CorruptionPlan.clean(k, k + pad)
    for seed in range(5):
        plan = corrupt(clean, seed, *ORDERS[order])
        assert np.array_equal(plan.target, clean.target)
        assert np.array_equal(plan.valid, clean.valid)
        assert len(plan) == len(clean)


@pytest.mark.parametrize("order", ["permute, mask", "mask, permute"])
@given(seed=seeds, k=lengths)
def test_permuting_and_masking_in_either_order_keeps_the_count_exact(order: str, seed: int, k: int) -> None:
    plan = corrupt(CorruptionPlan.clean(k, k + 2), seed, *ORDERS[order])
    assert plan.masked.sum() == int(np.floor(0.15 * k + 0.5))
    shown = plan.source[plan.source >= 0]
    assert len(set(shown.tolist())) == len(shown)


@pytest.mark.parametrize("order", ORDERS)
@given(seed=seeds, k=lengths)
def test_the_same_seed_gives_the_same_plan(order: str, seed: int, k: int) -> None:
    clean = CorruptionPlan.clean(k, k + 2)
    assert corrupt(clean, seed, *ORDERS[order]) == corrupt(clean, seed, *ORDERS[order])


def test_another_seed_gives_another_plan() -> None:
    clean = CorruptionPlan.clean(250, 256)
    plans = [corrupt(clean, seed, PermuteSpan(), MaskFrames()).source.tobytes() for seed in range(20)]
    assert len(set(plans)) == 20


# Frames and features


def test_feature_noise_has_the_asked_deviation_and_leaves_pad_alone() -> None:
    features, valid = torch.ones(300, 64), torch.arange(300) < 250
    noisy = FeatureNoise(std=0.5)(features, valid, generator(0))
    assert torch.equal(noisy[250:], features[250:])
    assert (noisy[:250] - 1).std().item() == pytest.approx(0.5, rel=0.02)
    assert (noisy[:250] - 1).mean().item() == pytest.approx(0.0, abs=0.02)
    assert torch.equal(noisy, FeatureNoise(std=0.5)(features, valid, generator(0)))
    assert torch.equal(features, torch.ones(300, 64))


def test_frame_transforms_draw_from_the_generator_and_keep_the_shape() -> None:
    frames = np.full((3, 32, 32, 3), 120, dtype=np.uint8)
    brighter = FrameTransforms(transforms=[{"type": "RandomBrightnessContrast", "p": 1.0}])
    one, same, other = (brighter(frames, generator(seed)) for seed in (0, 0, 1))
    assert one.shape == frames.shape
    assert one.dtype == np.uint8
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert np.all(frames == 120)


def test_a_transform_that_does_not_exist_shows_when_it_is_built() -> None:
    with pytest.raises(UserError, match="RandomBrightnesContrast"):
        FrameTransforms(transforms=[{"type": "RandomBrightnesContrast"}])


def test_a_transform_that_changes_the_size_is_refused() -> None:
    halved = FrameTransforms(transforms=[{"type": "Resize", "height": 16, "width": 16}])
    with pytest.raises(ValueError, match="keep the size"):
        halved(np.zeros((2, 32, 32, 3), dtype=np.uint8), generator(0))


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: PermuteSpan(span=0), "span is 0"),
        (lambda: MaskFrames(ratio=1.5), "ratio is 1.5"),
        (lambda: MaskFrames(ratio=float("nan")), "ratio is nan"),
        (lambda: MaskFrames(draw="some"), "draw is"),  # type: ignore[arg-type]
        (lambda: MaskFrames(replace="all"), "replace is"),  # type: ignore[arg-type]
        (lambda: FeatureNoise(std=-1.0), "std is -1.0"),
        (lambda: FeatureNoise(std=float("nan")), "std is nan"),
        (lambda: FrameTransforms(transforms=[]), "transforms is empty"),
    ],
)
def test_values_that_make_no_sense_are_refused_in_words(build, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=words):
        build()
