"""A study as a file under version control: Python that is data, like a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vsslfw.ablation.study import Study, Variant, margin_misfit
from vsslfw.errors import Problem, UserError, did_you_mean
from vsslfw.evaluation.arms import METRICS
from vsslfw.recipe.files import shipped
from vsslfw.recipe.parse import Parsed, parse_file
from vsslfw.recipe.tree import UNREADABLE, Node

LEAST_SWAPS = 39
"""With m swaps no p is below 2 / (m + 1), since the test is two-sided: fewer can never give .05."""
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
    "margin": "number",
    "permutations": "swaps",
}
"""Key -> what its value is."""
EXPECTED = {
    "text": "text",
    "dict": "dict(NAME=..., ...)",
    "pair": 'two names of variants, ("this", "against that")',
    "pairs": 'a list of such: [("this", "against that"), ...]',
    "count": "an integer above 0",
    "swaps": f"an integer of at least {LEAST_SWAPS}, as many as a p of .05 needs",
    "metric": f"one of {', '.join(METRICS)}",
    "number": "a number",
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
    """Read a study file. What is wrong with it, each with its line, the study bears as its ``problems``.

    UserError, with every problem at once, if it does not say of which recipe and which variants it is.
    """
    parsed = parse_file(path, str(path))
    values: dict[str, Node] = parsed.settings.value
    problems = [*parsed.problems, *_of_recipes(parsed), *_misfits(values, path)]
    fitting = {key: node for key, node in values.items() if key in KEYS and _fits(node, KEYS[key])}
    variants, wrong = _variants(fitting["variants"]) if "variants" in fitting else ([], [])
    problems += wrong + _unknown(fitting)
    if misfit := _margin(fitting):
        problems.append(misfit)
        del fitting["margin"]
    if not {"recipe", "variants"} <= fitting.keys():
        raise UserError(*problems)
    plain = {key: node.plain() for key, node in fitting.items()}
    names = [variant.name for variant in variants]
    primary = tuple(plain["primary"]) if "primary" in plain else None
    listed = [tuple(pair) for pair in plain["contrasts"]] if "contrasts" in plain else [(name, names[0]) for name in names[1:]]
    pairs = [*([primary] if primary and primary not in listed else []), *listed]
    own: dict[str, Any] = {key: plain[key] for key in ("profile", "seeds", "metric", "margin", "permutations") if key in plain}
    return Study(
        _beside(path, plain["recipe"]),
        variants,
        pairs,
        primary,
        name=plain.get("name", path.stem),
        data=Path(plain["data"]) if "data" in plain else None,
        change=fitting.get("change"),
        problems=problems,
        **own,
    )


def _beside(path: Path, recipe: str) -> str:
    beside = path.parent / recipe
    return str(beside) if beside.is_file() else recipe


def _of_recipes(parsed: Parsed) -> list[Problem]:
    found = (("_base_", parsed.base), ("profiles", parsed.profiles))
    what = "{} belongs to a recipe; a study names one: recipe = ..."
    return [Problem(what.format(name), f"{node.place}  {name}") for name, node in found if node is not None]


def _misfits(values: Mapping[str, Node], path: Path) -> list[Problem]:
    problems = []
    for key, node in values.items():
        if key not in KEYS:
            problems.append(Problem(f'there is no key "{key}" in a study', f"{node.place}  {key}", did_you_mean(key, KEYS)))
        elif not _fits(node, KEYS[key]) and not list(node.unreadable()):
            problems.append(Problem(f"expected {EXPECTED[KEYS[key]]}, found {node.plain()!r}", f"{node.place}  {key}"))
    for key in ("recipe", "variants"):
        if key not in values:
            problems.append(Problem(f'"{key}" is missing', str(path), f"{key} = ..."))
    return problems


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
    if kind == "number":
        return type(value) in (int, float)
    if kind == "pair":
        return isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(name, str) for name in value)
    return isinstance(value, list | tuple) and all(_fits(child, "pair") for _, child in node.children)


def _variants(node: Node) -> tuple[list[Variant], list[Problem]]:
    read = [_variant(name, child, node.value) for name, child in node.value.items()]
    variants = [one for one in read if isinstance(one, Variant)]
    problems = [problem for one in read if not isinstance(one, Variant) for problem in one]
    if len(read) < 2:
        problems.append(Problem("a study needs two variants or more", f"{node.place}  variants"))
    return variants, problems


def _variant(name: str, node: Node, every: Mapping[str, Node]) -> Variant | list[Problem]:
    """The variant, or what is wrong with it; what could not be read is told already."""
    where = f"{node.place}  variants.{name}"
    if not name.strip():
        return [Problem("a variant needs a name", where)]
    if node.value is UNREADABLE:
        return []
    if not isinstance(node.value, dict):
        return [Problem(f"expected a dict of settings, found {node.plain()!r}", where, "dict() changes nothing")]
    if "probe" not in node.value:
        return Variant(name, node, place=where)
    problems = [
        Problem(f"expected text, found {node.value[key].plain()!r}", f"{node.value[key].place}  variants.{name}.{key}")
        for key in PROBE_KEYS
        if key in node.value and not _fits(node.value[key], "text") and not list(node.value[key].unreadable())
    ]
    others = [key for key in node.value if key not in PROBE_KEYS]
    if others:
        problems.append(Problem(f"a probe has no {', '.join(others)}", where, "its recipe is that of the variant it is `of`"))
    probe, of = node.value["probe"], node.value["of"].plain() if "of" in node.value else next(iter(every))
    running = [known for known, other in every.items() if _runs(other)]
    if isinstance(of, str) and of and of not in running:
        problems.append(Problem(f'"{of}" is no variant that runs', where, did_you_mean(of, running)))
    return problems or Variant(name, None, str(probe.plain()), of, f"{probe.place}  variants.{name}.probe")


def _runs(node: Node) -> bool:
    """True for what could not be read too: that is told already."""
    return node.value is UNREADABLE or (isinstance(node.value, dict) and "probe" not in node.value)


def _unknown(values: Mapping[str, Node]) -> list[Problem]:
    """Contrasts of what is no variant. One that is wrong itself is a variant all the same."""
    if "variants" not in values:
        return []
    names = list(values["variants"].value)
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


def _margin(values: Mapping[str, Node]) -> Problem | None:
    if "margin" not in values:
        return None
    metric = values["metric"].plain() if "metric" in values else Study.metric
    misfit = margin_misfit(values["margin"].plain(), metric)
    return Problem(misfit, f"{values['margin'].place}  margin") if misfit else None
