"""``vsslfw plugins``: which plugins there are, what they contribute, and what is wrong with those that do not work."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from vsslfw.cli.options import plugin_option

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vsslfw.plugins import Plugin

STYLES = {"ok": "green", "broken": "bold red", "disabled": "dim"}


@click.command("plugins")
@click.option("--check", is_flag=True, help="Import every component, heavy libraries too, and say which cannot be imported.")
@plugin_option
def command(check: bool) -> int:
    """List the plugins: name, distribution, version, API, what each contributes, and its state.

    Without --check no component is imported: a plugin is ok if its components could be registered. The exit code is 1 if
    --check finds a fault, or if a plugin is broken and VSSLFW_STRICT_PLUGINS=1 is set.
    """
    from vsslfw.cli.console import table_console
    from vsslfw.plugins import Plugins, selection

    console = table_console()
    plugins = Plugins(selection())  # not `plugins()`, which tells of the broken ones in lines of their own
    console.print(_table(plugins.found))
    for plugin in plugins.found:
        for line in _notes(plugin):
            console.print(line, markup=False, soft_wrap=True)
    faults = _faults(plugins.found) if check else []
    for fault in faults:
        console.print(fault, markup=False, soft_wrap=True)
    if check and not faults:
        console.print(f"every component of {sum(plugin.state == 'ok' for plugin in plugins.found)} plugins can be imported")
    return 1 if faults or (plugins.selection.strict and plugins.broken()) else 0


def _table(plugins: Iterable[Plugin]) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from vsslfw.compat import API

    table = Table("name", "distribution", "version", "API", "contributes", "state", box=box.SIMPLE_HEAD)
    for plugin in plugins:
        api = API if plugin.origin == "built-in" else plugin.api
        state = Text(plugin.state, style=STYLES[plugin.state])
        cells = (plugin.name, plugin.distribution, plugin.version or "-", "-" if api is None else str(api), _contributes(plugin))
        table.add_row(*map(Text, cells), state)
    return table


def _contributes(plugin: Plugin) -> str:
    """``corruption: reverse; backbone: a, b; 2 hooks``, or nothing where it is not loaded."""
    if plugin.state != "ok":
        return "-"
    if plugin.origin == "built-in":
        return f"{len(plugin.components)} components: vsslfw components"
    kinds: dict[str, list[str]] = {}
    for component in plugin.components:
        kinds.setdefault(component.kind, []).append(component.name)
    parts = [f"{kind}: {', '.join(names)}" for kind, names in kinds.items()]
    if plugin.hooks:
        parts.append(f"hooks: {', '.join(plugin.hooks)}")
    return "; ".join(parts) or "nothing"


def _notes(plugin: Plugin) -> list[str]:
    if plugin.disabled:
        return [f"{plugin.name} is left out by {plugin.disabled}"]
    if plugin.error:
        return [f"{plugin.name} is broken: {plugin.error}", *([f"    {plugin.place}"] if plugin.place else [])]
    notes = [f"{plugin.name}: {warning}" for warning in plugin.warnings]
    if plugin.origin == "file":
        notes.append(f"{plugin.name} is the file {plugin.path}, SHA-256 {plugin.digest[:12]}")
    return notes


def _faults(plugins: Iterable[Plugin]) -> list[str]:
    """What goes wrong when every component is imported."""
    from vsslfw.errors import UserError

    faults = []
    for plugin in plugins:
        for component in plugin.components if plugin.state == "ok" else ():
            try:
                component.load()
            except UserError as error:
                faults.append(f"{plugin.name}: {error}")
        if plugin.state == "broken":
            faults.append(f"{plugin.name} is broken, so its components were not looked at")
    return faults
