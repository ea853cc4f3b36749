"""The paper with a backbone of today: DINOv2 instead of a ResNet-152 that was trained on ImageNet's labels.

Oquab et al. 2023, "DINOv2: Learning Robust Visual Features without Supervision"; Darcet et al. 2023, "Vision Transformers Need
Registers". ViT-S/14 with registers has a fifth of the parameters of ResNet-152 and gives 384 numbers a frame instead of 2048. Everything
else is the paper's, so that the two can be compared. Any other model of timm goes in the same place.

Needs the plugin vsslfw-timm (plugins/vsslfw-timm), whose README says how to bring the weights to a machine without internet access.
"""

_base_ = "seizure_bart"
name = "timm_backbone"
plugins = ["vsslfw-timm"]

backbone = dict(
    type="timm",
    model="vit_small_patch14_reg4_dinov2.lvd142m",  # with its tag: a name alone means whatever timm holds to be the best weights of the day
    weights="cache",                        # | the path of a file
    frame_size=224,                         # its own is 518; 16 x 16 patches of 14 pixels | 112: the paper's, a quarter of the time
)

profiles = dict(
    demo=dict(
        # Random weights: shows that it works, nothing else.
        backbone=dict(model="resnet10t", weights=None, frame_size=64),
    ),
)
