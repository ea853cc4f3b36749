"""The detector: a trunk, two more maps, and torchvision's SSD heads, which answer a score and a box at each default box."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.ssd import SSDHead
from torchvision.models.detection.ssdlite import SSDLiteHead

from vsslfw.detection.anchors import Shapes, default_boxes
from vsslfw.detection.trunks import build_trunk
from vsslfw.weights import seeded

ARCHITECTURES: dict[str, tuple[int, int]] = {"ssdlite": (192, 256), "ssd300": (300, 300)}
"""Architecture -> (H, W) in pixels of the picture that it looks at."""
ANCHORS = 4
"""Shapes at each place."""
EXTRA = 128
"""Channels of the maps above the trunk's."""
RARE = -4.0
"""The logit that every score starts from: nearly all default boxes are not the patient's."""


@dataclass(frozen=True)
class Architecture:
    """All that the shape of a network depends on."""

    arch: str
    backbone: str
    size: tuple[int, int]
    shapes: Shapes

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for a header."""
        return asdict(self)

    @classmethod
    def of(cls, values: dict[str, Any]) -> Architecture:
        """From what `as_dict` gave."""
        return cls(values["arch"], values["backbone"], (values["size"][0], values["size"][1]), values["shapes"])


class PatientSSD(nn.Module):
    """forward((N,3,H,W) in [0, 1]) -> logits (N,M), boxes (N,M,4) in pixels of the (H, W) picture; M default boxes.

    ``ssdlite`` has depthwise separable heads, ``ssd300`` full convolutions. The score is the overlap that the box is expected to
    have with the patient, after Li et al. 2020 (quality focal loss): the best score is then the best box.
    """

    mean: Tensor
    std: Tensor
    defaults: Tensor

    def __init__(self, architecture: Architecture, *, weights: str | None = None, seed: int = 0) -> None:
        super().__init__()
        self.architecture = architecture
        self.trunk = build_trunk(architecture.backbone, weights, architecture.size, seed)
        with seeded(seed):
            self._build(architecture)
        for name in ("mean", "std"):
            self.register_buffer(name, torch.tensor(getattr(self.trunk, name)).view(1, 3, 1, 1), persistent=False)
        maps = self._maps(torch.zeros(1, 3, *architecture.size))
        places = [(int(found.shape[2]), int(found.shape[3])) for found in maps]
        self.register_buffer("defaults", default_boxes(architecture.shapes, places, architecture.size), persistent=False)
        self.coder = BoxCoder(weights=(10.0, 10.0, 5.0, 5.0))

    def _build(self, architecture: Architecture) -> None:
        first, second = self.trunk.channels
        self.extra = nn.ModuleList([_smaller(second), _smaller(EXTRA)])
        channels, anchors = [first, second, EXTRA, EXTRA], [len(architecture.shapes)] * 4
        norm = partial(nn.GroupNorm, 8)
        self.head = SSDLiteHead(channels, anchors, 1, norm) if architecture.arch == "ssdlite" else SSDHead(channels, anchors, 1)
        for block in self.head.classification_head.module_list:
            last: Any = block[-1] if isinstance(block, nn.Sequential) else block
            nn.init.constant_(last.bias, RARE)

    def _maps(self, pictures: Tensor) -> list[Tensor]:
        maps: list[Tensor] = self.trunk((pictures - self.mean) / self.std)
        for smaller in self.extra:
            maps.append(smaller(maps[-1]))
        return maps

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """(N,3,H,W) in [0, 1] -> (N,M) logits, (N,M,4) boxes."""
        out = self.head(self._maps(pictures.contiguous(memory_format=torch.channels_last)))
        logits, codes = out["cls_logits"].squeeze(-1), out["bbox_regression"]
        boxes = self.coder.decode_single(codes.reshape(-1, 4), self.defaults.repeat(len(codes), 1))
        return logits, boxes.view(len(codes), -1, 4)


def _smaller(channels: int) -> nn.Module:
    """A map of half the height and width."""
    reduce = nn.Conv2d(channels, EXTRA // 2, 1, bias=False)
    halve = nn.Conv2d(EXTRA // 2, EXTRA, 3, stride=2, padding=1, bias=False)
    return nn.Sequential(reduce, nn.GroupNorm(8, EXTRA // 2), nn.ReLU6(), halve, nn.GroupNorm(8, EXTRA), nn.ReLU6())
