"""Who contributes: the plugin manager, discovery by entry point, and quarantine for plugins that are broken."""

from __future__ import annotations

import functools
import importlib
import logging
import traceback
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import pluggy

from vsslfw import hookspecs
from vsslfw.registry import Component, Registries

log = logging.getLogger(__name__)

BUILTIN = "vsslfw.builtin"


@dataclass(frozen=True)
class Plugin:
    """A plugin that was found: ``error`` is empty if it works, else what is wrong with it and where."""

    name: str
    distribution: str
    version: str
    error: str = ""


class Plugins:
    """The plugin manager (pluggy), the registries that the plugins filled, and the plugins that are broken."""

    def __init__(self) -> None:
        self.manager = pluggy.PluginManager(hookspecs.PROJECT)
        self.manager.add_hookspecs(hookspecs)
        self.registries = Registries()
        self.found: list[Plugin] = []
        self._load(Plugin("vsslfw", "vsslfw", _version("vsslfw")), lambda: importlib.import_module(BUILTIN))
        if self.found[0].error:
            raise RuntimeError(f"the built-in components are broken: {self.found[0].error}")
        for point in sorted(metadata.entry_points(group=hookspecs.PROJECT), key=lambda point: point.name):
            distribution = point.dist.name if point.dist else point.value
            self._load(Plugin(point.name, distribution, point.dist.version if point.dist else ""), point.load)

    def broken(self) -> list[Plugin]:
        """The plugins that could not be loaded."""
        return [plugin for plugin in self.found if plugin.error]

    def lifecycle(self, hook: str, **arguments: Any) -> None:
        """Call a lifecycle hook on every plugin; one that raises is reported, and the run goes on."""
        for implementation in reversed(getattr(self.manager.hook, hook).get_hookimpls()):
            accepted = {name: arguments[name] for name in implementation.argnames}
            try:
                implementation.function(**accepted)
            except Exception as error:
                log.warning(
                    "plugin %s failed in %s, the run goes on: %s: %s", implementation.plugin_name, hook, type(error).__name__, error
                )

    def _load(self, plugin: Plugin, load: Any) -> None:
        """All or nothing: a plugin that fails half-way leaves no component behind, and never stops the program."""
        components: list[Component] = []

        def register(kind: str, name: str, target: str, summary: str = "") -> None:
            components.append(Component(kind, name, target, summary, plugin.name, plugin.distribution, plugin.version))

        staged = Registries()
        for component in self.registries.components():
            staged.add(component)
        module = None
        try:
            module = load()
            self.manager.register(module, plugin.name)
            self.manager.check_pending()
            caller = self.manager.subset_hook_caller("vsslfw_register", [p for p in self.manager.get_plugins() if p is not module])
            caller(register=register)
            for component in components:
                staged.add(component)
        except Exception as error:
            if module is not None and self.manager.is_registered(module):
                self.manager.unregister(module)
            frame = traceback.extract_tb(error.__traceback__)[-1]
            message = f"{type(error).__name__}: {error} ({frame.filename}:{frame.lineno})"
            self.found.append(Plugin(plugin.name, plugin.distribution, plugin.version, message))
            log.warning("plugin %s is broken and left out: %s", plugin.name, message)
        else:
            self.registries = staged
            self.found.append(plugin)


@functools.cache
def plugins() -> Plugins:
    """The plugins of this process, found once."""
    return Plugins()


def registries() -> Registries:
    """What the plugins of this process contributed."""
    return plugins().registries


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "0+unknown"
