"""ResNet frame features: frozen, never downloaded, never silently random, and clear about weights that do not fit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor, nn

from vsslfw.builtin.resnet import DEPTHS, ResNet18, ResNet34, ResNet50, ResNet101, ResNet152, _ResNet
from vsslfw.errors import UserError

RESNETS = [ResNet18, ResNet34, ResNet50, ResNet101, ResNet152]
HUB_FILES = {
    ResNet18: "resnet18-f37072fd.pth",
    ResNet34: "resnet34-b627a593.pth",
    ResNet50: "resnet50-0676ba61.pth",
    ResNet101: "resnet101-63fe2227.pth",
    ResNet152: "resnet152-394f9c45.pth",
}


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """torch hub's cache, empty; and no way to the internet."""

    def refuse(*arguments: object, **parameters: object) -> None:
        raise AssertionError("a download was tried")

    for name in ("load_state_dict_from_url", "download_url_to_file"):
        monkeypatch.setattr(torch.hub, name, refuse)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="module")
def torchvision18() -> nn.Module:
    torch.manual_seed(5)
    network: nn.Module = torchvision.models.resnet18(weights=None).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean)  # type: ignore[arg-type]
    return network


def frames(count: int, size: int = 112, seed: int = 0) -> Tensor:
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(seed))


def message(build: type[_ResNet], weights: str | Path) -> str:
    with pytest.raises(UserError) as caught:
        build(weights=str(weights))
    assert len(caught.value.problems) == 1
    return str(caught.value)


# Features


@pytest.mark.parametrize("build", RESNETS)
def test_features_are_as_wide_as_declared_and_fit_float16(build: type[_ResNet]) -> None:
    features = build(weights=None)(frames(2))
    assert features.shape == (2, build.feature_dim)
    assert features.dtype == torch.float32
    assert features.half().isfinite().all()
    assert not torch.allclose(features[0], features[1])


def test_another_frame_size() -> None:
    assert ResNet18.frame_size == (112, 112)
    backbone = ResNet18(weights=None, frame_size=64)
    assert backbone.frame_size == (64, 64)
    assert backbone(frames(1, 64)).shape == (1, 512)
    with pytest.raises(UserError, match="frame_size: 16 is too small"):
        ResNet18(weights=None, frame_size=16)


def test_features_are_torchvisions_before_the_last_layer(torchvision18: nn.Module, tmp_path: Path) -> None:
    torch.save(torchvision18.state_dict(), tmp_path / "weights.pth")
    captured: list[Tensor] = []
    handle = torchvision18.fc.register_forward_pre_hook(lambda module, inputs: captured.append(inputs[0]))  # type: ignore[union-attr]
    with torch.no_grad():
        torchvision18(frames(3))
    handle.remove()
    torch.testing.assert_close(ResNet18(weights=str(tmp_path / "weights.pth"))(frames(3)), captured[0])


# Frozen


def test_a_backbone_is_frozen_and_train_does_not_wake_it() -> None:
    backbone = ResNet18(weights=None)
    before = backbone.fingerprint()
    model = nn.ModuleDict({"backbone": backbone}).train()
    model["backbone"](frames(4))
    assert not [name for name, module in backbone.named_modules() if module.training]
    assert not [name for name, p in backbone.named_parameters() if p.requires_grad]
    assert backbone.fingerprint() == before


# Random weights, on purpose


def test_random_weights_are_always_the_same_and_leave_the_global_generator_alone() -> None:
    torch.manual_seed(1)
    state = torch.get_rng_state()
    one = ResNet18(weights=None)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert ResNet18(weights=None).fingerprint() == one.fingerprint()


def test_the_five_architectures_have_five_fingerprints() -> None:
    assert len({build(weights=None).fingerprint() for build in RESNETS}) == 5


# Weights from a file


@pytest.mark.parametrize("name", ["weights.pth", "weights.pt", "weights.safetensors"])
@pytest.mark.parametrize("last_layer", [True, False])
def test_weights_come_from_a_file_with_or_without_the_last_layer(
    name: str, last_layer: bool, torchvision18: nn.Module, tmp_path: Path
) -> None:
    state = {key: tensor for key, tensor in torchvision18.state_dict().items() if last_layer or not key.startswith("fc.")}
    (save_file if name.endswith("safetensors") else torch.save)(state, tmp_path / name)
    backbone = ResNet18(weights=str(tmp_path / name))
    assert torch.equal(backbone.network.conv1.weight, torchvision18.conv1.weight)  # type: ignore[union-attr, arg-type]
    assert torch.equal(backbone.network.bn1.running_mean, torchvision18.bn1.running_mean)  # type: ignore[union-attr, arg-type]
    assert backbone.fingerprint() != ResNet18(weights=None).fingerprint()


def test_files_that_differ_in_counters_or_precision_alone_have_one_fingerprint(torchvision18: nn.Module, tmp_path: Path) -> None:
    """Files of old torch versions have no num_batches_tracked, and it means nothing in eval mode."""
    state = {key: tensor.half() if tensor.is_floating_point() else tensor for key, tensor in torchvision18.state_dict().items()}
    torch.save({key: tensor.float() for key, tensor in state.items() if "num_batches" not in key}, tmp_path / "old.pth")
    torch.save({key: tensor + 7 if "num_batches" in key else tensor for key, tensor in state.items()}, tmp_path / "new.pth")
    old, new = (ResNet18(weights=str(tmp_path / name)) for name in ("old.pth", "new.pth"))
    assert old.fingerprint() == new.fingerprint()
    assert {p.dtype for p in new.parameters()} == {torch.float32}


def test_imagenet_is_the_file_in_torch_hubs_cache(hub: Path, torchvision18: nn.Module) -> None:
    torch.save(torchvision18.state_dict(), hub / HUB_FILES[ResNet18])
    assert torch.equal(ResNet18().network.conv1.weight, torchvision18.conv1.weight)  # type: ignore[union-attr, arg-type]


# Weights that are not there, or do not fit


@pytest.mark.parametrize("build", RESNETS)
def test_missing_imagenet_weights_are_an_error_that_says_what_to_do(build: type[_ResNet], hub: Path) -> None:
    text = message(build, "imagenet")
    name = HUB_FILES[build]
    assert str(hub / name) in text
    assert f"https://download.pytorch.org/models/{name}" in text
    assert f"backbone.weights=/path/to/{name}" in text
    assert "weights=None means random weights" in text
    assert "nothing is downloaded" in text


def test_a_path_that_does_not_exist_names_the_nearest_file(tmp_path: Path) -> None:
    (tmp_path / "resnet18-own.pth").touch()
    text = message(ResNet18, tmp_path / "resnet18-won.pth")
    assert f"there is no weights file {tmp_path / 'resnet18-won.pth'}" in text
    assert 'did you mean "resnet18-own.pth"?' in text
    assert "there is no weights file" in message(ResNet18, tmp_path)


@pytest.mark.parametrize("found", DEPTHS)
def test_weights_of_another_architecture_are_named(found: int, tmp_path: Path) -> None:
    torch.save(torchvision.models.get_model(f"resnet{found}", weights=None).state_dict(), tmp_path / "weights.pth")
    expected = ResNet18 if found != 18 else ResNet152
    text = message(expected, tmp_path / "weights.pth")
    assert f"do not fit resnet{expected.depth}" in text
    assert f"They are the weights of resnet{found}: use backbone.type=resnet{found}" in text


def test_the_first_misfits_are_listed_and_the_rest_counted(torchvision18: nn.Module, tmp_path: Path) -> None:
    state = torchvision18.state_dict()
    state["conv1.weight"] = torch.zeros(64, 1, 7, 7)
    torch.save({f"{key}_": tensor for key, tensor in state.items()} | {"conv1.weight": state["conv1.weight"]}, tmp_path / "weights.pth")
    text = message(ResNet18, tmp_path / "weights.pth")
    assert "conv1.weight is (64, 1, 7, 7), (64, 3, 7, 7) expected; bn1.weight is missing; bn1.bias is missing (and" in text
    assert "They are the weights of" not in text


def test_one_missing_tensor_is_enough(torchvision18: nn.Module, tmp_path: Path) -> None:
    state = torchvision18.state_dict()
    del state["layer4.1.bn2.running_var"]
    save_file(state, tmp_path / "weights.safetensors")
    assert message(ResNet18, tmp_path / "weights.safetensors").endswith("do not fit resnet18: layer4.1.bn2.running_var is missing")


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
@pytest.mark.parametrize("content", [b"", b"no weights at all", b"PK\x03\x04 half a zip"])
def test_a_file_that_holds_no_weights(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    assert f"{tmp_path / name} cannot be read as a state dict" in message(ResNet18, tmp_path / name)


def test_a_pickled_module_is_not_unpickled(torchvision18: nn.Module, tmp_path: Path) -> None:
    """A weights file from a colleague cannot run code."""
    torch.save(torchvision18, tmp_path / "model.pth")
    assert "cannot be read as a state dict" in message(ResNet18, tmp_path / "model.pth")


@pytest.mark.parametrize("content", [{}, {"epoch": 3, "state_dict": {}}, [1, 2]])
def test_a_checkpoint_is_not_a_state_dict(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "checkpoint.pth")
    assert "is not a state dict" in message(ResNet18, tmp_path / "checkpoint.pth")
