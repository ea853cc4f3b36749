"""Weights of pre-trained networks, for backbones: files that cannot run code, random weights that are always the same."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsslfw.errors import Problem, UserError, did_you_mean

if TYPE_CHECKING:
    from torch import Tensor, nn

WHERE = "backbone.weights"
"""The recipe key that a problem names, unless told otherwise."""


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw weights from a generator of their own: the same each time, and torch's global generator stays as it was."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would reseed the GPUs as well
        yield


def find_file(path: str, hint: str = "", *, where: str = WHERE) -> Path:
    """The file at a location. UserError, with the nearest name beside it, if there is none; ``hint`` says what to do then."""
    found = Path(path).expanduser()
    if not found.is_file():
        near = did_you_mean(found.name, (file.name for file in found.parent.glob("*.*")))
        raise UserError(Problem(f"there is no weights file {found}", where, f"{near} {hint}".strip()))
    return found


def read_state_dict(path: Path, *, where: str = WHERE) -> dict[str, Tensor]:
    """The tensors of a state-dict file (.safetensors, or torch's). UserError if it holds anything else; nothing in it is executed."""
    import torch
    from torch import Tensor

    state: Any
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch, pickle, zipfile and safetensors each raise their own
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise UserError(Problem(f"{path} cannot be read as a state dict: {reason[0]}", where)) from error
    if not isinstance(state, dict) or not state or not all(isinstance(tensor, Tensor) for tensor in state.values()):
        hint = "Save it with torch.save(model.state_dict(), path)."
        raise UserError(Problem(f"{path} is not a state dict (names and tensors)", where, hint))
    return state


def misfits(network: nn.Module, state: dict[str, Tensor]) -> list[str]:
    """What does not fit, in words: of another shape, missing, or unknown. Counters of batch normalisation are not looked at."""
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items() if not is_counter(name)}
    found = {name: tuple(tensor.shape) for name, tensor in state.items() if not is_counter(name)}
    missing = [f"{name} is missing" for name in expected if name not in found]
    shapes = [f"{name} is {found[name]}, {shape} expected" for name, shape in expected.items() if name in found and found[name] != shape]
    unknown = [f"{name} is unknown" for name in found if name not in expected]
    return shapes + missing + unknown


def load_into(network: nn.Module, state: dict[str, Tensor], *, path: Path, what: str, hint: str = "", where: str = WHERE) -> None:
    """Load every tensor, as float32, into ``network`` (on the meta device, or with memory of its own).

    UserError if names or shapes do not fit; ``what`` is the network's name in that message, ``hint`` what to do.
    """
    import torch

    wrong = misfits(network, state)
    if wrong:
        more = f" (and {len(wrong) - 3} more)" if len(wrong) > 3 else ""
        raise UserError(Problem(f"the weights in {path} do not fit {what}: {'; '.join(wrong[:3])}{more}", where, hint))
    # Counters are not in files of old torch versions and mean nothing in eval mode: zero, so that they never show in a fingerprint.
    counters = {name: torch.zeros((), dtype=torch.int64) for name, _ in network.named_buffers() if is_counter(name)}
    values = {name: tensor.to(torch.float32) for name, tensor in state.items() if not is_counter(name)}
    network.load_state_dict(values | counters, assign=True)


def is_counter(name: str) -> bool:
    """True for the number of batches that a batch normalisation has seen."""
    return name.endswith("num_batches_tracked")
