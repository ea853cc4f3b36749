"""The plugins that a recipe needs: those that it names, and those whose components it uses."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vsslfw.errors import Problem, UserError
from vsslfw.plugins import Extra, Plugins, Selection, load_plugins, named
from vsslfw.plugins.discovery import installed_names, is_module
from vsslfw.plugins.selection import ONLY, OPTION, looks_like_a_file, normal
from vsslfw.recipe.components import at, slots
from vsslfw.recipe.tree import UNREADABLE, Node
from vsslfw.registry import BUILTIN_PLUGIN, Registries

KEY = "plugins"


def load_needed(tree: Node, selection: Selection) -> tuple[Plugins, list[Problem]]:
    """The plugins of a selection and of the recipe's ``plugins``, loaded; and each that the recipe names and cannot have."""
    extra: list[Extra] = []
    problems: list[Problem] = []
    wanted: list[tuple[str, str]] = []
    for where, entry in _entries(tree):
        try:
            found = _resolve(entry, selection)
        except UserError as error:
            problems += [Problem(problem.what, where, problem.hint) for problem in error.problems]
            continue
        if found is not None:
            extra.append(found)
        wanted.append((where, found.name if found else entry.value))
    plugins = load_plugins(selection.adding(extra))
    for given in selection.extra:
        plugin = plugins.named(given.name)
        if plugin is not None and plugin.state == "broken":
            problems.append(Problem(f"plugin {plugin.name} {plugin.absent().why}", f"{OPTION} {given.name}"))
    return plugins, problems + [problem for where, name in wanted if (problem := _trouble(plugins, name, where))]


def _entries(tree: Node) -> Iterator[tuple[str, Node]]:
    """Each name in ``plugins`` with its place; what is no text is the schema's business."""
    node = tree.value.get(KEY) if isinstance(tree.value, dict) else None
    if node is None or node.value is UNREADABLE or not isinstance(node.value, list | tuple):
        return
    for index, entry in enumerate(node.value):
        if isinstance(entry.value, str) and entry.value:
            yield f"{entry.place}  {KEY}.{index}", entry


def _resolve(entry: Node, selection: Selection) -> Extra | None:
    """What must be loaded besides the selection; none if the name is that of an installed plugin."""
    name: str = entry.value
    let_in = {normal(known) for known in (*(selection.only or ()), *(Path(extra.name).name for extra in selection.extra))}
    if selection.only is not None and normal(Path(name).name) not in let_in:
        raise UserError(Problem(f'the recipe names plugin "{name}", which {ONLY} leaves out', hint=f"add it to {ONLY} if you trust it"))
    if looks_like_a_file(name):
        try:
            return named(name, where="", folder=Path(entry.place.source).parent if entry.place.line else None)
        except UserError:
            given = [extra for extra in selection.extra if extra.is_file and Path(extra.name).name == Path(name).name]
            if not given:
                raise
            return given[0]
    if normal(name) in map(normal, installed_names()):
        return None
    if is_module(name):
        return Extra(name)
    near = difflib.get_close_matches(name, installed_names(), n=1, cutoff=0.85)  # most of these names begin alike
    hint = f'did you mean "{near[0]}"?' if near else f"pip install {name}"  # never both: a misspelt name may be anybody's package
    raise UserError(Problem(f'the recipe needs plugin "{name}", which is not installed', hint=hint))


def _trouble(plugins: Plugins, name: str, where: str) -> Problem | None:
    plugin = plugins.named(name)
    if plugin is None or plugin.state == "ok":
        return None
    return Problem(f'the recipe needs plugin "{plugin.name}", which {plugin.absent().why}', where)


def plugins_used(values: dict[str, Any], declared: Sequence[str], plugins: Plugins) -> list[str]:
    """What a resolved recipe records under ``plugins``: distributions and files, of those it names and of those it uses."""
    found = []
    for name in declared:
        extra = next((extra for extra in plugins.selection.extra if extra.is_file and Path(extra.name).name == Path(name).name), None)
        plugin = plugins.named(extra.name if extra else name)
        found.append(_entry_of(plugin.name, plugins) if plugin else name)
    for path, slot, several in slots():
        value = at(values, path)
        for config in value if several and isinstance(value, list | tuple) else [value]:
            if (owner := _owner(plugins.registries, slot.kind, config)) and owner != BUILTIN_PLUGIN:
                found.append(_entry_of(owner, plugins))
    return list(dict.fromkeys(found))


def _owner(registries: Registries, kind: str, config: Any) -> str:
    name = config.get("type") if isinstance(config, dict) else None
    return registries.find(kind, name).plugin if isinstance(name, str) and registries.has(kind, name) else ""


def _entry_of(name: str, plugins: Plugins) -> str:
    plugin = plugins.named(name)
    assert plugin is not None
    if plugin.origin == "file":
        return plugin.path
    return plugin.distribution if plugin.origin == "installed" else plugin.name
