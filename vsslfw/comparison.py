"""What differs between two recipes, or between two runs: their recipes, versions, data, split, stages and figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsslfw.errors import Problem, UserError
from vsslfw.run_records import STATE, RunRecord, read_run
from vsslfw.same_task import RunContent, read_content, tasks

if TYPE_CHECKING:
    from vsslfw.recipe import Recipe

ABSENT = "not there"
FIGURES = ("balanced_accuracy", "f1_macro", "mcc", "sensitivity", "specificity", "accuracy")
"""Definitions that are set side by side; accuracy comes last, since it is what misleads most."""


@dataclass(frozen=True)
class Side:
    """One of the two: as it was named, and what it is."""

    name: str
    recipe: str
    profile: str
    digest: str
    state: str = ""
    """Of a run."""
    trouble: str = ""
    """The kind of error that a failed run ended with."""


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same: what it is called, and both of its values as text."""

    name: str
    a: str
    b: str


@dataclass(frozen=True)
class Figure:
    """A metric of two finished runs, each beside the constant answer's."""

    key: str
    """As in metrics.json."""
    name: str
    a: float | None
    b: float | None
    constant_a: float | None
    constant_b: float | None

    @property
    def change(self) -> float | None:
        """B - A; none where one of them is not defined."""
        return None if self.a is None or self.b is None else self.b - self.a


@dataclass(frozen=True)
class Comparison:
    """All that differs. Parts that are equal are empty."""

    a: Side
    b: Side
    recipe: list[Difference]
    task: list[Difference] = field(default_factory=list)
    """Data, classes and split: the figures of two runs that differ here are not comparable."""
    files: list[Difference] = field(default_factory=list)
    """Files that the recipes name by their path (weights, boxes): their digests."""
    versions: list[Difference] = field(default_factory=list)
    stages: dict[str, bool] = field(default_factory=dict)
    """Stage -> whether both runs have the same key, so the same result."""
    figures: list[Figure] = field(default_factory=list)
    """Of two finished runs, differing or not."""

    @property
    def comparable(self) -> bool:
        """Whether the figures of the two may be held against each other."""
        return not self.task

    @property
    def equal(self) -> bool:
        """Nothing differs."""
        differing = [self.recipe, self.task, self.files, self.versions, self.a.state != self.b.state]
        return not any(differing) and all(self.stages.values()) and all(figure.a == figure.b for figure in self.figures)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        figures = [asdict(figure) | {"change": figure.change if self.comparable else None} for figure in self.figures]
        return {"equal": self.equal, "comparable": self.comparable, **asdict(self), "figures": figures}


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


def compare_recipes(a: tuple[str, Recipe], b: tuple[str, Recipe]) -> Comparison:
    """Two recipes, each with the name it was asked for by."""
    sides = [Side(name, recipe.settings.name, recipe.profile, recipe.digest) for name, recipe in (a, b)]
    return Comparison(sides[0], sides[1], list(differences(a[1].to_dict(), b[1].to_dict())))


def compare_runs(a: Path, b: Path) -> Comparison:
    """Two run folders. UserError if one of them cannot be read."""
    records = [read_run(folder) for folder in (a, b)]
    damaged = [record for record in records if record.state == "damaged"]
    if damaged:
        raise UserError(*(Problem(record.trouble, str(record.folder)) for record in damaged))
    one, other = (read_content(folder) for folder in (a, b))
    sides = [_side(record, run) for record, run in zip(records, (one, other), strict=True)]
    return Comparison(
        sides[0],
        sides[1],
        recipe=list(differences(one.recipe, other.recipe)),
        task=list(differences(*tasks(one, other))),
        files=list(differences(one.files, other.files)),
        versions=list(differences(_versions(one.environment), _versions(other.environment))),
        stages={stage: key == other.stages[stage] for stage, key in one.stages.items() if stage in other.stages},
        figures=list(_figures(records[0], records[1])),
    )


def _side(record: RunRecord, run: RunContent) -> Side:
    name = record.name or str(run.recipe.get("name", ""))
    return Side(str(record.folder), name, record.profile, record.digest, record.state, record.trouble)


def _figures(a: RunRecord, b: RunRecord) -> Iterator[Figure]:
    if not a.metrics or not b.metrics:
        return
    for key in FIGURES:
        if key in a.metrics["definitions"] or key in b.metrics["definitions"]:
            name = a.metrics["definitions"].get(key, {}).get("name", key)
            (value_a, constant_a), (value_b, constant_b) = a.figure(key), b.figure(key)
            yield Figure(key, name, value_a, value_b, constant_a, constant_b)


def _versions(environment: dict[str, Any]) -> dict[str, Any]:
    plain = {name: environment[name] for name in ("python", "platform", "device") if name in environment}
    components = {f"{c['kind']} {c['name']}": _maker(c) for c in environment.get("components", ())}
    return {**plain, **environment.get("libraries", {}), **components}


def _maker(component: dict[str, str]) -> str:
    return f"{component['distribution']} {component['version']}, code {component['digest'][:12]}"
