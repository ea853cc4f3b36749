"""One plugin is loaded whole or not at all: what it is asked, and how each refusal is told."""

from __future__ import annotations

import inspect
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pluggy

from vsslfw import hookspecs
from vsslfw.compat import VsslfwDeprecationWarning, api_problem, api_warning
from vsslfw.culprit import calling_place, code_of, in_words, place_of, place_of_code, place_of_line
from vsslfw.errors import did_you_mean
from vsslfw.plugins.discovery import Found
from vsslfw.plugins.record import Plugin
from vsslfw.registry import KINDS, Component, Registries

_MARK = f"{hookspecs.PROJECT}_impl"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TARGET = re.compile(r"[\w.]+:\w+")


class RefusedError(Exception):
    """A plugin that cannot be used, in words, and where (file:line)."""

    def __init__(self, what: str, place: str = "") -> None:
        super().__init__(what)
        self.place = place


def load(found: Found, manager: pluggy.PluginManager, registries: Registries) -> Plugin:
    """Import, check and register; a plugin that fails leaves nothing behind in ``manager`` and ``registries``."""
    plugin = found.plugin
    if plugin.disabled:
        return plugin
    module: Any = None
    staged: list[Component] = []
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", VsslfwDeprecationWarning)
        try:
            if manager.has_plugin(plugin.name):
                raise RefusedError(f'another plugin is called "{plugin.name}", and names must differ')
            module = found.load()
            if other := manager.get_name(module):
                raise RefusedError(f'it is loaded already, as plugin "{other}": name that one')
            plugin = replace(plugin, api=_api(plugin, module))
            _register_hooks(manager, module, plugin.name)
            _collect(manager, module, plugin, registries, staged)
        except (Exception, SystemExit) as error:  # a plugin is a stranger's code: whatever it does, the program goes on
            if module is not None and manager.get_plugin(plugin.name) is module:
                manager.unregister(module)
            if plugin.origin == "file":
                sys.modules.pop(getattr(module, "__name__", ""), None)
            place = getattr(error, "place", "") or place_of(error, code_of(module)) or found.fallback_place or _file(module)
            what = str(error) if isinstance(error, RefusedError) else in_words(error)
            return replace(plugin, error=what, place=place, components=tuple(staged))
    for warning in heard:
        if not issubclass(warning.category, VsslfwDeprecationWarning):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    told = [str(warning.message) for warning in heard if issubclass(warning.category, VsslfwDeprecationWarning)]
    if plugin.api is not None and (old := api_warning(plugin.api)):
        told.insert(0, old)
    hooks = tuple(name for name in _marked(module) if name != "vsslfw_register")
    return replace(plugin, components=tuple(staged), hooks=hooks, warnings=tuple(told))


def _api(plugin: Plugin, module: Any) -> int | None:
    """The API that a module says it was written for; the built-in components move with it."""
    if plugin.origin == "built-in":
        return None
    declared = getattr(module, "VSSLFW_API", None)
    if problem := api_problem(declared):
        raise RefusedError(problem, place_of_line(getattr(module, "__file__", None), "VSSLFW_API"))
    return int(declared)  # type: ignore[arg-type]  # api_problem has looked


def _register_hooks(manager: pluggy.PluginManager, module: Any, name: str) -> None:
    """pluggy decides whether the hooks are right; what is said of them is ours."""
    for function, hook in _unmarked(module):
        raise RefusedError(f'the hook "{hook}" is not marked, so nobody would call it: write @hookimpl above it', place_of_code(function))
    for hook, function in _marked(module).items():
        if getattr(function, _MARK).get("wrapper") or getattr(function, _MARK).get("hookwrapper"):
            raise RefusedError(
                f'the hook "{hook}" is marked as a wrapper; vsslfw calls no wrappers: write @hookimpl alone', place_of_code(function)
            )
    try:
        manager.register(module, name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise _explained(module, error) from error


def _explained(module: Any, error: Exception) -> RefusedError:
    known = dict(inspect.getmembers(hookspecs, inspect.isfunction))
    for hook, function in _marked(module).items():
        if hook not in known:
            return RefusedError(f'there is no hook "{hook}"; {did_you_mean(hook, known)}'.rstrip("; "), place_of_code(function))
        arguments = list(inspect.signature(known[hook]).parameters)
        strangers = [name for name in inspect.signature(function).parameters if name not in arguments]
        if strangers:
            what = f'the hook "{hook}" has no argument "{strangers[0]}"; it takes any of: {", ".join(arguments)}'
            return RefusedError(what, place_of_code(function))
    return RefusedError(in_words(error))


def _collect(manager: pluggy.PluginManager, module: Any, plugin: Plugin, registries: Registries, staged: list[Component]) -> None:
    """Let the plugin register its components: into ``staged``, and into ``registries`` once all of them are right."""
    trial = Registries()
    for component in registries.components():
        trial.add(component)

    def register(kind: str, name: str, target: str | type, summary: str = "") -> None:
        try:
            component = _component(plugin, kind, name, target, summary)
            trial.add(component)
        except ValueError as error:
            raise RefusedError(str(error), calling_place()) from error
        staged.append(component)

    others = [other for other in manager.get_plugins() if other is not module]
    manager.subset_hook_caller("vsslfw_register", others)(register=register)
    for component in staged:
        registries.add(component)


def _component(plugin: Plugin, kind: str, name: str, target: str | type, summary: str) -> Component:
    """ValueError if something is not of its form."""
    if kind not in KINDS:
        raise ValueError(f'unknown kind "{kind}"; {did_you_mean(kind, KINDS)}')
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot be the name of a {kind}; expected lower-case letters, digits and underscores")
    if isinstance(target, type):
        if "<locals>" in target.__qualname__:
            raise ValueError(f'{kind} "{name}": {target.__name__} must stand at the top of its module, not inside a function')
        target = f"{target.__module__}:{target.__qualname__}"
    if not isinstance(target, str) or not _TARGET.fullmatch(target):
        raise ValueError(f'{kind} "{name}": {target!r} names no class; expected "package.module:Class"')
    if not isinstance(summary, str) or "\n" in summary:
        raise ValueError(f'{kind} "{name}": the summary must be one line of text')
    return Component(kind, name, target, summary, plugin.name, plugin.distribution, plugin.version, plugin.digest)


def _marked(module: Any) -> dict[str, Any]:
    """Hook name -> the functions of a module that are marked as hooks."""
    found = {}
    for name in dir(module):
        function = getattr(module, name, None)
        mark = getattr(function, _MARK, None)
        if isinstance(mark, dict):
            found[mark.get("specname") or name] = function
    return found


def _unmarked(module: Any) -> Iterator[tuple[Any, str]]:
    """Functions that bear a hook's name, stand in this module and are not marked."""
    for name in dir(module):
        function = getattr(module, name, None)
        own = inspect.isroutine(function) and getattr(function, "__module__", None) == getattr(module, "__name__", "")
        if name.startswith("vsslfw_") and own and not hasattr(function, _MARK):
            yield function, name


def _file(module: Any) -> str:
    file = getattr(module, "__file__", None)
    return f"{file}:1" if file else ""
