"""A plugin to start from: a package, or a single file, with a component that works and keeps its contract."""

from __future__ import annotations

from vsslfw.scaffold.names import Names
from vsslfw.scaffold.variants import VARIANTS, Variant, variant_of
from vsslfw.scaffold.writing import Written, rendered, write_plugin

__all__ = ["VARIANTS", "Names", "Variant", "Written", "rendered", "variant_of", "write_plugin"]
