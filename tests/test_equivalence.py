"""Corrupting the images and corrupting the features are the same, through a real ResNet.

It is what lets features be computed once. It holds for a frozen backbone in eval mode, float32, and one batch shape.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from vsslfw.builtin.mask_frames import MaskFrames
from vsslfw.builtin.permute_span import PermuteSpan
from vsslfw.builtin.resnet import ResNet18, ResNet152, _ResNet
from vsslfw.interfaces import SequenceCorruption
from vsslfw.plan import MASK, PAD, CorruptionPlan
from vsslfw.seeds import Stream
from vsslfw.types import Batch

K, T, BATCH = 13, 16, 8
ORDERS = {
    "permute": (PermuteSpan(),),
    "mask": (MaskFrames(),),
    "permute, mask": (PermuteSpan(), MaskFrames()),
    "mask, permute": (MaskFrames(ratio=0.5), PermuteSpan(span=3)),
    "bert": (PermuteSpan(), MaskFrames(ratio=0.9, replace="bert")),
}


def images() -> Tensor:
    """K frames after normalisation: smooth pictures that differ from each other."""
    draw = torch.Generator().manual_seed(0)
    small = torch.randn(K, 3, 14, 14, generator=draw)
    return nn.functional.interpolate(small, scale_factor=8, mode="bilinear")


def corrupted_images(clean: Tensor, plan: CorruptionPlan) -> Tensor:
    """(T,3,H,W): the paper's corruption, literally. MASK is an image of -1.0, PAD one of 0.0, after normalisation."""
    constant = {MASK: torch.full_like(clean[0], -1.0), PAD: torch.zeros_like(clean[0])}
    return torch.stack([clean[i] if i >= 0 else constant[i] for i in plan.source.tolist()])


def extract(backbone: Callable[[Tensor], Tensor], frames: Tensor) -> Tensor:
    """(N,3,H,W) -> (N,D) in batches of one shape: the last one is filled up."""
    fill = frames.new_zeros(-len(frames) % BATCH, *frames.shape[1:])
    with torch.no_grad():
        features = torch.cat([backbone(part) for part in torch.cat([frames, fill]).split(BATCH)])
    return features[: len(frames)]


def corrupted_features(backbone: Callable[[Tensor], Tensor], clean: Tensor, plan: CorruptionPlan) -> Tensor:
    """(T,D): features of the K clean frames, of MASK and of PAD, put together by the plan."""
    constants = torch.stack([torch.full_like(clean[0], -1.0), torch.zeros_like(clean[0])])
    features = extract(backbone, torch.cat([clean, constants]))
    mask, pad = features[K], features[K + 1]
    shown = torch.cat([features[:K], pad.expand(T - K, -1)])
    source, target = torch.from_numpy(plan.source.copy()), torch.from_numpy(plan.target.copy())
    return Batch(shown[None], source[None], target[None], source[None] != PAD, torch.zeros(1, T)).corrupted(mask)[0]


def plan_of(corruptions: tuple[SequenceCorruption, ...]) -> CorruptionPlan:
    plan, generator = CorruptionPlan.clean(K, T), Stream(0, "equivalence").generator()
    for corruption in corruptions:
        plan = corruption(plan, generator)
    assert plan != CorruptionPlan.clean(K, T)
    return plan


def relative_error(one: Tensor, other: Tensor) -> float:
    return ((one - other).abs().max() / other.abs().max()).item()


@functools.cache
def built(build: type[_ResNet]) -> _ResNet:
    return build(weights=None)


# The deep network is slow: the paper's order alone.
CASES = [(ResNet18, order) for order in ORDERS] + [(ResNet152, "permute, mask")]


@pytest.mark.parametrize(("build", "order"), CASES, ids=[f"{build.__name__}: {order}" for build, order in CASES])
def test_corrupted_images_and_corrupted_features_are_the_same(build: type[_ResNet], order: str) -> None:
    backbone, plan = built(build), plan_of(ORDERS[order])
    by_image = extract(backbone, corrupted_images(images(), plan))
    by_feature = corrupted_features(backbone, images(), plan)
    assert relative_error(by_feature, by_image) < 1e-5
    clean = extract(backbone, corrupted_images(images(), CorruptionPlan.clean(K, T)))
    assert relative_error(by_feature, clean) > 1e-2  # or the comparison would say nothing


def test_training_the_model_around_the_backbone_changes_nothing() -> None:
    backbone, plan = ResNet18(weights=None), plan_of(ORDERS["permute, mask"])
    before = extract(backbone, corrupted_images(images(), plan))
    model = nn.ModuleDict({"backbone": backbone, "head": nn.Linear(512, 2)}).train()
    assert torch.equal(extract(model["backbone"], corrupted_images(images(), plan)), before)
    assert torch.equal(extract(model["backbone"], corrupted_images(images(), plan)), before)


def test_a_network_in_train_mode_would_break_it() -> None:
    """BatchNorm then sees the rest of the batch: the reason why a backbone refuses `train`."""
    network, plan = ResNet18(weights=None).network, plan_of(ORDERS["permute, mask"])
    assert relative_error(corrupted_features(network, images(), plan), extract(network, corrupted_images(images(), plan))) < 1e-5
    network.train()
    by_image = extract(network, corrupted_images(images(), plan))
    assert relative_error(corrupted_features(network, images(), plan), by_image) > 1e-2
