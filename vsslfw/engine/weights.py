"""Weights of a trained module in a safetensors file: no pickle, and who made them in the header."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from vsslfw.atomic import replacing
from vsslfw.digest import canonical_json
from vsslfw.errors import Problem, UserError
from vsslfw.provenance import require
from vsslfw.registry import Registries

_HINT = "These are weights of another model: the encoder and head of the recipe must be those that the file was made with."


def save_weights(path: Path, module: nn.Module, provenance: dict[str, Any]) -> None:
    """Write ``module``'s parameters and buffers; ``provenance`` (plain data) goes into the header. Atomic."""
    from safetensors.torch import save_file

    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in module.state_dict().items()}
    with replacing(path) as part:
        # One entry alone: safetensors writes several in an order that changes from call to call, and so would the bytes.
        save_file(tensors, part, metadata={"provenance": canonical_json(provenance)})


def read_provenance(path: Path) -> dict[str, Any]:
    """What `save_weights` recorded, or nothing if another program wrote the file. Raises UserError as `load_weights` does."""
    return _read(path)[1]


MADE_BY = ("backbone", "corruption", "encoder")
"""The kinds of component without which the weights of an encoder are not what they were: a head is dropped, the rest is not in them."""


def load_weights(path: Path, module: nn.Module, registries: Registries | None = None) -> dict[str, Any]:
    """Load into ``module``, strictly, and return the provenance.

    registries: the components that are here; with it, UserError also says what to install if one that made the weights is not.

    Raises UserError if there is no such file, if it is no safetensors file, or if its names or shapes are not those of
    ``module``; then ``module`` is as it was.
    """
    tensors, provenance = _read(path)
    if registries is not None:
        require(provenance.get("components", ()), registries, path.name, MADE_BY)
    own = module.state_dict()
    problems = [Problem(f"{name} is missing", str(path)) for name in own if name not in tensors]
    problems += [Problem(f"{name} is in the file and not in the model", str(path)) for name in tensors if name not in own]
    for name, tensor in tensors.items():
        if name in own and own[name].shape != tensor.shape:
            problems.append(Problem(f"{name} is {_shape(tensor)} in the file and {_shape(own[name])} in the model", str(path)))
    if problems:
        raise UserError(*_shortened(problems), title=f"The weights in {path} do not fit the model. {_HINT}")
    module.load_state_dict(tensors)
    return provenance


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (it is not a dict)
        return tensors, json.loads(metadata.get("provenance", "{}"))
    except FileNotFoundError:
        raise UserError(Problem("there is no such file of weights", str(path))) from None
    except (OSError, SafetensorError, ValueError) as error:
        raise UserError(Problem(f"not a readable safetensors file: {error}", str(path))) from error


def _shortened(problems: list[Problem], most: int = 12) -> list[Problem]:
    return problems if len(problems) <= most else [*problems[:most], Problem(f"... and {len(problems) - most} more")]


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "a scalar"
