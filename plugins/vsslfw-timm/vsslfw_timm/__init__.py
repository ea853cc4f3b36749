"""A vsslfw plugin: any timm model as a frozen per-frame backbone."""

from __future__ import annotations

from vsslfw.hookspecs import Register, hookimpl

VSSLFW_API = 1


@hookimpl
def vsslfw_register(register: Register) -> None:
    """One backbone; timm is imported when a recipe first asks for it."""
    summary = "any timm model as frame features, weights from a local file or cache"
    register("backbone", "timm", "vsslfw_timm.backbone:Timm", summary=summary)
