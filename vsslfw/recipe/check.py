"""All that is wrong with the values of a recipe: keys and types, components, and what does not fit together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import ValidationError

from vsslfw.errors import did_you_mean
from vsslfw.recipe.build import build_parts
from vsslfw.recipe.components import ComponentCheck
from vsslfw.recipe.describe import describe, mismatch
from vsslfw.recipe.rules import Known, NotKnownError, check_rules, notes
from vsslfw.recipe.schema import Section, Settings
from vsslfw.recipe.tree import Finding, KeyPath, related
from vsslfw.registry import Registries


def check(
    values: dict[str, Any], unreadable: Sequence[KeyPath], registries: Registries
) -> tuple[list[Finding], dict[str, Any], list[str], list[KeyPath]]:
    """The findings; the values with every default filled in, those of components too; notes worth knowing; which values are paths.

    unreadable: key paths whose values were refused before; nothing is said about them, or about what hangs on them.
    """
    filled = _overlay(defaults(Settings), values)
    components = ComponentCheck(filled, registries)
    used = {path: component for path, component in components.used.items() if not related(path, unreadable)}
    for path, component in used.items():
        _put(filled, path, component.config)
    findings = check_schema(values) + components.findings
    known = Known(filled, frozenset(finding.path for finding in findings) | frozenset(unreadable), used, {})
    classes = _known_or_none(known, "labels.classes")
    parts, refused = build_parts(used, len(classes or "ab"))
    known.parts.update(parts)
    findings += refused + check_rules(known)
    findings = [finding for finding in findings if not related(finding.path, unreadable)]
    paths = [path for component in used.values() for path in component.locations]
    return findings, filled, [] if findings or unreadable else notes(known), paths


def check_schema(values: dict[str, Any]) -> list[Finding]:
    """Unknown and missing keys, and values of the wrong type, each with the nearest valid name."""
    try:
        # As JSON: strict about types ("10" and True are no integers), and a list may be written for a tuple.
        Settings.model_validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        findings: dict[KeyPath, Finding] = {}
        for detail in error.errors(include_url=False, include_context=False):
            finding = _finding(detail["loc"], values)
            findings.setdefault(finding.path, finding)  # a union reports once for each of its members
        return list(findings.values())
    return []


def _finding(loc: tuple[int | str, ...], values: dict[str, Any]) -> Finding:
    section: Any = Settings
    value: Any = values
    path: KeyPath = ()
    for key in loc:
        hints = get_type_hints(section, include_extras=True)
        path = (*path, key)
        if key not in hints:
            return Finding(path, f'there is no key "{key}"' + (f" in {path[-2]}" if len(path) > 1 else ""), _elsewhere(str(key), hints))
        if key not in value:
            return Finding(path, f"this key is missing; expected {describe(hints[key])}")
        section, value = hints[key], value[key]
        if not (isinstance(section, type) and issubclass(section, Section) and isinstance(value, dict)):
            break
    index = loc[len(path)] if len(loc) > len(path) else None
    if isinstance(index, int) and get_origin(section) is list and isinstance(value, list | tuple):
        return Finding((*path, index), *mismatch(get_args(section)[0], value[index]))  # one component of a list
    return Finding(path, *mismatch(section, value))


def _elsewhere(key: str, hints: dict[str, Any]) -> str:
    """The sections that do have the key, else the nearest key of this section."""
    owners = [
        f'"{name}.{key}"'
        for name, hint in get_type_hints(Settings).items()
        if isinstance(hint, type) and issubclass(hint, Section) and key in hint.model_fields
    ]
    if owners:
        return f"did you mean {' or '.join(owners)}?"
    near = did_you_mean(key, hints)
    if near.startswith("did"):
        return near
    return f"{near}{'; ' if near else ''}a name that only helps the lines below starts with an underscore"


def defaults(section: type[Section]) -> dict[str, Any]:
    """The keys that have a default, with it."""
    values = {}
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            values[name] = defaults(field.annotation)
        elif not field.is_required():
            values[name] = field.get_default()
    return values


def _overlay(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """``above`` over ``below``, section by section; what ``above`` says of a component is whole."""
    merged = dict(below)
    for key, value in above.items():
        old = below.get(key)
        merged[key] = _overlay(old, value) if isinstance(old, dict) and isinstance(value, dict) and "type" not in old else value
    return merged


def _put(values: dict[str, Any], path: KeyPath, config: dict[str, Any]) -> None:
    target: Any = values
    for key in path[:-1]:
        if isinstance(target[key], tuple | list):
            target[key] = list(target[key])
        target = target[key]
    target[path[-1]] = config


def _known_or_none(known: Known, dotted: str) -> Any:
    try:
        return known(dotted)
    except NotKnownError:
        return None
