"""Every built-in component keeps the contract of its kind: the conformance kit that plugin authors use, over all of them."""

from __future__ import annotations

from collections.abc import Callable

from vsslfw.builtin.bert import Bert
from vsslfw.builtin.fc import FullyConnected
from vsslfw.builtin.feature_noise import FeatureNoise
from vsslfw.builtin.feature_regression import FeatureRegression
from vsslfw.builtin.frame_transforms import FrameTransforms
from vsslfw.builtin.local_executor import LocalExecutor
from vsslfw.builtin.mask_frames import MaskFrames
from vsslfw.builtin.permute_span import PermuteSpan
from vsslfw.builtin.regions import BoxesCsv, WholeFrame
from vsslfw.builtin.resnet import ResNet18, ResNet34, ResNet50, ResNet101, ResNet152
from vsslfw.builtin.synthetic_emu import SyntheticEMU
from vsslfw.builtin.videos_csv import VideosCsv
from vsslfw.testing import parametrize_with_checks

Check = Callable[[], None]


@parametrize_with_checks("corruption", PermuteSpan)
def test_permute_span(check: Check) -> None:
    check()


@parametrize_with_checks("corruption", MaskFrames)
def test_mask_frames(check: Check) -> None:
    check()


@parametrize_with_checks("corruption", FeatureNoise)
def test_feature_noise(check: Check) -> None:
    check()


@parametrize_with_checks("encoder", Bert)
def test_bert(check: Check) -> None:
    check()


@parametrize_with_checks("head", FullyConnected)
def test_fc(check: Check) -> None:
    check()


@parametrize_with_checks("head", FeatureRegression)
def test_feature_regression(check: Check) -> None:
    check()


@parametrize_with_checks("backbone", ResNet18)
def test_resnet18(check: Check) -> None:
    check()


@parametrize_with_checks("executor", LocalExecutor)
def test_local_executor(check: Check) -> None:
    check()


@parametrize_with_checks("detector", WholeFrame)
def test_whole_frame(check: Check) -> None:
    check()


@parametrize_with_checks("dataset", SyntheticEMU)
def test_synthetic_emu(check: Check) -> None:
    check()
