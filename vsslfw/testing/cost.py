"""What a component costs: time and memory a frame or position. Measured, reported, and never a reason to fail."""

from __future__ import annotations

import gc
import os
import statistics
import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vsslfw.plan import CorruptionPlan
from vsslfw.testing.calls import generator
from vsslfw.testing.samples import batch_for, frames_for, pixels, sequences
from vsslfw.testing.subjects import Subject, name_of, subjects

POSITIONS, FEATURE_DIM, HIDDEN_DIM, CLASSES = 256, 2048, 1024, 2
"""The paper's sizes: what an encoder and a head are measured with."""


@dataclass(frozen=True)
class Cost:
    """Time and memory a unit, and what they were measured with. On another machine they are others."""

    component: str
    kind: str
    unit: str
    """"frame", "clip" or "position"."""
    microseconds: float
    """A unit, median over the repeats."""
    memory_bytes: float
    """A unit: the peak of what the call allocates in torch and in numpy, its result included; what libraries allocate out of sight is not
    in it."""
    parameter_bytes: int
    """Weights and buffers, all together."""
    size: str
    """What one call was given."""
    threads: int
    dtype: str
    device: str
    parameters: dict[str, Any]
    """What the component was built with, beside its defaults."""

    def __str__(self) -> str:
        weights = f", {_amount(self.parameter_bytes)} of weights" if self.parameter_bytes else ""
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        measured = f"{self.size}, {self.dtype}, {self.device}, {threads}"
        return f"{self.component}: {_time(self.microseconds)} and {_amount(self.memory_bytes)} a {self.unit}{weights} ({measured})"

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self)


def cost_of(
    kind: str, factory: Callable[..., Any], parameters: Mapping[str, Any] | None = None, *, repeats: int = 5, device: str = "cpu"
) -> Cost:
    """Measure one call as the framework makes it, without gradients, with the number of threads that torch has now.

    parameters: what to build it with; none means the first set in its ``check_with``, which may be smaller than its defaults.
    repeats: calls whose median time counts, after one that does not. ValueError for a kind that has no cost a frame: a data set,
    a validation scheme, an executor.
    """
    subject = subjects(kind, factory)[0] if parameters is None else Subject(kind, factory, dict(parameters), name_of(factory, kind))
    key = f"{kind}/{subject.variant}" if kind == "corruption" else kind
    if key not in _MEASURED:
        raise ValueError(
            f"a {kind} has no cost a frame or position; {', '.join(dict.fromkeys(k.partition('/')[0] for k in _MEASURED))} have"
        )
    work = _MEASURED[key](subject, device)
    run, of_numpy, of_torch = (
        work.call,
        kind in ("corruption", "detector"),
        key not in ("corruption/frame", "corruption/sequence", "detector"),
    )
    with torch.no_grad():
        run()
        times = [_seconds(run, device) for _ in range(repeats)]
        memory = (_traced(run) if of_numpy else 0) + (_allocated(run, device) if of_torch else 0)
    parameters_of = [*work.module.parameters(), *work.module.buffers()] if work.module else []
    return Cost(
        component=subject.id,
        kind=kind,
        unit=work.unit,
        microseconds=1e6 * statistics.median(times) / work.units,
        memory_bytes=memory / work.units,
        parameter_bytes=sum(tensor.numel() * tensor.element_size() for tensor in parameters_of),
        size=work.size,
        threads=torch.get_num_threads() if of_torch else 1,
        dtype=work.dtype,
        device=device,
        parameters=dict(subject.parameters),
    )


@dataclass(frozen=True)
class _Work:
    call: Callable[[], Any]
    units: int
    unit: str
    size: str
    dtype: str
    module: nn.Module | None = None


def _frames(subject: Subject, device: str) -> _Work:
    corruption, frames = subject.build(), pixels(32, 112, 112)
    return _Work(lambda: corruption(frames, generator()), 32, "frame", "32 frames of 112 x 112", "uint8")


def _plan(subject: Subject, device: str) -> _Work:
    corruption, plan = subject.build(), CorruptionPlan.clean(POSITIONS, POSITIONS)
    return _Work(lambda: corruption(plan, generator()), POSITIONS, "position", f"{POSITIONS} positions", "int64")


def _features(subject: Subject, device: str) -> _Work:
    features, valid = (part[0].to(device) for part in sequences([POSITIONS], POSITIONS, FEATURE_DIM))
    corruption = subject.build()
    size = f"{POSITIONS} positions of {FEATURE_DIM} numbers"
    return _Work(lambda: corruption(features, valid, generator()), POSITIONS, "position", size, "float32")


def _backbone(subject: Subject, device: str) -> _Work:
    backbone, count = subject.build().to(device), 16
    clips = backbone.clip_length > 1
    frames = frames_for(backbone, count).to(device)
    height, width = backbone.frame_size
    what = f"{count} clips of {backbone.clip_length} frames" if clips else f"{count} frames"
    return _Work(lambda: backbone(frames), count, "clip" if clips else "frame", f"{what} of {height} x {width}", "float32", backbone)


def _encoder(subject: Subject, device: str) -> _Work:
    encoder = subject.build(FEATURE_DIM).eval().to(device)
    positions = min(POSITIONS, encoder.max_positions)
    features, valid = (part.to(device) for part in sequences([positions] * 4, positions, FEATURE_DIM))
    size = f"4 sequences of {positions} positions of {FEATURE_DIM} numbers"
    return _Work(lambda: encoder(features, valid), 4 * positions, "position", size, "float32", encoder)


def _head(subject: Subject, device: str) -> _Work:
    dims = (HIDDEN_DIM, FEATURE_DIM if subject.variant == "pretext" else CLASSES)
    head = subject.build(*dims).eval().to(device)
    hidden, batch = batch_for(subject, [POSITIONS] * 4, POSITIONS, dims=dims)
    hidden, batch = hidden.to(device), batch.to(device)

    def run() -> Tensor:
        return head.loss(head(hidden, batch.valid), batch).sums["loss"]  # type: ignore[no-any-return]

    return _Work(
        run, 4 * POSITIONS, "position", f"4 sequences of {POSITIONS} positions of {HIDDEN_DIM} numbers, with the loss", "float32", head
    )


def _boxes(subject: Subject, device: str) -> _Work:
    detector, times = subject.build(), np.arange(250) / 25.0
    return _Work(lambda: detector.boxes("V01", times, (480, 640)), 250, "frame", "250 times in a picture of 480 x 640", "float64")


_MEASURED: dict[str, Callable[[Subject, str], _Work]] = {
    "corruption/frame": _frames,
    "corruption/sequence": _plan,
    "corruption/feature": _features,
    "backbone": _backbone,
    "encoder": _encoder,
    "head": _head,
    "detector": _boxes,
}


def _seconds(run: Callable[[], Any], device: str) -> float:
    start = time.perf_counter()
    run()
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def _traced(run: Callable[[], Any]) -> int:
    """Peak of what Python and numpy allocate in one call."""
    gc.collect()
    tracemalloc.start()
    try:
        result = run()
        peak = tracemalloc.get_traced_memory()[1]
        del result
    finally:
        tracemalloc.stop()
    return peak


def _allocated(run: Callable[[], Any], device: str) -> int:
    """Peak of what torch allocates in one call, above what was there."""
    if torch.device(device).type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        run()
        return torch.cuda.max_memory_allocated(device) - before
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # else it talks to the terminal
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        result = run()
        del result
    events = [event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"]  # type: ignore[union-attr]
    changes = [event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())]
    return int(max(np.cumsum(changes), default=0))


def _time(microseconds: float) -> str:
    for unit, size in (("s", 1e6), ("ms", 1e3), ("µs", 1.0)):
        if microseconds >= size:
            return f"{microseconds / size:.3g} {unit}"
    return f"{1e3 * microseconds:.3g} ns"


def _amount(count: float) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.3g} bytes"
