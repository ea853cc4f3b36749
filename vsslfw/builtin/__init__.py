"""The paper, registered like any plugin."""

from __future__ import annotations

from vsslfw.hookspecs import Register, hookimpl


@hookimpl
def vsslfw_register(register: Register) -> None:
    """The paper's components, and those that every user needs."""
    here = "vsslfw.builtin"
    register("dataset", "videos_csv", f"{here}.videos_csv:VideosCsv", "own videos, listed in a manifest")
    register("dataset", "synthetic_emu", f"{here}.synthetic_emu:SyntheticEMU", "made EMU video with two seizure classes; no patient in it")
    register("detector", "whole_frame", f"{here}.regions:WholeFrame", "the whole picture")
    register("detector", "boxes_csv", f"{here}.regions:BoxesCsv", "patient boxes from a CSV file, interpolated in time")
    register("detector", "ssdlite", f"{here}.ssd:SSDLite", "an SSD with light heads, trained on own boxes (vsslfw detector train)")
    register("detector", "ssd300", f"{here}.ssd:SSD300", "an SSD with full heads at 300 x 300 pixels (the paper's kind)")
    for layers in (18, 34, 50, 101, 152):
        paper = " (the paper's)" if layers == 152 else ""
        register("backbone", f"resnet{layers}", f"{here}.resnet:ResNet{layers}", f"ResNet-{layers} frame features{paper}")
    register(
        "corruption",
        "permute_span",
        f"{here}.permute_span:PermuteSpan",
        "one span of frames is cut out and put back elsewhere (the paper's)",
    )
    register("corruption", "mask_frames", f"{here}.mask_frames:MaskFrames", "a share of frames becomes MASK (the paper's)")
    register(
        "corruption", "frame_transforms", f"{here}.frame_transforms:FrameTransforms", "albumentations on the frames before the backbone"
    )
    register("corruption", "feature_noise", f"{here}.feature_noise:FeatureNoise", "Gaussian noise on the features")
    register("encoder", "bert", f"{here}.bert:Bert", "projection + BERT encoder (the paper's)")
    register("head", "feature_regression", f"{here}.feature_regression:FeatureRegression", "restores clean features, eq. (1) (the paper's)")
    register("head", "fc", f"{here}.fc:FullyConnected", "pooling, dropout, one fully-connected layer, eq. (2) (the paper's)")
    register("validation", "loso", "sklearn.model_selection:LeaveOneGroupOut", "leave one subject out (the paper's)")
    register("executor", "local", f"{here}.local_executor:LocalExecutor", "this machine: in this process, or a pool of recycled processes")
