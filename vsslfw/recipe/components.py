"""Is every component there, of the right kind, with parameters that its signature knows? All findings at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import ValidationError

from vsslfw.errors import UserError, did_you_mean
from vsslfw.recipe.describe import describe, found, mismatch
from vsslfw.recipe.schema import Section, Settings, Slot
from vsslfw.recipe.signature import REQUIRED, Parameter, is_plain, locations_in, parameters
from vsslfw.recipe.tree import Finding, KeyPath
from vsslfw.registry import Registries


@dataclass(frozen=True)
class Used:
    """A component that the recipe uses: where, its class, and its parameters with the defaults filled in."""

    path: KeyPath
    kind: str
    config: dict[str, Any]
    cls: type

    @property
    def name(self) -> str:
        """The name it is registered by."""
        return str(self.config["type"])

    @property
    def parameters(self) -> dict[str, Any]:
        """What its ``__init__`` is given by keyword."""
        return {key: value for key, value in self.config.items() if key != "type"}

    @property
    def locations(self) -> list[KeyPath]:
        """The key paths, in the recipe, of its parameters that are paths."""
        return [(*self.path, *path) for path in locations_in(self.cls, self.kind, self.config)]


def slots(section: type[Section] = Settings, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Slot, bool]]:
    """Each key that holds a component, or (True) a list of them."""
    for name, hint in get_type_hints(section, include_extras=True).items():
        if isinstance(hint, type) and issubclass(hint, Section):
            yield from slots(hint, (*path, name))
        several = get_origin(hint) is list
        for mark in getattr(get_args(hint)[0] if several else hint, "__metadata__", ()):
            if isinstance(mark, Slot):
                yield (*path, name), mark, several


class ComponentCheck:
    """Checks the components of ``values`` (the merged settings): ``findings``, and ``used`` for those that are right."""

    def __init__(self, values: dict[str, Any], registries: Registries) -> None:
        self.findings: list[Finding] = []
        self.used: dict[KeyPath, Used] = {}
        self._registries = registries
        for path, slot, several in slots():
            value = at(values, path)
            entries = enumerate(value) if several and isinstance(value, list | tuple) else []
            for place, entry in [((*path, index), item) for index, item in entries] if several else [(path, value)]:
                if isinstance(entry, dict):
                    self._check(place, slot, entry)

    def _check(self, path: KeyPath, slot: Slot, config: dict[str, Any]) -> None:
        name = config.get("type")
        if not isinstance(name, str):
            what = f"expected the name of a {slot.kind}" + (f", found {found(name)}" if "type" in config else "")
            known = self._registries.names(slot.kind)
            self._find((*path, "type"), what, f'write dict(type="NAME", ...); known: {", ".join(known)}')
            return
        if not self._registries.has(slot.kind, name):
            what, _, hint = self._registries.missing(slot.kind, name)
            self._find((*path, "type"), what, hint)
            return
        try:
            cls = self._registries.find(slot.kind, name).load()
        except UserError as error:
            self._find((*path, "type"), error.problems[0].what, error.problems[0].hint)
            return
        task = getattr(cls, "task", None)
        if slot.task and task != slot.task:
            fitting = did_you_mean(name, self._heads(slot.task))
            self._find((*path, "type"), f'head "{name}" is for the {task} task; a head for the {slot.task} task is expected here', fitting)
            return
        filled = self._fill(path, slot, cls, config)
        if filled is not None:
            self.used[path] = Used(path, slot.kind, {"type": name, **filled}, cls)

    def _fill(self, path: KeyPath, slot: Slot, cls: type, config: dict[str, Any]) -> dict[str, Any] | None:
        """All parameters, the defaults filled in; none if something is wrong with them."""
        given = {key: value for key, value in config.items() if key != "type"}
        known = parameters(cls, slot.kind)
        if known is None:
            return given
        before = len(self.findings)
        label = f'{slot.kind} "{config["type"]}"'
        for key in given:
            if key not in known:
                hint = did_you_mean(key, known) if known else "it has no parameters"
                self._find((*path, key), f'{label} has no parameter "{key}"', hint)
        filled: dict[str, Any] = {}
        for key, parameter in known.items():
            if key in given:
                filled[key] = self._value((*path, key), parameter, given[key])
            elif parameter.default is REQUIRED:
                self._find((*path, key), f"{label} needs this parameter; expected {describe(parameter.annotation)}")
            elif is_plain(parameter.default):  # a default that no recipe can hold is covered by the component's cache_version
                filled[key] = parameter.default
        return filled if len(self.findings) == before else None

    def _value(self, path: KeyPath, parameter: Parameter, value: Any) -> Any:
        try:
            return parameter.check(value)
        except ValidationError:
            self._find(path, *mismatch(parameter.annotation, value))
            return None

    def _heads(self, task: str) -> list[str]:
        names = []
        for component in self._registries.components("head"):
            try:
                names += [component.name] if getattr(component.load(), "task", None) == task else []
            except UserError:
                continue  # not the one asked for: its own fault is told when somebody uses it
        return names

    def _find(self, path: KeyPath, what: str, hint: str = "") -> None:
        self.findings.append(Finding(path, what, hint))


def at(values: Any, path: KeyPath) -> Any:
    """What stands at a key path; none if nothing does."""
    for key in path:
        values = values.get(key) if isinstance(values, dict) else None
    return values
