"""Corruptions of the features that the encoder is about to see."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from vsslfw.testing.calls import generator
from vsslfw.testing.compare import EXACT, difference, shown
from vsslfw.testing.devices import on_another_device
from vsslfw.testing.outcomes import doing, require
from vsslfw.testing.samples import sequences
from vsslfw.testing.subjects import Subject

LENGTHS = ((0, 1), (0, 8), (1, 1), (1, 8), (2, 2), (3, 5), (31, 64), (64, 64), (250, 256))
"""(K, T)."""


def check_shapes(subject: Subject) -> None:
    """features (T,D), valid (T,) -> finite features of the same shape and dtype, at any length (K = 0, 1, ..., K = T)."""
    corruption = subject.build()
    for k, positions, features, valid in _sequences():
        did = f"corrupting features of T = {positions} positions, {k} of them real"
        with doing(did, "a clip may be short, or PAD alone"):
            changed = corruption(features.clone(), valid.clone(), generator())
        right = isinstance(changed, Tensor) and changed.shape == features.shape and changed.dtype == features.dtype
        require(right, did, f"it gave {shown(changed)}", f"give back {shown(features)}")
        require(bool(changed.isfinite().all()), did, "some numbers are not finite", "divide by counts that are at least 1")


def check_padding(subject: Subject) -> None:
    """Positions that are not valid stay as they are, and what stands there never influences a valid one."""
    corruption = subject.build()
    for k, positions, features, valid in _sequences():
        did = f"corrupting features of T = {positions} positions, {k} of them real"
        with doing(did):
            changed = corruption(features.clone(), valid.clone(), generator())
        said = difference(features[~valid], changed[~valid], EXACT, "what stands at PAD")
        require(not said, did, said, "torch.where(valid.unsqueeze(-1), new, features)")
        for filling, name in ((1e4, "10000"), (float("nan"), "NaN")):
            other = torch.where(valid.unsqueeze(-1), features, filling)
            with doing(f"{did}, {name} at PAD"):
                again = corruption(other, valid.clone(), generator())
            said = difference(changed[valid], again[valid], EXACT, "what stands at real positions")
            require(not said, f"{did}, once more with {name} at PAD", said, "compute means and neighbours over features[valid] alone")


def check_determinism(subject: Subject) -> None:
    """The generator decides: the same state gives the same features."""
    corruption = subject.build()
    features, valid = (part[0] for part in sequences([12], 16))
    for seed in range(3):
        did = f"corrupting the same features twice with generators of seed {seed}"
        with doing(did):
            one, two = (corruption(features.clone(), valid.clone(), generator(seed)) for _ in range(2))
        said = difference(one, two, EXACT)
        require(not said, did, said, "draw from `generator`, not from torch: torch.from_numpy(generator.standard_normal(...)).to(features)")


def check_changes_something(subject: Subject) -> None:
    """Over many draws it changes something: a corruption that never does is no task."""
    corruption = subject.build()
    features, valid = (part[0] for part in sequences([48], 64))
    with doing("corrupting 48 features 40 times"):
        changed = any(not torch.equal(corruption(features.clone(), valid.clone(), generator(seed)), features) for seed in range(40))
    require(
        changed,
        "corrupting 48 features with 40 generators",
        "they never changed",
        "look at its strength, or give check_with parameters that do corrupt",
    )


def check_precisions(subject: Subject) -> None:
    """float16 and bfloat16 features come back in their own dtype, finite."""
    corruption = subject.build()
    features, valid = (part[0] for part in sequences([12], 16))
    for dtype in (torch.float16, torch.bfloat16):
        did = f"corrupting features of {dtype}"
        with doing(did, "make what you add of the same dtype: noise.to(features)"):
            changed = corruption(features.to(dtype), valid.clone(), generator())
        require(changed.dtype == dtype, did, f"it gave {shown(changed)}", "make what you add of the same dtype: noise.to(features)")
        require(bool(changed.isfinite().all()), did, "some numbers are not finite", "float16 ends at 65504")


def check_gradients(subject: Subject) -> None:
    """Gradients flow back through it: a learned MASK vector, which stands in the features, learns that way."""
    corruption = subject.build()
    features, valid = (part[0] for part in sequences([12], 16))
    did = "corrupting features that need a gradient, and calling backward()"
    todo = "use torch operations on the features, no .numpy(), .detach() or torch.no_grad()"
    leaf = features.clone().requires_grad_()
    with doing(did, todo):
        changed = corruption(leaf * 1.0, valid.clone(), generator())
        require(changed.requires_grad, did, "the result needs no gradient", todo)
        changed.square().sum().backward()
    found = leaf.grad is not None and bool(leaf.grad.isfinite().all()) and bool((leaf.grad[valid] != 0).any())
    require(found, did, "no gradient arrived, or none that is finite", todo)


def check_device(subject: Subject) -> None:
    """It works on the device of the features."""
    corruption = subject.build()
    features, valid = (part[0] for part in sequences([12], 16))
    for place in on_another_device():
        did = f"corrupting features on {place.name}"
        with place.running(did):
            changed = corruption(place.put(features), place.put(valid), generator())
            require(
                changed.device == place.put(features).device,
                did,
                f"the result is on {changed.device}",
                "make what you add with .to(features)",
            )


def _sequences() -> Iterator[tuple[int, int, Tensor, Tensor]]:
    for k, positions in LENGTHS:
        features, valid = sequences([k], positions)
        yield k, positions, features[0], valid[0]
