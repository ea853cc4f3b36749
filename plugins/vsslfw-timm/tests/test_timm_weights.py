"""Weights from files and from timm's caches: the same as timm would load, or an error that says what is missing where."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from vsslfw_timm.backbone import Timm

from vsslfw.errors import UserError

COMMIT = "0" * 40


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test here runs without a network: whoever asks for one fails."""

    def refuse(*arguments: object, **_: object) -> None:
        raise AssertionError(f"nothing may contact a network: {arguments}")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face cache."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def torch_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty torch hub cache."""
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "torch"))
    return tmp_path / "torch" / "checkpoints"


def trained(model: str) -> nn.Module:
    """A network with its classifier and weights that ``weights=None`` would not draw, in place of pretrained ones."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        network: nn.Module = timm.create_model(model, pretrained=False)
        for parameter in network.parameters():
            nn.init.normal_(parameter, std=0.05)
    return network.eval()


def in_hub(hub: Path, repository: str, name: str) -> Path:
    """Where a file lies in the cache; its folder is made."""
    folder = hub / f"models--{repository.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(COMMIT)
    (folder / "snapshots" / COMMIT).mkdir(parents=True)
    return folder / "snapshots" / COMMIT / name


def frames(size: tuple[int, int]) -> Tensor:
    return torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "size"),
    [
        ("resnet18", (64, 96)),
        ("mobilenetv3_small_050", (64, 64)),
        ("convnext_atto", (64, 64)),
        ("vit_tiny_patch16_224", (224, 224)),
        ("vit_tiny_patch16_224", (64, 96)),
        ("deit_tiny_distilled_patch16_224", (64, 64)),
        ("eva02_tiny_patch14_224", (56, 56)),
        ("beit_base_patch16_224", (64, 64)),
        ("vit_small_patch14_reg4_dinov2", (56, 84)),
        ("swin_tiny_patch4_window7_224", (112, 112)),
        ("swinv2_tiny_window8_256", (128, 128)),
    ],
)
def test_a_file_at_any_frame_size_gives_what_timm_itself_makes_of_it(model: str, size: tuple[int, int], tmp_path: Path) -> None:
    save_file(trained(model).state_dict(), tmp_path / "model.safetensors")
    backbone = Timm(model=model, weights=str(tmp_path / "model.safetensors"), frame_size=size)
    tied = {"img_size": size} if timm.get_pretrained_cfg(model).fixed_input_size else {}
    overlay = {"file": str(tmp_path / "model.safetensors"), "custom_load": False}
    reference = timm.create_model(model, pretrained=True, pretrained_cfg_overlay=overlay, num_classes=0, **tied).eval()
    with torch.no_grad():
        torch.testing.assert_close(backbone(frames(size)), reference(frames(size)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["plain", "headless", "training", "distributed", "half"])
def test_a_checkpoint_may_be_written_in_the_ways_of_training_scripts(kind: str, tmp_path: Path) -> None:
    state = trained("resnet18").state_dict()
    contents: dict[str, Any] = {
        "plain": state,
        "headless": {name: tensor for name, tensor in state.items() if not name.startswith("fc.")},
        "training": {"epoch": 3, "state_dict": state},
        "distributed": {f"module.{name}": tensor for name, tensor in state.items()},
        "half": {name: tensor.half() for name, tensor in state.items()},
    }
    for name in ("plain", kind):
        torch.save(contents[name], tmp_path / f"{name}.pth")
    plain, other = (Timm(model="resnet18", weights=str(tmp_path / f"{name}.pth"), frame_size=32) for name in ("plain", kind))
    tolerance = {"rtol": 1e-2, "atol": 1e-2} if kind == "half" else {"rtol": 0, "atol": 0}
    torch.testing.assert_close(other(frames((32, 32))), plain(frames((32, 32))), **tolerance)
    assert (other.fingerprint() == plain.fingerprint()) == (kind != "half")


def test_the_fingerprint_is_of_the_weights_in_the_file_at_any_frame_size(tmp_path: Path) -> None:
    network = trained("test_vit")
    save_file(network.state_dict(), tmp_path / "model.safetensors")
    own, small = (Timm(model="test_vit", weights=str(tmp_path / "model.safetensors"), frame_size=size) for size in (None, 32))
    assert own.fingerprint() == small.fingerprint()
    with torch.no_grad():
        network.pos_embed[0, 0, 0] += 1
    save_file(network.state_dict(), tmp_path / "other.safetensors")
    assert Timm(model="test_vit", weights=str(tmp_path / "other.safetensors"), frame_size=32).fingerprint() != small.fingerprint()


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_cache_reads_the_file_that_timm_put_into_the_hub_s_cache(name: str, hub: Path, tmp_path: Path) -> None:
    state = trained("resnet18").state_dict()
    path = in_hub(hub, "timm/resnet18.a2_in1k", name)
    save_file(state, path) if name.endswith("safetensors") else torch.save(state, path)
    cached = Timm(model="resnet18.a2_in1k", weights="cache", frame_size=32)
    assert cached.fingerprint() == Timm(model="resnet18.a2_in1k", weights=str(path), frame_size=32).fingerprint()


def test_cache_reads_the_file_that_timm_put_into_torch_s_cache(torch_hub: Path, hub: Path) -> None:
    url = timm.get_pretrained_cfg("gcvit_xxtiny.in1k").url
    torch_hub.mkdir(parents=True)
    torch.save(trained("gcvit_xxtiny").state_dict(), torch_hub / url.rpartition("/")[2])
    assert Timm(model="gcvit_xxtiny.in1k", weights="cache").feature_dim == 512


def test_weights_that_are_not_in_the_cache_are_an_error_that_says_what_to_do(hub: Path, torch_hub: Path) -> None:
    with pytest.raises(UserError) as told:
        Timm(model="vit_small_patch16_224.augreg_in21k", weights="cache", frame_size=32)
    message = str(told.value)
    assert "nothing is downloaded" in message
    assert f"{hub}/models--timm--vit_small_patch16_224.augreg_in21k/snapshots/*/model.safetensors" in message
    assert "hf download timm/vit_small_patch16_224.augreg_in21k model.safetensors" in message
    assert "weights=None means random weights" in message

    with pytest.raises(UserError) as told:
        Timm(model="gcvit_xxtiny.in1k", weights="cache")
    assert f"no file {torch_hub}/" in str(told.value)
    assert timm.get_pretrained_cfg("gcvit_xxtiny.in1k").url in str(told.value)
    assert not hub.exists()
    assert not torch_hub.exists()


def test_a_model_without_published_weights_says_so(hub: Path) -> None:
    with pytest.raises(UserError, match="timm has no pretrained weights of botnet50ts_256"):
        Timm(model="botnet50ts_256", weights="cache")


def test_neither_random_weights_nor_a_spec_look_for_a_network(hub: Path) -> None:
    Timm.spec(model="convnext_tiny", weights="cache", frame_size=None)
    Timm(model="test_convnext", weights=None)
    assert not hub.exists()


def test_a_file_that_is_wrong_is_refused(tmp_path: Path) -> None:
    state = trained("resnet18").state_dict()
    contents: dict[str, Any] = {"shape.pth": state | {"conv1.weight": torch.zeros(1)}, "list.pth": [1], "code.pth": {"path": tmp_path}}
    contents |= {
        "other.pth": trained("resnet34").state_dict(),
        "part.pth": {"conv1.weight": state["conv1.weight"]},
        "none.pth": {"epoch": 3},
    }
    for name, content in contents.items():
        torch.save(content, tmp_path / name)
    (tmp_path / "text.safetensors").write_text("not weights")
    expected = {
        "shape.pth": r"do not fit resnet18: conv1.weight is \(1,\), \(64, 3, 7, 7\) expected",
        "other.pth": "do not fit resnet18: .* is unknown",
        "part.pth": "do not fit resnet18: .* is missing",
        "list.pth": "not a state dict",
        "none.pth": "not a state dict",
        "code.pth": "cannot be read",
        "text.safetensors": "cannot be read",
        "missing.pth": "there is no weights file",
    }
    for name, message in expected.items():
        with pytest.raises(UserError, match=message):
            Timm(model="resnet18", weights=str(tmp_path / name), frame_size=32)


@pytest.mark.parametrize("model", ["vit_tiny_patch16_224", "convnext_atto", "swin_tiny_patch4_window7_224", "mixer_s32_224"])
def test_weights_of_another_family_are_refused(model: str, tmp_path: Path) -> None:
    torch.save(trained("resnet18").state_dict(), tmp_path / "resnet18.pth")
    with pytest.raises(UserError, match=f"do not fit {model}"):
        Timm(model=model, weights=str(tmp_path / "resnet18.pth"))
