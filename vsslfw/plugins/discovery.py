"""Where plugins come from: built in, installed with an entry point, a file, or a module by its name."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from vsslfw.errors import Problem, UserError, did_you_mean
from vsslfw.hookspecs import PROJECT
from vsslfw.plugins.record import Plugin
from vsslfw.plugins.selection import ONLY, OPTION, Extra, Selection, normal
from vsslfw.registry import BUILTIN_PLUGIN

BUILTIN = "vsslfw.builtin"


@dataclass(frozen=True)
class Found:
    """A plugin before it is loaded; ``load`` imports it, and ``fallback_place`` is where to look if its import says nothing."""

    plugin: Plugin
    load: Callable[[], Any]
    fallback_place: str = ""


def discover(selection: Selection) -> Iterator[Found]:
    """Every plugin of a selection, those that are left out too, the built-in one first.

    UserError for a name that nothing answers to: whoever leaves a plugin out must not have it run because of a slip.
    """
    builtin = Plugin(BUILTIN_PLUGIN, "vsslfw", version_of("vsslfw"), origin="built-in")
    yield Found(builtin, lambda: importlib.import_module(BUILTIN))
    known: list[str] = []
    for point in sorted(metadata.entry_points(group=PROJECT), key=lambda point: point.name):
        distribution = point.dist.name if point.dist else point.value
        known += [point.name, distribution]
        plugin = Plugin(
            point.name,
            distribution,
            point.dist.version if point.dist else "",
            disabled=selection.why_not(point.name, distribution),
        )
        yield Found(plugin, point.load, _entry_points_file(point))
    extras = [*(Extra(name) for name in selection.only or ()), *selection.extra]
    installed = {normal(name) for name in known}
    for extra in extras:
        if extra.is_file:
            path = Path(extra.name)
            known += [path.stem, path.name]
            left_out = selection.left_out(path.stem, path.name)
            plugin = Plugin(path.stem, path.name, extra.digest[:12], origin="file", digest=extra.digest, path=extra.name, disabled=left_out)
            yield Found(plugin, lambda extra=extra: _import_file(extra), f"{extra.name}:1")  # type: ignore[misc]
        elif normal(extra.name) not in installed:
            if not is_module(extra.name):
                where = f"{ONLY}={','.join(selection.only or ())}" if extra.name in (selection.only or ()) else f"{OPTION} {extra.name}"
                near = did_you_mean(extra.name, known)
                raise UserError(Problem(f'there is no plugin and no module of the name "{extra.name}"', where, near))
            top = extra.name.partition(".")[0]
            known.append(extra.name)
            plugin = Plugin(extra.name, top, version_of(top, ""), origin="module", disabled=selection.left_out(extra.name, top))
            yield Found(plugin, lambda name=extra.name: importlib.import_module(name))  # type: ignore[misc]

    for name in selection.without:
        if normal(name) not in map(normal, known):
            raise UserError(Problem(f'there is no plugin "{name}" to leave out', f"-p no:{name}", did_you_mean(name, known)))


def _import_file(extra: Extra) -> ModuleType:
    """Run a plugin file as a module of its own, once for each content."""
    path = Path(extra.name)
    name = f"vsslfw_plugin_{path.stem}_{extra.digest[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # its components name their classes by this module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _entry_points_file(point: metadata.EntryPoint) -> str:
    """Where an entry point is written, as the place of an import that finds nothing."""
    for file in (point.dist and point.dist.files) or ():
        if file.name == "entry_points.txt":
            path = Path(str(file.locate()))
            lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
            number = next((n for n, line in enumerate(lines, start=1) if line.partition("=")[0].strip() == point.name), 1)
            return f"{path}:{number}"
    return ""


def installed_names() -> set[str]:
    """The names of the installed plugins, and of their distributions."""
    points = metadata.entry_points(group=PROJECT)
    return {point.name for point in points} | {point.dist.name for point in points if point.dist}


def is_module(name: str) -> bool:
    """True if there is a module of that name."""
    try:
        return all(part.isidentifier() for part in name.split(".")) and importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def version_of(distribution: str, unknown: str = "0+unknown") -> str:
    """The version of an installed distribution."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return unknown
