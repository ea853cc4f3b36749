"""A vsslfw plugin: backbones of transformers, as clips (VideoMAE, V-JEPA 2) and per frame (DINOv3), from local folders of weights."""

from __future__ import annotations

from vsslfw.hookspecs import Register, hookimpl

VSSLFW_API = 1
"""The version of vsslfw's plugin interface that this plugin was written for."""


@hookimpl
def vsslfw_register(register: Register) -> None:
    """Three backbones; each class is imported when a recipe first asks for it."""
    register(
        "backbone",
        "videomae",
        "vsslfw_hf_video.videomae:VideoMAE",
        summary="VideoMAE clip features (16 frames a clip), weights from a local folder",
    )
    register(
        "backbone",
        "vjepa2",
        "vsslfw_hf_video.vjepa2:VJEPA2",
        summary="V-JEPA 2 clip features (64 frames a clip), weights from a local folder",
    )
    register(
        "backbone",
        "dinov3",
        "vsslfw_hf_video.dinov3:DINOv3",
        summary="DINOv3 frame features (ViT and ConvNeXt), weights from a local folder",
    )
