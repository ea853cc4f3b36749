"""ResNet frame features: torchvision's networks without their last layer, frozen."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from vsslfw.errors import Problem, UserError
from vsslfw.interfaces import Backbone, Examples, Location
from vsslfw.weights import find_file, load_into, misfits, read_state_dict, seeded

DEPTHS = (18, 34, 50, 101, 152)
RANDOM_SEED = 20210901
"""Seed of the weights of ``weights=None``."""
RANDOM_RESIDUAL_SCALE = 0.2
"""With ``weights=None``: scale of the last normalisation of each residual branch. At torchvision's 1.0 a random ResNet-152
in eval mode amplifies in every block: its features reach 5e7, chaotic and beyond the range of float16."""


class _ResNet(Backbone):
    """frames (N,3,H,W) -> features (N,D), D = 512 for resnet18 and 34, 2048 for resnet50, 101 and 152.

    torchvision's network, ImageNet weights, last layer removed, frozen (paper, section 3.2). Nothing is ever downloaded.

    weights: "imagenet" is torchvision's IMAGENET1K_V1 file in torch hub's local cache; a path is a state dict of this
        architecture (.pth, .pt or .safetensors), with or without the last layer; none is random weights, always the same.
    frame_size: height and width in pixels of the square crop that it is given.
    """

    check_with: ClassVar[Examples] = ({"weights": None, "frame_size": 32},)
    depth: ClassVar[int]
    frame_size = (112, 112)

    def __init__(self, *, weights: Literal["imagenet"] | Location | None = "imagenet", frame_size: int = 112) -> None:
        if frame_size < 32:
            raise UserError(Problem(f"{frame_size} is too small; a ResNet needs at least 32 pixels", "backbone.frame_size"))
        super().__init__()
        self.frame_size = (frame_size, frame_size)
        self.network = _random(self.depth) if weights is None else _loaded(self.depth, _file(self.depth, weights))
        self.network.to(memory_format=torch.channels_last)  # 12 to 22% more frames a second on a CPU core
        self.freeze()

    def forward(self, frames: Tensor) -> Tensor:
        """(N,3,H,W) float -> (N,D) float."""
        features: Tensor = self.network(frames.contiguous(memory_format=torch.channels_last))
        return features


class ResNet18(_ResNet):
    depth = 18
    feature_dim = 512


class ResNet34(_ResNet):
    depth = 34
    feature_dim = 512


class ResNet50(_ResNet):
    depth = 50
    feature_dim = 2048


class ResNet101(_ResNet):
    depth = 101
    feature_dim = 2048


class ResNet152(_ResNet):
    depth = 152
    feature_dim = 2048


def _empty(depth: int) -> nn.Module:
    """The network without its last layer; weights not drawn yet."""
    import torchvision

    with torch.device("meta"):
        return _headless(torchvision.models.get_model(f"resnet{depth}", weights=None))


def _random(depth: int) -> nn.Module:
    import torchvision

    with seeded(RANDOM_SEED):
        network: nn.Module = torchvision.models.get_model(f"resnet{depth}", weights=None)
    last = "bn2" if depth < 50 else "bn3"
    for name, module in network.named_modules():
        if name.endswith(last) and name.startswith("layer"):
            nn.init.constant_(module.weight, RANDOM_RESIDUAL_SCALE)  # type: ignore[arg-type]
    return _headless(network)


def _headless(network: nn.Module) -> nn.Module:
    network.fc = nn.Identity()
    return network


def imagenet_file(depth: int) -> Path:
    """Where torchvision's ImageNet weights of a ResNet are looked for, whether they are there or not."""
    return Path(torch.hub.get_dir()) / "checkpoints" / _url(depth).rpartition("/")[2]


def _url(depth: int) -> str:
    import torchvision

    return str(torchvision.models.get_model_weights(f"resnet{depth}").IMAGENET1K_V1.url)


def _file(depth: int, weights: str) -> Path:
    """Where the weights are. Raises UserError if there is no such file."""
    if weights != "imagenet":
        return find_file(weights, 'Name a state-dict file, or "imagenet" for the file in torch hub\'s cache.')
    url = _url(depth)
    path = imagenet_file(depth)
    if not path.is_file():
        hint = (
            f"Fetch {url} where there is internet access and put it there, "
            f"or name a file: backbone.weights=/path/to/{path.name}. weights=None means random weights, on purpose."
        )
        what = f"the ImageNet weights of resnet{depth} are not here, and nothing is downloaded: no file {path}"
        raise UserError(Problem(what, "backbone.weights", hint))
    return path


def _loaded(depth: int, path: Path) -> nn.Module:
    """The network with the weights of a file. Raises UserError if they do not fit."""
    state = {name: tensor for name, tensor in read_state_dict(path).items() if not name.startswith("fc.")}
    network = _empty(depth)
    fits = [other for other in DEPTHS if not misfits(_empty(other), state)] if misfits(network, state) else []
    hint = f"They are the weights of resnet{fits[0]}: use backbone.type=resnet{fits[0]}, or another file." if fits else ""
    load_into(network, state, path=path, what=f"resnet{depth}", hint=hint)
    return network
