"""Any timm model without its classifier: a frame becomes D numbers."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from vsslfw.interfaces import Backbone, BackboneSpec, Examples, Location
from vsslfw_timm.models import build, facts
from vsslfw_timm.weights import digest, find, load


class Timm(Backbone):
    """frames (N,3,H,W) -> features (N,D): what the model's own classifier would see. Frozen; nothing is ever downloaded.

    D, the normalisation and the default frame size are the model's own. Raises ValueError for a model or a size that timm does
    not have, UserError if the weights are missing or do not fit.

    model: a name of timm.list_models(), "resnet50" say, or with the tag of its pretrained weights, "resnet50.a1_in1k".
    weights: "cache" is the file that timm itself would have put into the local Hugging Face or torch hub cache; a path is a
        state dict of this model (.safetensors, .pth, .pt, .bin), with or without the classifier; none is random weights,
        always the same.
    frame_size: height and width in pixels of the crop that it is given, or one number for both; none is the model's own.
    """

    check_with: ClassVar[Examples] = (
        {"model": "resnet18", "weights": None, "frame_size": 64},
        {"model": "test_vit", "weights": None, "frame_size": (32, 48)},
        {"model": "test_convnext", "weights": None, "frame_size": 64},
    )

    def __init__(
        self, *, model: str, weights: Literal["cache"] | Location | None = "cache", frame_size: int | tuple[int, int] | None = None
    ) -> None:
        super().__init__()
        known = facts(model, frame_size)
        self.feature_dim, self.frame_size, self.mean, self.std = known.feature_dim, known.frame_size, known.mean, known.std
        path = None if weights is None else find(model, weights)  # before anything that takes time
        self.network = build(model, self.frame_size)
        self._fitted = {} if path is None else load(self.network, model, path)
        self._architecture = model.partition(".")[0]
        self.network.to(memory_format=torch.channels_last)  # convolutional networks: up to 1.4 times the frames a second on a CPU core
        self.freeze()

    @classmethod
    def spec(cls, **parameters: Any) -> BackboneSpec:
        """Built on torch's meta device: no weights are read. ValueError for a model or a size that timm does not have."""
        known = facts(parameters["model"], parameters.get("frame_size"))
        return BackboneSpec(known.feature_dim, known.frame_size)

    def forward(self, frames: Tensor) -> Tensor:
        """(N,3,H,W) normalised -> (N,D)."""
        features: Tensor = self.network(frames.contiguous(memory_format=torch.channels_last))
        return features

    def fingerprint(self) -> str:
        """Digest of the architecture, its normalisation and its weights; position embeddings count as they are in the file.

        Fitted to another frame size they may differ in the last bit from one processor to another.
        """
        architecture = f"timm:{self._architecture}:{self.cache_version}:{self.mean}:{self.std}"
        return digest(self.network.state_dict() | self._fitted, architecture)
