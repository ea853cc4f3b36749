"""timm's models without their classifiers: what they are called, how they are built, what they want to see."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from vsslfw.errors import did_you_mean
from vsslfw.weights import seeded

RANDOM_SEED = 20210901
"""Seed of the weights of ``weights=None``."""

FrameSize = int | tuple[int, int] | None


@dataclass(frozen=True)
class Facts:
    """What a model is once it is built: D, the (H, W) that it is given, and the normalisation that it was trained with."""

    feature_dim: int
    frame_size: tuple[int, int]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def check_name(model: str) -> None:
    """ValueError, with the nearest name, if timm has no such model or no such pretrained tag of it."""
    import timm

    architecture, _, tag = model.partition(".")
    known = timm.list_models()
    if architecture not in known:
        # Prefixes such as hf-hub: would make timm ask a server for the architecture.
        near = did_you_mean(architecture, known)
        raise ValueError(f'model is "{model}"; it must be one of timm.list_models(); {near}'.rstrip("; "))
    tags = [name.partition(".")[2] for name in timm.list_models(f"{architecture}.*", include_tags=True)]
    if tag and tag not in tags:
        near = did_you_mean(model, [f"{architecture}.{other}" for other in tags if other] or [architecture])
        raise ValueError(f'model is "{model}"; {architecture} must have that pretrained tag, and has not; {near}'.rstrip("; "))


def pretrained_cfg(model: str) -> dict[str, Any]:
    """timm's account of the pretrained weights of a model: where they are, and what they were trained to see."""
    import timm

    cfg = timm.get_pretrained_cfg(model)
    return cfg.to_dict() if cfg else {}


def build(model: str, size: tuple[int, int] | None = None, *, device: str = "cpu", classes: int = 0) -> nn.Module:
    """The network with random weights, always the same, in eval mode; without a classifier unless ``classes`` are asked for.

    ``size`` is (H, W), the model's own if it is none. Only models that are tied to a size have to be told.
    """
    import timm

    tied: dict[str, Any] = {"img_size": size} if size and pretrained_cfg(model).get("fixed_input_size") else {}
    with seeded(RANDOM_SEED), torch.device(device):
        network: nn.Module = timm.create_model(model, pretrained=False, num_classes=classes, in_chans=3, **tied)
    return network.eval()


@functools.lru_cache(maxsize=32)
def facts(model: str, frame_size: FrameSize) -> Facts:
    """Found out on torch's meta device, by a forward pass: no weights, no memory. ValueError if timm refuses the size."""
    from timm.data.config import resolve_data_config

    check_name(model)
    config = resolve_data_config(pretrained_cfg=pretrained_cfg(model))  # type: ignore[no-untyped-call]
    own: tuple[int, int] = tuple(config["input_size"][-2:])
    size = own if frame_size is None else (frame_size, frame_size) if isinstance(frame_size, int) else frame_size
    if min(size) < 1:
        raise ValueError(f"frame_size is {frame_size}; it must be positive")
    try:
        network = build(model, size, device="meta")
        features = _forward(network, size)
    except Exception as error:  # each architecture refuses a size in its own way: assertions, reshapes, empty pictures
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        own_size = f"its own is {own[0]} x {own[1]}, and multiples of 32 often work (timm says: {reason})"
        raise ValueError(f"frame_size is {size[0]} x {size[1]}; it must be one that {model} can take; {own_size}") from error
    _check_patches(network, size)
    if features.ndim != 2:
        raise ValueError(f'model is "{model}"; it must give one vector a frame, and gives {tuple(features.shape[1:])}')
    return Facts(features.shape[1], size, _three(config["mean"]), _three(config["std"]))


@torch.no_grad()
def _forward(network: nn.Module, size: tuple[int, int]) -> Tensor:
    features: Tensor = network(torch.empty(1, 3, *size, device="meta"))
    return features


def _check_patches(network: nn.Module, size: tuple[int, int]) -> None:
    """A Transformer cuts the picture into patches and drops what is left over at two of its sides, without a word."""
    embed = getattr(network, "patch_embed", None)
    patch = getattr(embed, "patch_size", None)
    if not isinstance(patch, tuple) or getattr(embed, "dynamic_img_pad", False):
        return
    if size[0] % patch[0] or size[1] % patch[1]:
        raise ValueError(f"frame_size is {size[0]} x {size[1]}; it must be a multiple of the model's patches, {patch[0]} x {patch[1]}")


def _three(values: Any) -> tuple[float, float, float]:
    red, green, blue = values
    return float(red), float(green), float(blue)
