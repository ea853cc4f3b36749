"""Any timm model as a backbone: its own size and normalisation, frozen, repeatable. Every network here is random, on purpose."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from typing import Any

import pytest
import timm
import torch
from timm.data import resolve_model_data_config
from torch import Tensor
from vsslfw_timm.backbone import Timm

from vsslfw.interfaces import BackboneSpec
from vsslfw.plugins import registries
from vsslfw.registry import Component

FAMILIES = {
    "resnet18": 64,
    "regnetx_002": 64,
    "efficientnet_b0": 64,
    "mobilenetv3_small_050": 64,
    "convnext_atto": 64,
    "test_vit": 32,
    "vit_tiny_patch16_224": 48,
    "deit_tiny_distilled_patch16_224": 48,
    "eva02_tiny_patch14_224": 56,
    "swin_tiny_patch4_window7_224": 56,
}
"""A model of each family, and a frame size that keeps it quick."""


def random_frames(count: int, backbone: Timm) -> Tensor:
    return torch.randn(count, 3, *backbone.frame_size, generator=torch.Generator().manual_seed(0))


def built(model: str, frame_size: Any = None) -> Timm:
    return Timm(model=model, weights=None, frame_size=frame_size)


@pytest.fixture(scope="module")
def backbone() -> Timm:
    return built("resnet18", 64)


def test_is_found_as_a_plugin() -> None:
    component: Component = registries().find("backbone", "timm")
    assert component.distribution == "vsslfw-timm"
    assert component.load() is Timm


def test_finding_the_plugin_imports_neither_torch_nor_timm() -> None:
    code = "import sys, vsslfw_timm; print({'torch', 'timm'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"


@pytest.mark.parametrize("model", FAMILIES)
def test_features_are_what_the_model_s_own_classifier_sees(model: str) -> None:
    backbone = built(model, FAMILIES[model])
    features = backbone(random_frames(2, backbone))
    assert features.shape == (2, backbone.feature_dim)
    assert features.dtype == torch.float32
    assert features.isfinite().all()
    tied = {"img_size": FAMILIES[model]} if timm.get_pretrained_cfg(model).fixed_input_size else {}
    network = timm.create_model(model, pretrained=False, **tied).eval()
    network.load_state_dict(backbone.network.state_dict(), strict=False)
    with torch.no_grad():
        expected = network.forward_head(network.forward_features(random_frames(2, backbone)), pre_logits=True)
        expected = sum(expected) / 2 if isinstance(expected, tuple) else expected  # the two tokens of a distilled model
    torch.testing.assert_close(features, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("model", FAMILIES)
def test_the_spec_says_what_is_built(model: str) -> None:
    backbone = built(model, FAMILIES[model])
    spec = Timm.spec(model=model, weights="cache", frame_size=FAMILIES[model])
    assert spec == BackboneSpec(backbone.feature_dim, backbone.frame_size)


def test_the_spec_of_a_giant_takes_no_memory_and_no_weights() -> None:
    assert Timm.spec(model="vit_giant_patch14_clip_224", weights="no such file") == BackboneSpec(1408, (224, 224))


@pytest.mark.parametrize("model", ["resnet18", "vit_tiny_patch16_224.augreg_in21k", "test_vit", "convnext_atto", "inception_v3.tv_in1k"])
def test_size_and_normalisation_are_the_model_s_own(model: str) -> None:
    backbone = built(model)
    config = resolve_model_data_config(timm.create_model(model, pretrained=False))
    assert (3, *backbone.frame_size) == tuple(config["input_size"])
    assert (backbone.mean, backbone.std) == (config["mean"], config["std"])


def test_the_tag_chooses_the_normalisation() -> None:
    assert built("vit_base_patch16_clip_224.openai", 16).mean == (0.48145466, 0.4578275, 0.40821073)
    assert built("vit_base_patch16_224.augreg_in21k", 16).mean == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(("size", "expected"), [(64, (64, 64)), ((64, 96), (64, 96)), (None, (224, 224))])
def test_the_frame_size_is_one_number_or_two_or_the_model_s_own(size: Any, expected: tuple[int, int]) -> None:
    assert Timm.spec(model="vit_tiny_patch16_224", frame_size=size).frame_size == expected
    assert Timm.spec(model="resnet18", frame_size=size).frame_size == expected


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"model": "resnet_18"}, 'model is "resnet_18"; .* did you mean "resnet18"'),
        ({"model": "resnet18.a1_in2k"}, 'model is "resnet18.a1_in2k"; .* did you mean "resnet18.a1_in1k"'),
        ({"model": "hf-hub:timm/resnet18.a1_in1k"}, "must be one of timm.list_models"),
        ({"model": "local-dir:/models/resnet18"}, "must be one of timm.list_models"),
        ({"model": ""}, "must be one of timm.list_models"),
        ({"model": "resnet18", "frame_size": 0}, "frame_size is 0; it must be positive"),
        ({"model": "resnet18", "frame_size": (64, -64)}, "it must be positive"),
        ({"model": "vit_tiny_patch16_224", "frame_size": 100}, "frame_size is 100 x 100; it must be a multiple of .* 16 x 16"),
        (
            {"model": "levit_128", "frame_size": 100},
            "frame_size is 100 x 100; it must be one that levit_128 can take; its own is 224 x 224",
        ),
        (
            {"model": "inception_v3", "frame_size": 32},
            "frame_size is 32 x 32; it must be one that inception_v3 can take; its own is 299 x 299",
        ),
    ],
)
def test_a_model_or_a_size_that_timm_does_not_have_is_refused_in_words(parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Timm.spec(**parameters)
    with pytest.raises(ValueError, match=words):
        Timm(weights=None, **parameters)


@pytest.mark.parametrize("model", ["resnet18", "test_vit", "efficientnet_b0"])
def test_random_weights_are_always_the_same_and_leave_the_global_generator_alone(model: str) -> None:
    torch.manual_seed(1)
    one = built(model, 64)
    state = torch.random.get_rng_state()
    two = built(model, 64)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(one(random_frames(2, one)), two(random_frames(2, two)))
    assert one.fingerprint() == two.fingerprint()


def test_models_that_differ_only_in_what_they_compute_have_fingerprints_of_their_own() -> None:
    plain, other = built("vit_base_patch16_clip_224.openai", 16), built("vit_base_patch16_clip_quickgelu_224.openai", 16)
    assert plain.state_dict().keys() == other.state_dict().keys()
    assert plain.fingerprint() != other.fingerprint()


@pytest.mark.parametrize("model", ["resnet18", "test_vit", "convnext_atto"])
def test_the_order_of_frames_in_a_batch_changes_no_bit(model: str) -> None:
    backbone = built(model, 32)
    frames, order = random_frames(8, backbone), torch.randperm(8, generator=torch.Generator().manual_seed(1))
    assert torch.equal(backbone(frames[order]), backbone(frames)[order])


def test_stays_frozen_inside_a_model_that_trains(backbone: Timm) -> None:
    frames = random_frames(4, backbone)
    before = backbone(frames)
    torch.nn.Sequential(backbone).train()
    after = backbone(frames)
    assert torch.equal(before, after)
    assert not after.requires_grad
    assert not any(module.training for module in backbone.modules())


@pytest.mark.parametrize("model", ["resnet18", "efficientnet_b0", "convnext_atto", "vit_tiny_patch16_224", "swin_tiny_patch4_window7_224"])
def test_a_copy_and_a_pickle_are_the_same_backbone(model: str) -> None:
    backbone = built(model, FAMILIES[model])
    frames = random_frames(1, backbone)
    for again in (copy.deepcopy(backbone), pickle.loads(pickle.dumps(backbone))):
        assert torch.equal(again(frames), backbone(frames))
        assert again.fingerprint() == backbone.fingerprint()


def test_channels_last_gives_the_same_numbers(backbone: Timm) -> None:
    frames = random_frames(2, backbone)
    plain = copy.deepcopy(backbone.network).to(memory_format=torch.contiguous_format)
    torch.testing.assert_close(backbone(frames), plain(frames), rtol=1e-4, atol=1e-5)
