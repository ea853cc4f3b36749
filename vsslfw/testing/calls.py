"""A component at work: for each kind a few calls as the framework makes them, with inputs that a check can compare."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vsslfw.plan import CorruptionPlan
from vsslfw.testing import layouts, work
from vsslfw.testing.outcomes import doing
from vsslfw.testing.samples import batch_for, boxes_calls, frames_for, pixels, sequences
from vsslfw.testing.subjects import Subject


@dataclass(frozen=True)
class Call:
    """One call: what is done, in words, with what, and how."""

    did: str
    inputs: tuple[Any, ...]
    function: Callable[..., Any]

    def on(self, component: Any, *, inputs: tuple[Any, ...] | None = None) -> Any:
        """The result, from copies of the inputs unless others are given. ContractError if it raises."""
        given = copy.deepcopy(self.inputs) if inputs is None else inputs
        with doing(self.did):
            return self.function(component, *given)


def calls(subject: Subject) -> list[Call]:
    """What the generic checks do with a component."""
    return _CALLS[f"{subject.kind}/{subject.variant}" if subject.variant else subject.kind](subject)


def results(subject: Subject, component: Any) -> list[Any]:
    """The results of all calls."""
    return [call.on(component) for call in calls(subject)]


def generator(seed: int = 0) -> np.random.Generator:
    """A fresh generator, as a stream of a run gives one."""
    return np.random.default_rng(seed)


def _frames(subject: Subject) -> list[Call]:
    sizes = ((1, 8, 8), (5, 32, 48), (12, 48, 32))
    run = lambda corruption, frames: corruption(frames, generator())  # noqa: E731
    return [Call(f"corrupting K = {k} frames of {h} x {w} pixels", (pixels(k, h, w),), run) for k, h, w in sizes]


def _plans(subject: Subject) -> list[Call]:
    run = lambda corruption, plan: corruption(plan, generator())  # noqa: E731
    lengths = ((1, 1), (2, 5), (20, 20), (62, 64))
    return [Call(f"corrupting a plan of K = {k} frames in T = {t}", (CorruptionPlan.clean(k, t),), run) for k, t in lengths]


def _features(subject: Subject) -> list[Call]:
    run = lambda corruption, features, valid: corruption(features, valid, generator())  # noqa: E731
    return [
        Call(f"corrupting features of T = {t} positions, {k} of them real", tuple(x[0] for x in sequences([k], t)), run)
        for k, t in ((1, 1), (5, 8), (32, 32))
    ]


def _backbone(subject: Subject) -> list[Call]:
    def run(backbone: Any, frames: Tensor) -> Tensor:
        with torch.inference_mode():
            features: Tensor = backbone(frames)
        return features.clone()

    made = subject.shared()
    return [Call(f"a batch of {n}", (frames_for(made, n),), run) for n in (1, 3)]


def _encoder(subject: Subject) -> list[Call]:
    def run(encoder: nn.Module, features: Tensor, valid: Tensor) -> Tensor:
        encoder.eval()
        with torch.no_grad():
            hidden: Tensor = encoder(features, valid)
        return torch.where(valid.unsqueeze(-1), hidden, 0.0)

    longest = subject.longest
    return [
        Call(f"encoding {len(lengths)} sequences of T = {t} positions", sequences(lengths, t), run)
        for lengths, t in (([1], 1), ([longest, max(1, longest // 2)], longest))
    ]


def _head(subject: Subject) -> list[Call]:
    def run(head: Any, hidden: Tensor, batch: Any) -> dict[str, Any]:
        head.eval()
        with torch.no_grad():
            output = head(hidden, batch.valid)
            loss = head.loss(output, batch)
        return {"output": output, "sums": dict(loss.sums), "count": loss.count}

    made = [batch_for(subject, lengths, t) for lengths, t in (([1], 1), ([6, 3, 1], 6))]
    return [Call(f"head and loss of {len(batch)} sequences", (hidden, batch), run) for hidden, batch in made]


def _detector(subject: Subject) -> list[Call]:
    run = lambda detector, video, times, size: [detector.boxes(video, times, size), detector.fingerprint(video)]  # noqa: E731
    return [Call(f"asking for {len(times)} boxes", (video, times, size), run) for video, times, size in boxes_calls()]


def _dataset(subject: Subject) -> list[Call]:
    def run(dataset: Any) -> Any:
        from vsslfw.data.manifest import read_manifest

        with tempfile.TemporaryDirectory() as folder:
            manifest = read_manifest(dataset.manifest(Path(folder).resolve()))
            return [manifest.digest, [(row.video_id, row.subject_id, row.label, row.path.stat().st_size) for row in manifest.rows]]

    return [Call("asking for the manifest", (), run)]


def _validation(subject: Subject) -> list[Call]:
    run = lambda scheme, X, y, groups: [tuple(map(np.asarray, part)) for part in scheme.split(X, y, groups)]  # noqa: E731
    return [Call(f"splitting {layout.said}", layout.arguments(), run) for layout in layouts.splittable(subject)]


def _executor(subject: Subject) -> list[Call]:
    run = lambda executor, tasks: sorted(executor.run(work.square, tasks, jobs=1))  # noqa: E731
    return [Call(f"running {n} tasks with jobs = 1", (list(range(n)),), run) for n in (1, 5)]


_CALLS: dict[str, Callable[[Subject], list[Call]]] = {
    "corruption/frame": _frames,
    "corruption/sequence": _plans,
    "corruption/feature": _features,
    "backbone": _backbone,
    "encoder": _encoder,
    "head/pretext": _head,
    "head/classification": _head,
    "detector": _detector,
    "dataset": _dataset,
    "validation": _validation,
    "executor": _executor,
}
