"""The plugins of a selection: their components, their hooks, and which of them are broken."""

from __future__ import annotations

import functools
import logging
import multiprocessing
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pluggy

from vsslfw import hookspecs
from vsslfw.culprit import code_of, in_words, place_of
from vsslfw.errors import Problem, UserError
from vsslfw.plugins.discovery import discover
from vsslfw.plugins.loading import load
from vsslfw.plugins.record import Plugin
from vsslfw.plugins.selection import STRICT, Selection, from_environment, with_options
from vsslfw.registry import Registries
from vsslfw.sections import Section

log = logging.getLogger(__name__)


class Plugins:
    """The plugin manager (pluggy), the registries that the plugins filled, and what became of each plugin."""

    def __init__(self, selection: Selection = Selection()) -> None:  # noqa: B008  (it is frozen)
        self.selection = selection
        self.manager = pluggy.PluginManager(hookspecs.PROJECT)
        self.manager.add_hookspecs(hookspecs)
        self.registries = Registries()
        self.found: list[Plugin] = []
        for found in discover(selection):
            plugin = load(found, self.manager, self.registries)
            if plugin.origin == "built-in" and plugin.error:
                raise RuntimeError(f"the built-in components are broken: {plugin.trouble}")
            self.found.append(plugin)
            if plugin.state != "ok":
                self.registries.absent.append(plugin.absent())

    def broken(self) -> list[Plugin]:
        """The plugins that could not be loaded."""
        return [plugin for plugin in self.found if plugin.state == "broken"]

    def named(self, name: str) -> Plugin | None:
        """The plugin of that name, distribution or file."""
        return next((plugin for plugin in self.found if plugin.answers_to(name) or plugin.path == name), None)

    def lifecycle(self, hook: str, **arguments: Any) -> list[Any]:
        """Call a lifecycle hook on every plugin; one that raises is reported, and the run goes on. What the others returned, in order."""
        returned = []
        for implementation in reversed(getattr(self.manager.hook, hook).get_hookimpls()):
            accepted = {name: arguments[name] for name in implementation.argnames}
            try:
                returned.append(implementation.function(**accepted))
            except (Exception, SystemExit) as error:
                place = place_of(error, code_of(implementation.plugin))
                what = f"plugin {implementation.plugin_name} failed in {hook}, the run goes on"
                recorded = f"{what}: {type(error).__name__} ({Path(place).name})"
                log.warning("%s: %s (%s)", what, in_words(error), place, extra={"recorded": recorded})
                log.debug("the traceback of that failure", exc_info=error)
        return returned

    def sections(self, **arguments: Any) -> list[Section]:
        """The report sections of every plugin; what is none is reported, and left out."""
        found = []
        for returned in self.lifecycle("vsslfw_report_sections", **arguments):
            for section in returned or ():
                if isinstance(section, Section):
                    found.append(section)
                else:
                    log.warning("a plugin added a %s to the report; a vsslfw.sections.Section is expected", type(section).__name__)
        return found

    def culprit(self, error: BaseException) -> tuple[Plugin, str] | None:
        """The plugin in whose code an exception was raised, and the place; none if it was raised in nobody's."""
        for plugin in self.found:
            folders = code_of(self.manager.get_plugin(plugin.name))
            place = place_of(error, folders) if plugin.origin != "built-in" and folders else ""
            if place and any(Path(place.rpartition(":")[0]).is_relative_to(folder) for folder in folders):
                return plugin, place
        return None


_options: tuple[str, ...] = ()


@contextmanager
def choosing(options: Iterable[str]) -> Iterator[None]:
    """What the command line says of plugins (``-p``), for a while."""
    global _options
    before, _options = _options, (*_options, *options)
    try:
        yield
    finally:
        _options = before


def selection() -> Selection:
    """The selection of this process: its environment's, and the command line's."""
    return with_options(from_environment(), _options)


@functools.cache
def load_plugins(selection: Selection) -> Plugins:
    """The plugins of a selection, loaded once. UserError if one is broken and the selection is strict."""
    plugins = Plugins(selection)
    if selection.strict and plugins.broken():
        problems = (Problem(plugin.error, f"plugin {plugin.name}, {plugin.place}") for plugin in plugins.broken())
        raise UserError(*problems, title=f"{STRICT} is set, and plugins are broken:")
    if multiprocessing.parent_process() is None:  # workers load them again; once is enough to say it
        for plugin in plugins.broken():
            log.warning("plugin %s is broken and left out: %s", plugin.name, plugin.trouble)
        for plugin in plugins.found:
            for warning in plugin.warnings:
                log.warning("plugin %s: %s", plugin.name, warning)
    return plugins


def plugins(chosen: Selection | None = None) -> Plugins:
    """The plugins of a selection; of this process, if none is given."""
    return load_plugins(selection() if chosen is None else chosen)


def registries(chosen: Selection | None = None) -> Registries:
    """What these plugins contributed."""
    return plugins(chosen).registries
