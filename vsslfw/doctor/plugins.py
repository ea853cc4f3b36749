"""The plugins and their state."""

from __future__ import annotations

from collections.abc import Iterator

from vsslfw.doctor.findings import Finding

GROUP = "plugins"


def states() -> Iterator[Finding]:
    """Each plugin: ok, left out, or broken with file and line; and what its author should know."""
    from vsslfw.plugins import Plugins, selection

    for plugin in Plugins(selection()).found:
        name = f"{plugin.name} {plugin.version}".rstrip()
        if plugin.disabled:
            yield Finding(GROUP, f"{name} is left out by {plugin.disabled}", "note", "Nothing, if this is meant")
        elif plugin.error:
            yield Finding(GROUP, f"{name} is broken: {plugin.trouble}", "problem", f"Mend it, or leave it out: -p no:{plugin.name}")
        else:
            yield Finding(GROUP, name)
        for warning in plugin.warnings:
            yield Finding(GROUP, f"{name}: {warning}", "note", "Nothing yet; tell its author")
