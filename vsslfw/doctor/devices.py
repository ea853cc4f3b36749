"""What can compute: processor cores, memory, accelerators."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator

from vsslfw.doctor import memory
from vsslfw.doctor.findings import Finding

GROUP = "devices"
LEAST_MEMORY_GIB = 8
SMALL = "Lower extract.batch_size and finetune.micro_batch, and run with --jobs 1"


def devices() -> Iterator[Finding]:
    """Cores, memory, and each CUDA device, which is asked to add two numbers; MPS is named, since it is not used."""
    yield from _memory()
    import torch

    cores = f"{_cores()} processor cores for this process, {torch.get_num_threads()} threads in torch"
    able: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    fast = any(bool(there) for name, there in able.items() if name.endswith("bf16"))
    yield Finding(GROUP, f"{cores}; bfloat16 {'in hardware' if fast else 'without hardware for it, so slower than float32'}")
    with warnings.catch_warnings(record=True) as said:  # why a driver is not good enough, torch tells in a warning
        warnings.simplefilter("always")
        usable = torch.cuda.is_available()
    if not usable:
        yield _no_cuda(torch.version.cuda, [" ".join(str(one.message).split()) for one in said])
    for number in range(torch.cuda.device_count() if usable else 0):
        yield _cuda(number)
    if torch.backends.mps.is_available():
        yield Finding(GROUP, "an Apple GPU (MPS) is there and not used", "note", "Nothing: vsslfw runs on cpu or cuda")


def _memory() -> Iterator[Finding]:
    total, limit = memory.total_gib(), memory.limit_gib()
    if total is None:
        return
    usable = total if limit is None else min(limit, total)
    told = f"{total:.1f} GiB of memory" if usable == total else f"{usable:.1f} GiB of memory for this process ({total:.1f} in the machine)"
    small = usable < LEAST_MEMORY_GIB
    yield Finding(GROUP, told, "note" if small else "ok", SMALL if small else "")


def _no_cuda(build: str | None, said: list[str]) -> Finding:
    what = "no CUDA device can be used: --device auto means cpu"
    why = f" ({said[0]})" if said else ""
    todo = "Nothing, for the demo. The paper's networks want a GPU: "
    if build is None:
        todo += "with one, install a torch that is built for CUDA"
    else:
        todo += f"with one, look at nvidia-smi, at the driver (torch is built for CUDA {build}) and at CUDA_VISIBLE_DEVICES"
    return Finding(GROUP, what + why, "note", todo)


def _cuda(number: int) -> Finding:
    import torch

    properties = torch.cuda.get_device_properties(number)
    what = f"cuda:{number} {properties.name}, {properties.total_memory / 2**30:.0f} GiB"
    try:
        with torch.cuda.device(number):
            bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
            free = torch.cuda.mem_get_info()[0] / 2**30
            if int(torch.ones(2, device="cuda").sum()) != 2:
                raise RuntimeError("1 + 1 is not 2 on it")
    except RuntimeError as error:  # torch's errors of CUDA are this one's children
        first = str(error).strip().partition("\n")[0]
        todo = "See whether others fill it (nvidia-smi), and whether torch is built for it. Until then: --device cpu, or another"
        return Finding(GROUP, f"{what}: cannot compute: {first}", "problem", todo)
    return Finding(GROUP, f"{what}, {free:.0f} GiB of it free, bfloat16 {'in hardware' if bf16 else 'without hardware for it'}")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
