"""Who contributes: discovery, selection, and quarantine for plugins that are broken (docs/plugins.md)."""

from __future__ import annotations

from vsslfw.plugins.manager import Plugins, choosing, load_plugins, plugins, registries, selection
from vsslfw.plugins.record import Plugin
from vsslfw.plugins.selection import Extra, Selection, named

__all__ = ["Extra", "Plugin", "Plugins", "Selection", "choosing", "load_plugins", "named", "plugins", "registries", "selection"]
