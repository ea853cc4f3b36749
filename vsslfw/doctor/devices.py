"""What can compute: processor cores, memory, accelerators."""

from __future__ import annotations

import os
from collections.abc import Iterator

from vsslfw.doctor.findings import Finding

GROUP = "devices"
LEAST_MEMORY_GIB = 8


def devices() -> Iterator[Finding]:
    """Cores, memory, and each CUDA device; MPS is named, since it is not used."""
    import torch

    yield Finding(GROUP, f"{_cores()} processor cores for this process, {torch.get_num_threads()} threads in torch")
    memory = _memory_gib()
    if memory is not None:
        small = memory < LEAST_MEMORY_GIB
        todo = "Lower extract.batch_size and finetune.micro_batch, and run with --jobs 1" if small else ""
        yield Finding(GROUP, f"{memory:.1f} GiB of memory", "note" if small else "ok", todo)
    if not torch.cuda.is_available():
        todo = "Nothing, for the demo. The paper's networks want one: look at the driver, and at which build of torch this is"
        yield Finding(GROUP, "no CUDA device can be used: --device auto means cpu", "note", todo)
    for number in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(number)
        bf16 = "with" if torch.cuda.is_bf16_supported() else "without"
        yield Finding(GROUP, f"cuda:{number} {properties.name}, {properties.total_memory / 2**30:.0f} GiB, {bf16} bfloat16")
    if torch.backends.mps.is_available():
        yield Finding(GROUP, "an Apple GPU (MPS) is there and not used", "note", "Nothing: vsslfw runs on cpu or cuda")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory_gib() -> float | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (AttributeError, ValueError, OSError):
        return None
