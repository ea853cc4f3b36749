"""Plugins that are made beside vsslfw: whoever names one of their components without having them is told what to install."""

from __future__ import annotations

COMPONENTS: dict[str, dict[str, tuple[str, ...]]] = {
    "vsslfw-efficientnet-lite": {"backbone": ("efficientnet_lite0",)},
    "vsslfw-bart-noise": {
        "corruption": (
            "token_masking",
            "token_deletion",
            "text_infilling",
            "sentence_permutation",
            "document_rotation",
            "time_reversal",
        )
    },
    "vsslfw-timm": {"backbone": ("timm",)},
    "vsslfw-hf-video": {"backbone": ("videomae", "vjepa2", "dinov3")},
    "vsslfw-self-similarity": {"encoder": ("self_similarity",)},
    "vsslfw-heads": {"head": ("attention_pooling", "gru", "frame_evidence")},
    "vsslfw-validation": {
        "validation": (
            "group_kfold",
            "stratified_group_kfold",
            "repeated_stratified_group_kfold",
            "leave_one_site_out",
            "split_file",
        )
    },
}
"""Distribution -> kind -> names; a test compares it with what the plugins register."""


def who_would_have(kind: str, name: str) -> str:
    """The distribution that has such a component, or nothing."""
    return next((distribution for distribution, kinds in COMPONENTS.items() if name in kinds.get(kind, ())), "")
