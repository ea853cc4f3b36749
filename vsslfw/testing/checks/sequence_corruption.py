"""Corruptions of the plan: which clean frame is shown where."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vsslfw.plan import MASK, CorruptionPlan
from vsslfw.testing.calls import generator
from vsslfw.testing.compare import EXACT, difference, shown
from vsslfw.testing.outcomes import doing, require
from vsslfw.testing.subjects import Subject

LENGTHS = ((0, 1), (0, 8), (1, 1), (1, 8), (2, 2), (2, 5), (3, 3), (3, 64), (8, 8), (31, 64), (64, 64), (250, 256))
"""(K, T): nothing but PAD, one frame, no PAD at all, the paper's 250 in 256."""


def check_shapes(subject: Subject) -> None:
    """plan -> plan of the same T and the same K: PAD stays in the tail, at any length (K = 0, 1, 2, 3, ..., K = T)."""
    for did, plan, changed in _tried(subject):
        require(
            isinstance(changed, CorruptionPlan), did, f"it gave {shown(changed)}", "give back plan.with_source(...) or plan.showing(...)"
        )
        require(
            len(changed) == len(plan),
            did,
            f"the new plan has T = {len(changed)}",
            "use plan.showing(shown): it fills up with MASK, or cuts",
        )
        said = f"{changed.length} positions are real, {plan.length} were"
        require(
            np.array_equal(changed.valid, plan.valid), did, said, "real positions stay real: show MASK where nothing is left, never PAD"
        )


def check_targets(subject: Subject) -> None:
    """The targets stay: what must be restored is the clean sequence, whatever the noise (eq. 1)."""
    for did, plan, changed in _tried(subject):
        said = difference(plan.target, changed.target, EXACT, "the target")
        require(not said, did, said, "change the source alone: plan.with_source(...) or plan.showing(...)")


def check_determinism(subject: Subject) -> None:
    """The generator decides: the same state gives the same plan."""
    corruption, plan = subject.build(), CorruptionPlan.clean(40, 48)
    for seed in range(5):
        did = f"corrupting the same plan twice with generators of seed {seed}"
        with doing(did):
            said = difference(corruption(plan, generator(seed)), corruption(plan, generator(seed)), EXACT)
        require(not said, did, said, "draw from `generator` and nothing else; keep no counter in self")


def check_changes_something(subject: Subject) -> None:
    """Over many draws it changes something: a corruption that never does is no task."""
    corruption, plan = subject.build(), CorruptionPlan.clean(60, 64)
    with doing("corrupting a plan of 60 frames 40 times"):
        changed = any(corruption(plan, generator(seed)) != plan for seed in range(40))
    require(
        changed,
        "corrupting a plan of 60 frames with 40 generators",
        "it never changed",
        "look at its strength, or give check_with parameters that do corrupt",
    )


def check_composes(subject: Subject) -> None:
    """It acts on what the plan shows, so that it can follow any other corruption; what was masked or moved before is not undone."""
    corruption = subject.build()
    for k, positions in ((2, 3), (7, 7), (60, 64)):
        clean = CorruptionPlan.clean(k, positions)
        for said, plan in _corrupted_before(k, positions):
            differs = masks_all = False
            for seed in range(20):
                did = f"corrupting a plan of K = {k}, T = {positions} that {said}"
                with doing(did, "a plan may show MASK, and a frame more than once or nowhere: look at plan.source, not at 0..K-1"):
                    changed, of_clean = corruption(plan, generator(seed)), corruption(clean, generator(seed))
                kept = np.array_equal(changed.valid, plan.valid) and np.array_equal(changed.target, plan.target)
                require(
                    kept,
                    did,
                    "T, K or the targets changed",
                    "start from plan.source[:plan.length], and end with plan.with_source(...) or plan.showing(...)",
                )
                differs |= not np.array_equal(changed.source, of_clean.source)
                masks_all |= bool(np.all(changed.source[:k] == MASK))
            todo = "start from plan.source, not from arange(K): it says what stands where now"
            require(
                differs or masks_all or k < 7, did, "the same as for a clean plan, for 20 generators: what was there before is lost", todo
            )


def _corrupted_before(k: int, positions: int) -> Iterator[tuple[str, CorruptionPlan]]:
    clean = CorruptionPlan.clean(k, positions)
    rng = np.random.default_rng(3)
    yield "shows its frames in another order", clean.showing(rng.permutation(k))
    yield "shows MASK at every second position", clean.showing(np.where(np.arange(k) % 2, MASK, np.arange(k)))
    yield "was shortened, with MASK in the freed places", clean.showing(np.arange(k)[: k // 2 + 1][::-1])
    yield "shows some frames twice", clean.showing(np.sort(rng.integers(k, size=k))[::-1])
    yield "shows nothing but MASK", clean.showing(np.full(k, MASK))


def _tried(subject: Subject) -> Iterator[tuple[str, CorruptionPlan, CorruptionPlan]]:
    """(what was done, the plan, the new one) for every length, with a few generators each."""
    corruption = subject.build()
    for k, positions in LENGTHS:
        plan = CorruptionPlan.clean(k, positions)
        for seed in range(8):
            did = f"corrupting a plan of K = {k} real frames in T = {positions} positions, generator seed {seed}"
            with doing(did, "a clip may be short: with K = 0 or 1 there is nothing to move, and a span of 30 frames does not fit into 3"):
                changed = corruption(plan, generator(seed))
            yield did, plan, changed
