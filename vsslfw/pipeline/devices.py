"""Which device the models run on."""

from __future__ import annotations

import re

import torch

from vsslfw.errors import Problem, UserError, did_you_mean


def resolve_device(name: str) -> str:
    """``auto``, ``cpu``, ``cuda`` or ``cuda:N`` -> the device to use. UserError if it is another, or is not here."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    where = f"--device {name}"
    found = re.fullmatch(r"cpu|cuda(?::(\d+))?", name)
    if found is None:
        near = did_you_mean(name, ("auto", "cpu", "cuda"))
        raise UserError(Problem("there is no such device", where, f"{near} Give auto, cpu, cuda or cuda:N"))
    if name != "cpu" and not torch.cuda.is_available():
        raise UserError(Problem("no CUDA device can be used here", where, "--device cpu, or auto, works without one"))
    if found[1] and int(found[1]) >= torch.cuda.device_count():
        last = torch.cuda.device_count() - 1
        raise UserError(Problem("there is no CUDA device of this number", where, f"the last one here is cuda:{last}"))
    return name
