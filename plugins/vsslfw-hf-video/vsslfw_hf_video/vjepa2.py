"""V-JEPA 2: a clip of 64 frames, or fewer, becomes one feature."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor

from vsslfw.interfaces import BackboneSpec, Examples, Location
from vsslfw_hf_video.pretrained import Architecture, Pretrained
from vsslfw_hf_video.sizes import check_attention, check_channels, check_length, check_multiple, size_of, stride_of


class VJEPA2(Pretrained):
    """frames (N,L,3,H,W) -> features (N,D): the mean over all patches of the encoder's output, behind its last layer norm.

    The encoder alone: the predictor is not read, nor the attentive pooler of a fine-tuned folder, which is trained for one task.
    Positions are rotary and count patches, so that fewer frames or a smaller picture use the first of them; none is
    interpolated.

    weights: a folder with config.json and model.safetensors, as ``save_pretrained`` writes it; none is random weights, always
        the same, of ``config``.
    config: the values of a VJEPA2Config, for random weights; none where ``weights`` names a folder, which has its own.
    frame_size: height and width in pixels, a multiple of the patch; none is what the config says (256).
    clip_length: frames of a clip, a multiple of the tubelet; none is what the config says (64, which is 2.6 s at 25 frames per
        second). The cost of a clip grows faster than its length.
    clip_stride: frames from the start of one clip to the start of the next; none is the clip's length, no overlap. With less,
        neighbours of a masked clip show part of what it hides; with more, frames in between are never seen.
    """

    example = "facebook/vjepa2-vitl-fpc64-256"
    architectures: ClassVar[dict[str, Architecture]] = {
        "vjepa2": Architecture(
            "VJEPA2Config",
            "VJEPA2Model",
            decides=("num_attention_heads", "hidden_act", "layer_norm_eps"),
            needless=r"^(vjepa2\.)?(predictor|pooler|classifier)\.",
        )
    }
    check_with: ClassVar[Examples] = (
        {
            "config": {
                "crop_size": 32,
                "frames_per_clip": 4,
                "hidden_size": 32,
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
                "mlp_ratio": 2.0,
            }
        },
    )
    frame_size = (256, 256)  # this and the two below: of the published weights, and an object's own stand on the object
    clip_length = clip_stride = 64

    def __init__(
        self,
        *,
        weights: Location | None = None,
        config: dict[str, Any] | None = None,
        frame_size: int | None = None,
        clip_length: int | None = None,
        clip_stride: int | None = None,
    ) -> None:
        super().__init__()
        self._build(weights, config, frame_size=frame_size, clip_length=clip_length, clip_stride=clip_stride)

    @classmethod
    def _shapes(cls, config: Any, sizes: dict[str, int | None]) -> BackboneSpec:
        check_channels(config, "in_chans")
        check_attention(config)
        size = config.crop_size if sizes["frame_size"] is None else sizes["frame_size"]
        length = config.frames_per_clip if sizes["clip_length"] is None else sizes["clip_length"]
        check_multiple((size, size), size_of(config.patch_size))
        check_length(length, config.tubelet_size, "clip_length")
        return BackboneSpec(config.hidden_size, (size, size), length, stride_of(sizes["clip_stride"], length))

    def _adapt(self, config: Any) -> None:
        config.crop_size, config.frames_per_clip = self.frame_size[0], self.clip_length  # rows and columns are counted from these
        config.pred_num_hidden_layers = 0  # the predictor is not used: its layers need not be made

    def _take(self, model: Any) -> None:
        self.network = model.encoder

    def forward(self, frames: Tensor) -> Tensor:
        """(N,L,3,H,W) normalised -> (N,D)."""
        patches = self.network(frames).last_hidden_state  # (N, L / tubelet * patches, D)
        features: Tensor = patches.mean(1)
        return features
