"""A study as a file under version control: Python that is data, like a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from vsslfw.ablation.study import Study, Variant
from vsslfw.errors import Problem, UserError, did_you_mean
from vsslfw.evaluation.arms import METRICS
from vsslfw.recipe.files import shipped
from vsslfw.recipe.parse import parse_file
from vsslfw.recipe.tree import Node

LEAST_SWAPS = 19
KEYS: Mapping[str, str] = {
    "recipe": "text",
    "variants": "dict",
    "primary": "pair",
    "contrasts": "pairs",
    "name": "text",
    "profile": "text",
    "data": "text",
    "change": "dict",
    "seeds": "count",
    "metric": "metric",
    "margin": "share",
    "permutations": "swaps",
}
"""Key -> what its value is."""
EXPECTED = {
    "text": "text",
    "dict": "dict(NAME=..., ...)",
    "pair": 'two names of variants, ("this", "against that")',
    "pairs": 'a list of such: [("this", "against that"), ...]',
    "count": "an integer above 0",
    "swaps": f"an integer of at least {LEAST_SWAPS}, as many as .05 needs",
    "metric": f"one of {', '.join(METRICS)}",
    "share": "a number above 0",
}
PROBE_KEYS = ("probe", "of")


def find_study(name: str) -> Path | None:
    """The study file of that path, or the shipped one of that name; none if it is a recipe.

    UserError if it is no Python, or if there is neither a study nor a recipe of that name.
    """
    known = {path.stem: path for path in (shipped()["seizure_bart"].parent / "studies").glob("*.py")}
    path = Path(name)
    if not path.is_file() and name in known:
        return known[name]
    if not path.is_file() and name not in shipped():
        hint = did_you_mean(path.stem, {*known, *shipped()})
        raise UserError(Problem("there is no such study, and no such recipe", name, hint))
    return path if path.is_file() and "variants" in parse_file(path, str(path)).settings.value else None


def read_study(path: Path) -> Study:
    """Read a study file. UserError with every problem at once, each with its line."""
    parsed = parse_file(path, str(path))
    values: dict[str, Node] = parsed.settings.value
    problems = list(parsed.problems)
    for name in ("_base_", "profiles"):
        node = parsed.base if name == "_base_" else parsed.profiles
        if node is not None:
            problems.append(Problem(f"{name} belongs to a recipe; a study names one: recipe = ...", f"{node.place}  {name}"))
    for key, node in values.items():
        if key not in KEYS:
            problems.append(Problem(f'there is no key "{key}" in a study', f"{node.place}  {key}", did_you_mean(key, KEYS)))
        elif not _fits(node, KEYS[key]):
            problems.append(Problem(f"expected {EXPECTED[KEYS[key]]}, found {node.plain()!r}", f"{node.place}  {key}"))
    for key in ("recipe", "variants"):
        if key not in values:
            problems.append(Problem(f'"{key}" is missing', str(path), f"{key} = ..."))
    if problems:
        raise UserError(*problems)
    variants, wrong = _variants(values["variants"])
    names = [variant.name for variant in variants]
    wrong += _unknown(values, names)
    if len(variants) < 2:
        wrong.append(Problem("a study needs two variants or more", f"{values['variants'].place}  variants"))
    if wrong:
        raise UserError(*wrong)
    plain = {key: node.plain() for key, node in values.items()}
    primary = tuple(plain["primary"]) if "primary" in plain else None
    listed = [tuple(pair) for pair in plain["contrasts"]] if "contrasts" in plain else [(name, names[0]) for name in names[1:]]
    pairs = [*([primary] if primary and primary not in listed else []), *listed]
    study = Study(plain["recipe"], variants, pairs, primary, name=plain.get("name", path.stem))
    own: dict[str, Any] = {key: plain[key] for key in ("profile", "seeds", "metric", "margin", "permutations") if key in plain}
    data = Path(plain["data"]) if "data" in plain else None
    beside = path.parent / study.recipe
    recipe = str(beside) if beside.is_file() else study.recipe
    return replace(study, recipe=recipe, data=data, change=values.get("change"), **own)


def _fits(node: Node, kind: str) -> bool:
    value = node.plain()
    if kind in ("text", "metric"):
        return isinstance(value, str) and bool(value) and (kind == "text" or value in METRICS)
    if kind == "dict":
        return isinstance(value, dict)
    if kind == "count":
        return type(value) is int and value > 0
    if kind == "swaps":
        return type(value) is int and value >= LEAST_SWAPS
    if kind == "share":
        return type(value) in (int, float) and value > 0
    if kind == "pair":
        return isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(name, str) for name in value)
    return isinstance(value, list | tuple) and all(_fits(child, "pair") for _, child in node.children)


def _variants(node: Node) -> tuple[list[Variant], list[Problem]]:
    names = list(node.value)
    found, problems = [], []
    for name, child in node.value.items():
        where = f"{child.place}  variants.{name}"
        if not isinstance(child.value, dict):
            problems.append(Problem(f"expected a dict of settings, found {child.plain()!r}", where, "dict() changes nothing"))
            continue
        if "probe" not in child.value:
            found.append(Variant(name, child))
            continue
        probe, of = child.value["probe"].plain(), child.value["of"].plain() if "of" in child.value else names[0]
        others = [key for key in child.value if key not in PROBE_KEYS]
        if others:
            problems.append(Problem(f"a probe has no {', '.join(others)}", where, "its recipe is that of the variant it is `of`"))
        elif of not in names or not isinstance(node.value[of].value, dict) or "probe" in node.value[of].value:
            problems.append(Problem(f'"{of}" is no variant that runs', where, did_you_mean(of, names)))
        else:
            found.append(Variant(name, None, str(probe), of))
    return found, problems


def _unknown(values: Mapping[str, Node], names: list[str]) -> list[Problem]:
    problems = []
    pairs = [("primary", values["primary"])] if "primary" in values else []
    pairs += [("contrasts", child) for _, child in values["contrasts"].children] if "contrasts" in values else []
    for key, node in pairs:
        for name in node.plain():
            if name not in names:
                problems.append(Problem(f'there is no variant "{name}"', f"{node.place}  {key}", did_you_mean(name, names)))
        if len(set(node.plain())) < 2:
            problems.append(Problem("a variant cannot be compared with itself", f"{node.place}  {key}"))
    return problems
