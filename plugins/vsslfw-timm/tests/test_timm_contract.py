"""The backbone keeps the contract of its kind: a ResNet, a ViT and a ConvNeXt with random weights (`Timm.check_with`)."""

from __future__ import annotations

from collections.abc import Callable

from vsslfw_timm.backbone import Timm

from vsslfw.testing import parametrize_with_checks


@parametrize_with_checks("backbone", Timm)
def test_it_keeps_the_contract(check: Callable[[], None]) -> None:
    check()
