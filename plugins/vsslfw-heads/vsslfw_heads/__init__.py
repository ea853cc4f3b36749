"""A vsslfw plugin: classification heads that weigh moments, read their order, or let a short one decide."""

from __future__ import annotations

from vsslfw.hookspecs import Register, hookimpl

VSSLFW_API = 1


@hookimpl
def vsslfw_register(register: Register) -> None:
    """Three heads; their classes are imported when a recipe first asks for them."""
    register(
        "head",
        "attention_pooling",
        "vsslfw_heads.attention:AttentionPooling",
        summary="gated attention over time, then one linear layer (Ilse et al. 2018)",
    )
    register("head", "gru", "vsslfw_heads.gru:Gru", summary="a recurrent network over time, then one linear layer")
    register(
        "head",
        "frame_evidence",
        "vsslfw_heads.evidence:FrameEvidence",
        summary="evidence for each class at each frame, of which a short moment can decide (multiple-instance)",
    )
