"""State of the whole process, which a component must leave alone: global generators, settings of torch and numpy."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

CUDNN = ("enabled", "benchmark", "deterministic")


def random_states() -> dict[str, bytes]:
    """The global generators, to compare."""
    import torch

    return {
        "random": repr(random.getstate()).encode(),
        "numpy.random": repr(np.random.get_state()).encode() + np.random.get_state()[1].tobytes(),  # type: ignore[index,union-attr]
        "torch": torch.get_rng_state().numpy().tobytes(),
    }


@contextlib.contextmanager
def global_seeds(seed: int, *, torch_seed: int | None = None) -> Iterator[None]:
    """The global generators at a seed, and as they were afterwards."""
    import torch

    before = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        random.seed(seed)
        np.random.seed(seed)
        torch.default_generator.manual_seed(seed if torch_seed is None else torch_seed)
        try:
            yield
        finally:
            random.setstate(before[0])
            np.random.set_state(before[1])


@contextlib.contextmanager
def put_back() -> Iterator[None]:
    """Settings and global generators are afterwards what they were: what one component changes, the next is not judged by."""
    import torch

    before, states = settings(), (random.getstate(), np.random.get_state(), torch.get_rng_state())
    try:
        yield
    finally:
        restore(before)
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


def settings() -> dict[str, Any]:
    """Global settings that change what others compute."""
    import torch

    return {
        "torch.get_default_dtype()": torch.get_default_dtype(),
        "torch.get_default_device()": torch.get_default_device(),
        "torch.get_num_threads()": torch.get_num_threads(),
        "torch.is_grad_enabled()": torch.is_grad_enabled(),
        "torch.is_inference_mode_enabled()": torch.is_inference_mode_enabled(),
        "torch.is_autocast_enabled()": (torch.is_autocast_enabled("cpu"), torch.is_autocast_enabled("cuda")),
        "torch.are_deterministic_algorithms_enabled()": torch.are_deterministic_algorithms_enabled(),
        "torch.get_float32_matmul_precision()": torch.get_float32_matmul_precision(),
        "torch.is_anomaly_enabled()": torch.is_anomaly_enabled(),
        "torch.backends.cudnn": tuple(getattr(torch.backends.cudnn, name) for name in CUDNN),
        "torch.backends.mkldnn.enabled": torch._C._get_mkldnn_enabled(),
        "numpy.geterr()": np.geterr(),
        "os.getcwd()": os.getcwd(),
    }


def restore(before: dict[str, Any]) -> None:
    """Put back what was changed."""
    import torch

    now = settings()
    setters: dict[str, Callable[[Any], object]] = {
        "torch.get_default_dtype()": torch.set_default_dtype,
        "torch.get_default_device()": lambda device: torch.set_default_device(None if device.type == "cpu" else device),
        "torch.get_num_threads()": torch.set_num_threads,
        "torch.is_grad_enabled()": torch.set_grad_enabled,
        "torch.are_deterministic_algorithms_enabled()": torch.use_deterministic_algorithms,
        "torch.get_float32_matmul_precision()": torch.set_float32_matmul_precision,
        "torch.is_anomaly_enabled()": torch.autograd.set_detect_anomaly,
        "torch.backends.mkldnn.enabled": torch._C._set_mkldnn_enabled,
        "torch.backends.cudnn": _set_cudnn,
        "numpy.geterr()": lambda values: np.seterr(**values),
        "os.getcwd()": os.chdir,
    }
    for name, value in before.items():
        if now[name] != value and name in setters:
            setters[name](value)


def _set_cudnn(values: tuple[bool, ...]) -> None:
    import torch

    for name, value in zip(CUDNN, values, strict=True):
        setattr(torch.backends.cudnn, name, value)
