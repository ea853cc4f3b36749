"""A vsslfw plugin: a sequence encoder that sees how a video repeats itself, and nothing of what it looks like."""

from __future__ import annotations

from vsslfw.hookspecs import Register, hookimpl

VSSLFW_API = 1


@hookimpl
def vsslfw_register(register: Register) -> None:
    """One encoder; its class is imported when a recipe first asks for it."""
    register(
        "encoder",
        "self_similarity",
        "vsslfw_self_similarity.encoder:SelfSimilarity",
        summary="how far each frame is from those around it, by lag; then dilated convolutions",
    )
