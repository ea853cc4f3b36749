"""What differs between two recipes, or between two runs: their recipes, versions, data, split and figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vsslfw.atomic import read_json
from vsslfw.errors import Problem, UserError
from vsslfw.run_records import STATE, read_run

ABSENT = "not there"
FIGURES = ("balanced_accuracy", "f1_macro", "mcc", "sensitivity", "specificity", "accuracy")
"""Definitions that are set side by side; accuracy comes last, since it is what misleads most."""


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same: what it is called, and both of its values as text."""

    name: str
    a: str
    b: str


@dataclass(frozen=True)
class Figure:
    """A metric of two finished runs, each beside the constant answer's."""

    name: str
    a: float | None
    b: float | None
    constant_a: float | None
    constant_b: float | None


@dataclass(frozen=True)
class Comparison:
    """All that differs. Parts that are equal are empty."""

    recipe: list[Difference]
    versions: list[Difference]
    inputs: list[Difference]
    """Data, split and backbone weights: two runs that differ here are not comparable."""
    figures: list[Figure]
    """Of two finished runs, differing or not."""

    @property
    def equal(self) -> bool:
        """Nothing differs."""
        return not (self.recipe or self.versions or self.inputs or any(figure.a != figure.b for figure in self.figures))

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"equal": self.equal, "comparable": not self.inputs, **asdict(self)}


def is_run(folder: Path) -> bool:
    """True if the folder holds a run."""
    return (folder / STATE).is_file()


def differences(a: Mapping[str, Any], b: Mapping[str, Any], prefix: str = "") -> Iterator[Difference]:
    """What differs in two nested mappings, by dotted key, in the order of ``a``. Another ``type`` makes it another component: whole."""
    for key in dict.fromkeys([*a, *b]):
        name, left, right = f"{prefix}{key}", a.get(key, ABSENT), b.get(key, ABSENT)
        if left == right:
            continue
        if isinstance(left, Mapping) and isinstance(right, Mapping) and left.get("type") == right.get("type"):
            yield from differences(left, right, f"{name}.")
        elif isinstance(left, list | tuple) and isinstance(right, list | tuple) and _alike(left, right):
            for number, (one, other) in enumerate(zip(left, right, strict=True)):
                yield from differences({str(number): one}, {str(number): other}, f"{name}.")
        else:
            yield Difference(name, _text(left), _text(right))


def _alike(left: Any, right: Any) -> bool:
    """Lists of the same components, which may differ in parameters."""
    kinds = [[item.get("type") if isinstance(item, Mapping) else None for item in items] for items in (left, right)]
    return kinds[0] == kinds[1] and all(kinds[0])


def _text(value: Any) -> str:
    if value == ABSENT:
        return ABSENT
    if isinstance(value, Mapping) and "type" in value:
        inside = ", ".join(f"{key}={item!r}" for key, item in value.items() if key != "type")
        return f"{value['type']}({inside})"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_text(item) if isinstance(item, Mapping) else repr(item) for item in value) + "]"
    return repr(value)


def compare_runs(a: Path, b: Path) -> Comparison:
    """Two run folders. UserError if one of them cannot be read."""
    records = [read_run(folder) for folder in (a, b)]
    damaged = [record for record in records if record.state == "damaged"]
    if damaged:
        raise UserError(*(Problem(record.trouble, str(record.folder)) for record in damaged))
    (recipe_a, environment_a, inputs_a), (recipe_b, environment_b, inputs_b) = (_read(folder) for folder in (a, b))
    figures = []
    if all(record.metrics for record in records):
        for name in FIGURES:
            (value_a, constant_a), (value_b, constant_b) = (record.figure(name) for record in records)
            figures.append(Figure(name, value_a, value_b, constant_a, constant_b))
    versions = differences(_versions(environment_a), _versions(environment_b))
    return Comparison(list(differences(recipe_a, recipe_b)), list(versions), list(differences(inputs_a, inputs_b)), figures)


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Recipe, environment, inputs."""
    from vsslfw.recipe.parse import parse_file

    try:
        state = read_json(folder / STATE)
        split = read_json(folder / "split.json") if (folder / "split.json").is_file() else {}
        recipe = parse_file(folder / "recipe.py", str(folder / "recipe.py")).settings.plain()
        environment = read_json(folder / "environment.json")
    except (OSError, ValueError) as error:
        hint = "Only a run that came as far as its recipe can be compared"
        raise UserError(Problem(f"{type(error).__name__}: {error}", str(folder), hint)) from error
    return recipe, environment, {"data": state.get("data"), **state.get("inputs", {}), "split": split.get("digest")}


def _versions(environment: dict[str, Any]) -> dict[str, Any]:
    plain = {name: environment[name] for name in ("python", "platform", "device") if name in environment}
    components = {f"{c['kind']} {c['name']}": _maker(c) for c in environment.get("components", ())}
    return {**plain, **environment.get("libraries", {}), **components}


def _maker(component: dict[str, str]) -> str:
    return f"{component['distribution']} {component['version']}, code {component['digest'][:12]}"
