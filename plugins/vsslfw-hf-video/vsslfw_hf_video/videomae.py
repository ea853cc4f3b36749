"""VideoMAE: a clip of 16 frames becomes one feature."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn

from vsslfw.interfaces import BackboneSpec, Examples, Location
from vsslfw_hf_video.pretrained import Architecture, Pretrained
from vsslfw_hf_video.sizes import check_attention, check_channels, check_length, check_multiple, size_of, stride_of


class VideoMAE(Pretrained):
    """frames (N,L,3,H,W) -> features (N,D): the mean over all patches of a clip, as VideoMAE's own classifier pools them.

    The layer norm of the mean is the one that the weights were trained with. Fine-tuned weights (``use_mean_pooling`` in
    config.json) have ``fc_norm`` behind the mean, and it is taken from the folder; pre-trained ones have ``layernorm``, on each
    patch before the mean. A folder of a fine-tuned model without its head has lost ``fc_norm``: the mean is then normalised
    without a learnt scale. Nothing is masked, and positions are never interpolated: sizes are those of the weights.

    weights: a folder with config.json and model.safetensors, as ``save_pretrained`` writes it; none is random weights, always
        the same, of ``config``.
    config: the values of a VideoMAEConfig, for random weights; none where ``weights`` names a folder, which has its own.
    frame_size: height and width in pixels; none, or what the config says (224).
    clip_stride: frames from the start of one clip to the start of the next; none is the clip's length, no overlap. With less,
        neighbours of a masked clip show part of what it hides; with more, frames in between are never seen.
    """

    example = "MCG-NJU/videomae-base"
    architectures: ClassVar[dict[str, Architecture]] = {
        "videomae": Architecture(
            "VideoMAEConfig",
            "VideoMAEForVideoClassification",
            decides=("num_attention_heads", "hidden_act", "layer_norm_eps"),
            needless=r"^(decoder\.|encoder_to_decoder\.|mask_token$|classifier\.)",
            together=frozenset({"fc_norm.weight", "fc_norm.bias"}),
        )
    }
    check_with: ClassVar[Examples] = (
        {
            "config": {
                "image_size": 32,
                "num_frames": 4,
                "hidden_size": 32,
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
                "intermediate_size": 64,
            }
        },
    )
    frame_size = (224, 224)  # this and the two below: of the published weights, and an object's own stand on the object
    clip_length = clip_stride = 16

    def __init__(
        self,
        *,
        weights: Location | None = None,
        config: dict[str, Any] | None = None,
        frame_size: int | None = None,
        clip_stride: int | None = None,
    ) -> None:
        super().__init__()
        self._build(weights, config, frame_size=frame_size, clip_stride=clip_stride)

    @classmethod
    def _shapes(cls, config: Any, sizes: dict[str, int | None]) -> BackboneSpec:
        check_channels(config, "num_channels")
        check_attention(config)
        own, asked = size_of(config.image_size), sizes["frame_size"]
        if asked is not None and (asked, asked) != own:
            shown = own[0] if own[0] == own[1] else own
            raise ValueError(f"frame_size is {asked}; it must be {shown}, the image_size of the config: positions are not interpolated")
        check_multiple(own, size_of(config.patch_size))
        check_length(config.num_frames, config.tubelet_size, "num_frames of the config")
        return BackboneSpec(config.hidden_size, own, config.num_frames, stride_of(sizes["clip_stride"], config.num_frames))

    def _take(self, model: Any) -> None:
        self.network = model.videomae
        embeddings = self.network.embeddings
        table = embeddings.position_embeddings  # a plain attribute in the library, which would go to the device anew for each batch
        del embeddings.position_embeddings
        embeddings.register_buffer("position_embeddings", table, persistent=False)
        self.norm = model.fc_norm or nn.Identity()

    def forward(self, frames: Tensor) -> Tensor:
        """(N,L,3,H,W) normalised -> (N,D)."""
        patches = self.network(frames).last_hidden_state  # (N, L / tubelet * patches, D)
        features: Tensor = self.norm(patches.mean(1))
        return features
