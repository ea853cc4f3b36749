"""Kind + name -> class. mmengine's Registry, holding lazy entries: listing components imports none of them."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vsslfw._mmengine import Registry
from vsslfw.culprit import in_words, place_of
from vsslfw.digest import digest_of_file
from vsslfw.errors import Problem, UserError, did_you_mean
from vsslfw.known_plugins import who_would_have

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
    code: str = ""
    """Digest of the plugin, if it is a single file: such a plugin has no release that could say what changed."""

    @property
    def qualified(self) -> str:
        """The name that stays unique when two plugins collide, ``distribution/name``."""
        return f"{self.distribution}/{self.name}"

    def load(self) -> type:
        """Import and return the class. UserError, naming the plugin, if it cannot be imported or is not of its kind's contract."""
        module, _, attribute = self.target.partition(":")
        who = f'{self.kind} "{self.name}" of plugin {self.plugin}'
        try:
            found = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            what = f"{who} cannot be imported ({self.target}): {error}"
            raise UserError(Problem(what, hint=f"Is everything that {self.distribution} {self.version} needs installed?")) from error
        except (Exception, SystemExit) as error:  # whatever a stranger's module does when it is imported
            raise UserError(Problem(f"{who} cannot be imported ({self.target}): {in_words(error)}", place_of(error))) from error
        if not isinstance(found, type):
            raise UserError(f"{who}: {self.target} is not a class")
        if missing := _contract_missed(self.kind, found):
            raise UserError(f"{who}: {missing}")
        return found

    def provenance(self) -> dict[str, str]:
        """What checkpoints, feature files and runs record of it; the digest is of the file that holds its class."""
        file = inspect.getsourcefile(self.load())
        return {
            "kind": self.kind,
            "name": self.name,
            "distribution": self.distribution,
            "version": self.version,
            "digest": digest_of_file(Path(file)) if file else "",
        }


def _contract_missed(kind: str, cls: type) -> str:
    from vsslfw.interfaces import CONTRACTS

    contract = CONTRACTS[kind]
    if kind == "validation":  # a protocol: scikit-learn's own splitters keep it and know nothing of us
        return "" if callable(getattr(cls, "split", None)) else f"{cls.__name__} has no method split(X, y, groups)"
    return "" if issubclass(cls, contract) else f"{cls.__name__} is not a subclass of vsslfw.interfaces.{contract.__name__}"


@dataclass(frozen=True)
class Absent:
    """A plugin whose components are not there: who it is, why in words ("is broken: ..."), and what it would have had, if known."""

    plugin: str
    distribution: str
    why: str
    components: tuple[Component, ...] = ()

    def answers_to(self, name: str) -> bool:
        """True for the plugin's name and for its distribution's."""
        return name in (self.plugin, self.distribution)


class _KindRegistry(Registry):
    """A Registry whose entries are `Component`s by qualified name, imported when they are first asked for."""

    def add(self, component: Component) -> None:
        key = f"{component.plugin}/{component.name}"
        owners = {c.plugin for c in self.components() if c.name == component.name}
        if key in self._module_dict:
            raise ValueError(f'{component.kind} "{component.name}" is already registered by plugin {component.plugin}: register it once')
        if BUILTIN_PLUGIN in owners:
            raise ValueError(f'{component.kind} "{component.name}" is already registered by plugin {BUILTIN_PLUGIN}: choose another name')
        self._module_dict[key] = component  # type: ignore[assignment]

    def components(self) -> Iterator[Component]:
        yield from self._module_dict.values()  # type: ignore[misc]

    def named(self, name: str) -> list[Component]:
        owner, slash, bare = name.rpartition("/")
        return [c for c in self.components() if c.name == bare and (not slash or owner in (c.plugin, c.distribution))]

    def get(self, key: str) -> type | None:
        found = self.named(key)
        return found[0].load() if len(found) == 1 else None


BUILTIN_PLUGIN = "vsslfw"
"""The plugin of the built-in components: nobody else can take their names, so that a recipe means the same everywhere."""


class Registries:
    """All kinds. One instance holds what a selection of plugins contributed (`vsslfw.plugins.registries`)."""

    def __init__(self) -> None:
        self._kinds = {kind: _KindRegistry(kind) for kind in KINDS}
        self.absent: list[Absent] = []

    def add(self, component: Component) -> None:
        """Register; ValueError on an unknown kind, a built-in's name, or a name that the same plugin has registered."""
        if component.kind not in self._kinds:
            raise ValueError(f'unknown kind "{component.kind}"; {did_you_mean(component.kind, KINDS)}')
        self._kinds[component.kind].add(component)

    def components(self, kind: str | None = None) -> list[Component]:
        """Every component, or those of a kind, in order of registration."""
        kinds = [kind] if kind else KINDS
        return [component for k in kinds for component in self._kinds[k].components()]

    def find(self, kind: str, name: str) -> Component:
        """The component called ``name`` or ``plugin/name``.

        UserError if there is none, with the nearest name, the kind that has it or the plugin that would have; or if two
        plugins have it.
        """
        found = self._kinds[kind].named(name)
        if len(found) == 1:
            return found[0]
        raise UserError(Problem(*self.missing(kind, name)))

    def missing(self, kind: str, name: str) -> tuple[str, str, str]:
        """Why there is no one such component (what, where = "", hint), and what there is instead."""
        several = self._kinds[kind].named(name)
        if several:
            what = f'{kind} "{name}" is contributed by {len(several)} plugins: {", ".join(c.plugin for c in several)}'
            return what, "", f"write {' or '.join(_quoted(c.qualified) for c in several)}"
        owner, _, bare = name.rpartition("/")
        hints = self._owner_hints(kind, owner, bare)
        near = did_you_mean(name if not owner else bare, self.names(kind))
        elsewhere = [k for k in KINDS if self._kinds[k].named(name)]
        if elsewhere:
            what = f'"{name}" is a component of kind {elsewhere[0]}; one of kind {kind} is expected here. {near}'.rstrip()
        else:
            certain = bool(hints) and not hints[0].startswith("it may")
            what = f'there is no {kind} "{name}"' + (f"; {near}" if near and not certain else "")
        return what, "", "\n    ".join(hints)

    def _owner_hints(self, kind: str, owner: str, name: str) -> list[str]:
        """Which plugin has, or would have had, such a component."""
        known = [absent for absent in self.absent if any((c.kind, c.name) == (kind, name) for c in absent.components)]
        if owner:
            known = [absent for absent in self.absent if absent.answers_to(owner)]
            if not known and not any(owner in (c.plugin, c.distribution) for c in self.components()):
                return [f"plugin {owner} is not installed: pip install {owner}"]
        if known:
            return [f"it belongs to plugin {absent.plugin}, which {absent.why}" for absent in known]
        if distribution := who_would_have(kind, name):
            absent_now = [absent for absent in self.absent if absent.answers_to(distribution)]
            why = absent_now[0].why if absent_now else f"is not installed: pip install {distribution}"
            return [f"it belongs to plugin {distribution}, which {why}"]
        if len(self.absent) > 1:
            names = ", ".join(absent.plugin for absent in self.absent)
            return [f"it may belong to one of the plugins that are broken or left out: {names} (vsslfw plugins says why)"]
        return [f"it may belong to plugin {absent.plugin}, which {absent.why}" for absent in self.absent]

    def has(self, kind: str, name: str) -> bool:
        """True if the name means exactly one component."""
        return len(self._kinds[kind].named(name)) == 1

    def names(self, kind: str) -> list[str]:
        """The names of a kind that mean one component: qualified where two plugins collide."""
        components = self.components(kind)
        bare = [component.name for component in components]
        return [c.name if bare.count(c.name) == 1 else c.qualified for c in components]

    def build(self, kind: str, config: dict[str, Any], *args: Any) -> Any:
        """Build from ``dict(type=NAME, **parameters)``; ``args`` are what the framework passes by position."""
        parameters = {key: value for key, value in config.items() if key != "type"}
        return self.find(kind, config["type"]).load()(*args, **parameters)


def _quoted(name: str) -> str:
    return f'"{name}"'
