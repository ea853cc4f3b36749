"""DINOv3: a frame becomes one feature. Vision transformers and ConvNeXts."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor

from vsslfw.interfaces import BackboneSpec, Examples, Location
from vsslfw_hf_video.pretrained import Architecture, Pretrained
from vsslfw_hf_video.sizes import check_attention, check_channels, check_multiple, size_of


class DINOv3(Pretrained):
    """frames (N,3,H,W) -> features (N,D): the class token of a vision transformer, the pooled map of a ConvNeXt, layer norm applied.

    These are what the authors' own classifiers see, and the library's ``pooler_output``. Positions of a transformer are rotary
    and run from -1 to 1 over the picture at any size, as in training, so nothing is interpolated.

    weights: a folder with config.json and model.safetensors, as ``save_pretrained`` writes it; none is random weights, always
        the same, of ``config``. Which of the two architectures it is, config.json says.
    config: the values of a DINOv3ViTConfig, or with ``model_type="dinov3_convnext"`` of a DINOv3ConvNextConfig, for random
        weights; none where ``weights`` names a folder, which has its own.
    frame_size: height and width in pixels, a multiple of 16 (the patch), or of 32 for a ConvNeXt; none is what the config says
        (224).
    """

    example = "facebook/dinov3-vits16-pretrain-lvd1689m"
    architectures: ClassVar[dict[str, Architecture]] = {
        "dinov3_vit": Architecture(
            "DINOv3ViTConfig",
            "DINOv3ViTModel",
            decides=("num_attention_heads", "hidden_act", "layer_norm_eps", "rope_theta"),
        ),
        "dinov3_convnext": Architecture(
            "DINOv3ConvNextConfig", "DINOv3ConvNextModel", decides=("hidden_act", "layer_norm_eps"), attention="eager"
        ),
    }
    check_with: ClassVar[Examples] = (
        {"config": {"image_size": 32, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}},
        {"config": {"model_type": "dinov3_convnext", "image_size": 64, "hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1]}},
    )
    frame_size = (224, 224)  # of the published weights

    def __init__(self, *, weights: Location | None = None, config: dict[str, Any] | None = None, frame_size: int | None = None) -> None:
        super().__init__()
        self._build(weights, config, frame_size=frame_size)

    @classmethod
    def _shapes(cls, config: Any, sizes: dict[str, int | None]) -> BackboneSpec:
        check_channels(config, "num_channels")
        size = size_of(config.image_size if sizes["frame_size"] is None else sizes["frame_size"])
        if config.model_type == "dinov3_vit":
            check_attention(config)
            check_multiple(size, size_of(config.patch_size))
            return BackboneSpec(config.hidden_size, size)
        step = 2 * 2 ** len(config.hidden_sizes)  # 4 in the first stage, then 2 in each
        check_multiple(size, (step, step))
        return BackboneSpec(config.hidden_sizes[-1], size)

    def _take(self, model: Any) -> None:
        self.network = model

    def forward(self, frames: Tensor) -> Tensor:
        """(N,3,H,W) normalised -> (N,D)."""
        features: Tensor = self.network(frames).pooler_output
        return features
