"""The demo, so small that a whole run takes seconds: `vsslfw.testing.tiny`, under the name that these tests use."""

from __future__ import annotations

from vsslfw.testing.tiny import TINY, tiny_overrides

__all__ = ["TINY", "tiny_overrides"]
