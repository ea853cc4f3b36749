"""Kind + name -> class. mmengine's Registry, holding lazy entries: listing components imports none of them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mmengine.registry import Registry

from vsslfw.errors import Problem, UserError, did_you_mean

KINDS = ("dataset", "detector", "backbone", "corruption", "encoder", "head", "validation", "executor")
"""What can be swapped by name, in the order in which a run meets it."""


@dataclass(frozen=True)
class Component:
    """One registered component: where its class is, and who contributed it."""

    kind: str
    name: str
    target: str
    """``package.module:Class``, imported on first use."""
    summary: str
    plugin: str
    distribution: str
    version: str

    def load(self) -> type:
        """Import and return the class. Raises UserError, naming the plugin, if it cannot be imported."""
        module, _, attribute = self.target.partition(":")
        try:
            found = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            what = f'{self.kind} "{self.name}" of plugin {self.plugin} cannot be imported ({self.target}): {error}'
            raise UserError(Problem(what, hint=f"Is everything that {self.distribution} {self.version} needs installed?")) from error
        if not isinstance(found, type):
            raise UserError(f'{self.kind} "{self.name}" of plugin {self.plugin}: {self.target} is not a class')
        return found

    def provenance(self) -> dict[str, str]:
        """What checkpoints, feature files and runs record of it."""
        return {"kind": self.kind, "name": self.name, "distribution": self.distribution, "version": self.version}


class _KindRegistry(Registry):
    """A Registry whose entries are `Component`s, imported when they are first asked for."""

    def add(self, component: Component) -> None:
        existing = self._module_dict.get(component.name)
        if existing is not None:
            raise ValueError(f'{component.kind} "{component.name}" is already registered by plugin {existing.plugin}')
        self._module_dict[component.name] = component  # type: ignore[assignment]

    def component(self, name: str) -> Component | None:
        return self._module_dict.get(name)  # type: ignore[return-value,no-any-return]

    def components(self) -> Iterator[Component]:
        yield from self._module_dict.values()  # type: ignore[misc]

    def get(self, key: str) -> type | None:
        component = self.component(key)
        return component.load() if component else None


class Registries:
    """All kinds. One instance holds what the plugins of this process contributed (`vsslfw.plugins.registries`)."""

    def __init__(self) -> None:
        self._kinds = {kind: _KindRegistry(kind) for kind in KINDS}

    def add(self, component: Component) -> None:
        """Register; ValueError on an unknown kind or a name that is taken."""
        if component.kind not in self._kinds:
            raise ValueError(f'unknown kind "{component.kind}"; {did_you_mean(component.kind, KINDS)}')
        self._kinds[component.kind].add(component)

    def components(self, kind: str | None = None) -> list[Component]:
        """Every component, or those of a kind, in order of registration."""
        kinds = [kind] if kind else KINDS
        return [component for k in kinds for component in self._kinds[k].components()]

    def find(self, kind: str, name: str) -> Component:
        """The component, or UserError with the nearest name (or the kind that does have this name)."""
        component = self._kinds[kind].component(name)
        if component is not None:
            return component
        raise UserError(Problem(self.missing(kind, name)))

    def missing(self, kind: str, name: str) -> str:
        """Why there is no such component, and what there is instead."""
        elsewhere = [k for k in KINDS if self._kinds[k].component(name) is not None]
        if elsewhere:
            other = f'"{name}" is a component of kind {elsewhere[0]}; one of kind {kind} is expected here.'
            return f"{other} {did_you_mean(name, self.names(kind))}".rstrip()
        return f'there is no {kind} "{name}"; {did_you_mean(name, self.names(kind))}'.rstrip("; ")

    def names(self, kind: str) -> list[str]:
        """The names of a kind."""
        return [component.name for component in self._kinds[kind].components()]

    def build(self, kind: str, config: dict[str, Any], *args: Any) -> Any:
        """Build from ``dict(type=NAME, **parameters)``; ``args`` are what the framework passes by position."""
        parameters = {key: value for key, value in config.items() if key != "type"}
        return self.find(kind, config["type"]).load()(*args, **parameters)
