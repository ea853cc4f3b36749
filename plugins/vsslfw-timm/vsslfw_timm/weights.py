"""Weights of timm models: found offline where timm would look for them, read without executing anything, made to fit or refused."""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlparse

import torch
from torch import Tensor, nn

from vsslfw.errors import Problem, UserError
from vsslfw.weights import WHERE, find_file, load_into, read_state_dict
from vsslfw_timm.models import build, pretrained_cfg

RANDOM = "weights=None means random weights, on purpose."
HUB_NAMES = ("model.safetensors", "pytorch_model.bin")
"""What timm looks for in a repository of the hub, in this order."""
TIED = "If shapes differ: some models can take no other frame_size than their own with pretrained weights."


def find(model: str, weights: str) -> Path:
    """The weights file: at a path, or, for "cache", where timm would have put it. UserError that says what is missing where."""
    if weights != "cache":
        return find_file(weights, f'Name a state-dict file of {model}, or "cache". {RANDOM}')
    cfg = pretrained_cfg(model)
    if cfg.get("hf_hub_id"):
        own = cfg.get("hf_hub_filename")
        return _in_hub_cache(model, cfg["hf_hub_id"], (own,) if own else HUB_NAMES)
    if cfg.get("url"):
        return _in_torch_cache(model, cfg["url"])
    raise UserError(Problem(f"timm has no pretrained weights of {model}", WHERE, f"Name a state-dict file of it. {RANDOM}"))


def _in_hub_cache(model: str, hub_id: str, names: tuple[str, ...]) -> Path:
    """Reads the cache's folders alone; huggingface_hub is not asked for anything that could make it ask a server."""
    from huggingface_hub import constants, try_to_load_from_cache

    repository, _, revision = hub_id.partition("@")
    for name in names:
        found = try_to_load_from_cache(repository, name, revision=revision or None)
        if isinstance(found, str):
            return Path(found)
    folder = "--".join(["models", *repository.split("/")])
    fetch = f"`hf download {repository} {names[0]}`" + (f" (revision {revision})" if revision else "")
    carry = f"fetches it where there is internet access; then carry the folder {folder} into {constants.HF_HUB_CACHE}"
    raise _missing(model, f"{constants.HF_HUB_CACHE}/{folder}/snapshots/*/{names[0]}", f"{fetch} {carry}")


def _in_torch_cache(model: str, url: str | tuple[str, str]) -> Path:
    address, name = (url, PurePosixPath(urlparse(url).path).name) if isinstance(url, str) else url
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    if path.is_file():
        return path
    raise _missing(model, str(path), f"Fetch {address} where there is internet access and put it there")


def _missing(model: str, wanted: str, fetch: str) -> UserError:
    what = f"the weights of {model} are not here, and nothing is downloaded: no file {wanted}"
    name = wanted.rpartition("/")[2]
    return UserError(Problem(what, WHERE, f"{fetch}, or name the file: backbone.weights=/path/to/{name}. {RANDOM}"))


def load(network: nn.Module, model: str, path: Path) -> dict[str, Tensor]:
    """Load every tensor of a file but the classifier's; position embeddings are fitted to the network's frame size.

    Returns what had to be fitted, as it is in the file. UserError if the file cannot be read, or names or shapes do not fit.
    """
    from timm.models import clean_state_dict

    state = clean_state_dict(_read(path))
    convert = _converter(model)
    try:
        converted = convert(dict(state), network) if convert else state
    except Exception as error:  # written for the files that their authors know; another file breaks them anywhere
        what = f"the weights in {path} do not fit {model}: {type(error).__name__}: {error}"
        raise UserError(Problem(what, WHERE)) from error
    heads = classifier_names(model)
    load_into(network, {name: tensor for name, tensor in converted.items() if name not in heads}, path=path, what=model, hint=TIED)
    loaded = network.state_dict()
    return {name: tensor.float() for name, tensor in state.items() if name in loaded and loaded[name].shape != tensor.shape}


def _read(path: Path) -> dict[str, Tensor]:
    from timm.models import load_state_dict

    try:
        return read_state_dict(path)
    except UserError:
        if path.suffix == ".safetensors":
            raise
        try:  # a training checkpoint holds the state dict among other things; timm knows under which names
            state = load_state_dict(str(path), weights_only=True)
        except Exception:
            state = {}
        if not state or not all(isinstance(tensor, Tensor) for tensor in state.values()):
            raise  # the first message says what is expected
        return state


@functools.lru_cache(maxsize=32)
def classifier_names(model: str) -> frozenset[str]:
    """The tensors that a model has with a classifier, and has not without."""
    return frozenset(build(model, device="meta", classes=2).state_dict()) - frozenset(build(model, device="meta").state_dict())


def _converter(model: str) -> Callable[[dict[str, Tensor], nn.Module], dict[str, Tensor]] | None:
    """timm's own way from the layouts of other authors to its names, which also resamples position embeddings: one a family."""
    import timm

    family: Any = sys.modules[timm.model_entrypoint(model.partition(".")[0]).__module__]
    return getattr(family, "checkpoint_filter_fn", None) or getattr(family, "_filter_fn", None)


def digest(state: dict[str, Tensor], architecture: str) -> str:
    """Digest of a text and of tensors with their names, shapes and types."""
    total = hashlib.sha256(architecture.encode())
    for name, tensor in sorted(state.items()):
        total.update(f"{name}:{tuple(tensor.shape)}:{tensor.dtype}".encode())
        total.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return total.hexdigest()
