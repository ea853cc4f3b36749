"""Features are what transformers' own models compute; they depend on nothing but the weights, the config and the frames."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from torch import Tensor
from vsslfw_hf_video.dinov3 import DINOv3
from vsslfw_hf_video.pretrained import Pretrained
from vsslfw_hf_video.videomae import VideoMAE
from vsslfw_hf_video.vjepa2 import VJEPA2

from vsslfw.interfaces import BackboneSpec
from vsslfw.plugins import registries
from vsslfw.testing import parametrize_with_checks
from vsslfw.video import normalise

NAMES = {"videomae": VideoMAE, "vjepa2": VJEPA2, "dinov3": DINOv3}
EXAMPLES = [(cls, example) for cls in NAMES.values() for example in cls.check_with]
EACH = pytest.mark.parametrize(("cls", "example"), EXAMPLES, ids=["videomae", "vjepa2", "dinov3", "dinov3-convnext"])
TINY = {cls: cls.check_with[0]["config"] for cls in NAMES.values()}
CONVNEXT = {key: value for key, value in DINOv3.check_with[1]["config"].items() if key != "model_type"}


def frames(backbone: Pretrained, count: int, seed: int = 0) -> Tensor:
    """(N,3,H,W), or (N,L,3,H,W) for clips."""
    clip = (backbone.clip_length,) if backbone.clip_length > 1 else ()
    return torch.randn(count, *clip, 3, *backbone.frame_size, generator=torch.Generator().manual_seed(seed))


def saved(cls: Any, config: Any, folder: Path) -> Any:
    """A model of transformers with random weights, none of them at its first value, written to a folder."""
    torch.manual_seed(0)
    model = cls(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape) * 0.05)
    model.save_pretrained(folder)
    return model


# The contract


@parametrize_with_checks("backbone", VideoMAE)
def test_videomae_keeps_the_contract(check: Any) -> None:
    check()


@parametrize_with_checks("backbone", VJEPA2)
def test_vjepa2_keeps_the_contract(check: Any) -> None:
    check()


@parametrize_with_checks("backbone", DINOv3)
def test_dinov3_keeps_the_contract(check: Any) -> None:
    check()


@pytest.mark.parametrize("name", NAMES)
def test_it_is_found_by_its_name(name: str) -> None:
    component = registries().find("backbone", name)
    assert component.distribution == "vsslfw-hf-video"
    assert component.load() is NAMES[name]


def test_finding_the_plugin_imports_no_torch_and_loading_the_classes_no_transformers() -> None:
    code = (
        "import sys, vsslfw_hf_video; print('torch' in sys.modules);import vsslfw_hf_video.videomae; print('transformers' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.split() == ["False", "False"]


@EACH
def test_the_spec_is_what_is_built(cls: type[Pretrained], example: dict[str, Any]) -> None:
    backbone = cls(**example)
    assert cls.spec(**example) == BackboneSpec(backbone.feature_dim, backbone.frame_size, backbone.clip_length, backbone.clip_stride)
    assert backbone(frames(backbone, 2)).shape == (2, backbone.feature_dim)


@EACH
def test_a_feature_does_not_depend_on_its_neighbours_in_the_batch(cls: type[Pretrained], example: dict[str, Any]) -> None:
    backbone = cls(**example)
    batch, order = frames(backbone, 6), [3, 0, 5, 1, 4, 2]
    features = backbone(batch)
    assert torch.equal(backbone(batch[order]), features[order])
    batch[1:] = 7.0
    assert torch.equal(backbone(batch)[0], features[0])


@EACH
def test_it_is_frozen_and_sees_the_same_in_a_model_that_trains(cls: type[Pretrained], example: dict[str, Any]) -> None:
    backbone = cls(**example)
    before = backbone(frames(backbone, 2))
    torch.nn.Sequential(backbone).train()
    assert torch.equal(backbone(frames(backbone, 2)), before)
    assert not before.requires_grad


@EACH
def test_random_weights_are_always_the_same_and_leave_the_global_generator_alone(cls: type[Pretrained], example: dict[str, Any]) -> None:
    state = torch.get_rng_state()
    one = cls(**example)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(5)
    assert cls(**example).fingerprint() == one.fingerprint()


# The library's own features


@pytest.mark.parametrize("mean_pooling", [True, False], ids=["fine-tuned", "pre-trained"])
def test_videomae_is_pooled_as_its_own_classifier_pools(mean_pooling: bool, tmp_path: Path) -> None:
    config = transformers.VideoMAEConfig(**TINY[VideoMAE], use_mean_pooling=mean_pooling)
    model = saved(transformers.VideoMAEForVideoClassification, config, tmp_path)
    backbone = VideoMAE(weights=str(tmp_path))
    clips = frames(backbone, 2)
    with torch.no_grad():
        if mean_pooling:
            torch.testing.assert_close(model.classifier(backbone(clips)), model(clips).logits)
        else:
            torch.testing.assert_close(backbone(clips), model.videomae(clips).last_hidden_state.mean(1))


@pytest.mark.parametrize("name", ["VideoMAEModel", "VideoMAEForPreTraining"])
def test_videomae_is_the_same_without_a_head_and_with_a_decoder(name: str, tmp_path: Path) -> None:
    config = transformers.VideoMAEConfig(**TINY[VideoMAE], use_mean_pooling=False, decoder_num_hidden_layers=1, decoder_hidden_size=192)
    model = saved(getattr(transformers, name), config, tmp_path)
    backbone = VideoMAE(weights=str(tmp_path))
    clips = frames(backbone, 2)
    with torch.no_grad():
        tokens = getattr(model, "videomae", model)(clips).last_hidden_state
    torch.testing.assert_close(backbone(clips), tokens.mean(1))


def test_videomae_that_was_fine_tuned_and_lost_its_head_is_normalised_without_a_learnt_scale(tmp_path: Path) -> None:
    model = saved(transformers.VideoMAEModel, transformers.VideoMAEConfig(**TINY[VideoMAE]), tmp_path)
    backbone = VideoMAE(weights=str(tmp_path))
    clips = frames(backbone, 2)
    with torch.no_grad():
        mean = model(clips).last_hidden_state.mean(1)
    torch.testing.assert_close(backbone(clips), torch.nn.functional.layer_norm(mean, mean.shape[1:]))


@pytest.mark.parametrize("name", ["VJEPA2Model", "VJEPA2ForVideoClassification"])
def test_vjepa2_is_the_mean_over_the_encoders_output(name: str, tmp_path: Path) -> None:
    config = transformers.VJEPA2Config(**TINY[VJEPA2], pred_num_hidden_layers=1, pred_num_attention_heads=2, pred_hidden_size=32)
    model = saved(getattr(transformers, name), config, tmp_path)
    backbone = VJEPA2(weights=str(tmp_path))
    clips = frames(backbone, 2)
    with torch.no_grad():
        tokens = getattr(model, "vjepa2", model).get_vision_features(clips)
    torch.testing.assert_close(backbone(clips), tokens.mean(1))
    assert not any("predictor" in name for name, _ in backbone.named_parameters())


@pytest.mark.parametrize(
    ("model", "config", "values"),
    [
        ("DINOv3ViTModel", "DINOv3ViTConfig", TINY[DINOv3] | {"num_register_tokens": 4}),
        ("DINOv3ConvNextModel", "DINOv3ConvNextConfig", CONVNEXT),
    ],
    ids=["vit", "convnext"],
)
def test_dinov3_is_the_pooled_output(model: str, config: str, values: dict[str, Any], tmp_path: Path) -> None:
    network = saved(getattr(transformers, model), getattr(transformers, config)(**values), tmp_path)
    backbone = DINOv3(weights=str(tmp_path))
    pictures = frames(backbone, 3)
    with torch.no_grad():
        torch.testing.assert_close(backbone(pictures), network(pictures).pooler_output)


def test_no_patch_of_a_clip_is_masked_and_every_frame_counts() -> None:
    backbone = VideoMAE(**VideoMAE.check_with[0])
    clip = frames(backbone, 1)
    for frame in range(backbone.clip_length):
        changed = clip.clone()
        changed[:, frame] += 1.0
        assert not torch.allclose(backbone(changed), backbone(clip))


# Sizes


def test_vjepa2_takes_shorter_clips_and_other_pictures_with_the_same_weights(tmp_path: Path) -> None:
    model = saved(transformers.VJEPA2Model, transformers.VJEPA2Config(**TINY[VJEPA2], pred_num_hidden_layers=0), tmp_path)
    backbone = VJEPA2(weights=str(tmp_path), frame_size=48, clip_length=2)
    assert (backbone.frame_size, backbone.clip_length, backbone.clip_stride) == ((48, 48), 2, 2)
    for layer in model.encoder.layer:
        layer.attention.grid_size = 3  # rows of three patches: what the positions are counted by
    clips = frames(backbone, 2)
    with torch.no_grad():
        torch.testing.assert_close(backbone(clips), model.get_vision_features(clips).mean(1))


def test_dinov3_takes_other_pictures_with_the_same_weights(tmp_path: Path) -> None:
    model = saved(transformers.DINOv3ViTModel, transformers.DINOv3ViTConfig(**TINY[DINOv3]), tmp_path)
    backbone = DINOv3(weights=str(tmp_path), frame_size=64)
    pictures = frames(backbone, 2)
    assert pictures.shape[-1] == 64
    with torch.no_grad():
        torch.testing.assert_close(backbone(pictures), model(pictures).pooler_output)


def test_a_stride_of_clips_may_be_shorter_or_longer_than_a_clip() -> None:
    config = TINY[VideoMAE]
    assert [VideoMAE.spec(config=config, clip_stride=stride).clip_stride for stride in (None, 1, 4, 9)] == [4, 1, 4, 9]


@pytest.mark.parametrize(
    ("cls", "parameters", "message"),
    [
        (VideoMAE, {}, "weights and config are None; name a folder as weights, or give config"),
        (VideoMAE, {"weights": "somewhere", "config": {}}, "config is given beside weights; it must be None"),
        (VideoMAE, {"config": {"hiden_size": 32}}, "config has no 'hiden_size'; did you mean \"hidden_size\""),
        (VideoMAE, {"config": {"hidden_size": "wide"}}, "config is refused: .*'hidden_size' expected int"),
        (VideoMAE, {"config": {"model_type": "vit"}}, "config has the model_type 'vit'; it must be \"videomae\""),
        (VideoMAE, {"config": TINY[VideoMAE] | {"num_attention_heads": 5}}, "num_attention_heads of the config is 5; it must divide"),
        (VideoMAE, {"config": TINY[VideoMAE] | {"num_channels": 1}}, "num_channels of the config is 1; it must be 3"),
        (VideoMAE, {"config": TINY[VideoMAE] | {"num_frames": 5}}, "num_frames of the config is 5; it must be a multiple of 2"),
        (VideoMAE, {"config": TINY[VideoMAE] | {"image_size": 40}}, "frame_size is 40; it must be a multiple of 16"),
        (VideoMAE, {"config": TINY[VideoMAE], "frame_size": 64}, "frame_size is 64; it must be 32, the image_size of the config"),
        (VideoMAE, {"config": TINY[VideoMAE], "clip_stride": 0}, "clip_stride is 0; it must be at least 1"),
        (VJEPA2, {"config": TINY[VJEPA2], "clip_length": 3}, "clip_length is 3; it must be a multiple of 2"),
        (VJEPA2, {"config": TINY[VJEPA2], "clip_length": 0}, "clip_length is 0; it must be a multiple of 2"),
        (VJEPA2, {"config": TINY[VJEPA2], "frame_size": 40}, "frame_size is 40; it must be a multiple of 16"),
        (DINOv3, {"config": TINY[DINOv3], "frame_size": 40}, "frame_size is 40; it must be a multiple of 16"),
        (DINOv3, {"config": DINOv3.check_with[1]["config"], "frame_size": 48}, "frame_size is 48; it must be a multiple of 32"),
    ],
)
def test_what_cannot_be_is_refused_before_and_while_it_is_built(cls: type[Pretrained], parameters: dict[str, Any], message: str) -> None:
    for attempt in (cls.spec, cls):
        with pytest.raises(ValueError, match=message):
            attempt(**parameters)


# The pixels


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"image_mean": [0.1, 0.2, 0.3], "image_std": [0.5, 0.6, 0.7]},
        {"do_normalize": False},
        {"do_rescale": False},
        {"rescale_factor": 1 / 127.5},
    ],
    ids=["default", "own values", "no normalisation", "bytes", "twice as wide"],
)
def test_pixels_are_those_of_the_folders_preprocessor(changes: dict[str, Any], tmp_path: Path) -> None:
    saved(transformers.VideoMAEModel, transformers.VideoMAEConfig(**TINY[VideoMAE]), tmp_path)
    processor = transformers.VideoMAEImageProcessor(do_resize=False, do_center_crop=False, **changes)
    processor.save_pretrained(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    backbone = VideoMAE(weights=str(tmp_path))
    expected = processor(list(pixels), return_tensors="pt")["pixel_values"][0].float()
    torch.testing.assert_close(normalise(pixels, backbone.mean, backbone.std), expected, rtol=1e-5, atol=1e-4)


def test_a_video_processor_counts_too_and_without_any_the_model_familys_values_do(tmp_path: Path) -> None:
    saved(transformers.VJEPA2Model, transformers.VJEPA2Config(**TINY[VJEPA2], pred_num_hidden_layers=0), tmp_path)
    assert VJEPA2(weights=str(tmp_path)).mean == (0.485, 0.456, 0.406)
    transformers.VJEPA2VideoProcessor(image_mean=[0.1, 0.2, 0.3]).save_pretrained(tmp_path)
    assert VJEPA2(weights=str(tmp_path)).mean == pytest.approx((0.1, 0.2, 0.3))
