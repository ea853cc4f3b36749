"""A study: a recipe, its variants, and the one contrast that is the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vsslfw.ablation.parts import named
from vsslfw.comparison import differences
from vsslfw.digest import digest_of
from vsslfw.errors import Problem, UserError
from vsslfw.recipe import Recipe, load_recipe
from vsslfw.recipe.tree import Node

Pair = tuple[str, str]
"""(variant, the one it is compared with)."""


@dataclass(frozen=True)
class Variant:
    """A variant by its name: what it changes of the recipe, or which probe of another variant it is."""

    name: str
    change: Node | None = None
    probe: str = ""
    of: str = ""
    """The variant on whose features the probe is tried."""


@dataclass(frozen=True)
class Study:
    """All that a study is before it runs. The first variant is what the others are compared with unless ``pairs`` say otherwise."""

    recipe: str
    variants: Sequence[Variant]
    pairs: Sequence[Pair]
    primary: Pair | None = None
    name: str = ""
    profile: str | None = None
    data: Path | None = None
    change: Node | None = None
    """Of the recipe, for all variants."""
    overrides: Sequence[str] = ()
    seeds: int | None = None
    metric: str = "balanced_accuracy"
    margin: float | None = None
    permutations: int = 1999


@dataclass(frozen=True)
class Arranged:
    """A variant with its resolved recipe, and what it changes in words."""

    name: str
    recipe: Recipe
    changes: str
    probe: str = ""
    of: str = ""

    @property
    def runs(self) -> bool:
        """False for a probe: another variant's run holds its answers."""
        return not self.probe


def arranged(study: Study) -> list[Arranged]:
    """Every variant with its recipe. UserError with what is wrong in any of them, each problem once."""
    overrides = list(study.overrides)
    if study.seeds is not None:
        overrides.append(f"finetune.seeds={study.seeds}")
    shared = [study.change] if study.change is not None else []
    load = partial(load_recipe, study.recipe, profile=study.profile, overrides=overrides, data=study.data, changes=shared)
    whole = load()
    found: dict[str, Arranged] = {}
    problems: dict[str, Problem] = {}
    base: Recipe | None = None
    for variant in study.variants:
        if variant.probe:
            continue
        try:
            recipe = whole if variant.change is None else load(last=[named(variant.change, whole)])
        except UserError as error:
            for problem in error.problems:
                known = problems.get(str(problem))
                problems[str(problem)] = known or Problem(problem.what, _named(problem.where, variant.name), problem.hint)
            continue
        same = next((name for name, other in found.items() if other.recipe.digest == recipe.digest), "")
        if same:
            what = f'it is the same recipe as the variant "{same}"'
            problems[variant.name] = Problem(what, f"variant {variant.name}", "Leave one of them out, or see what --set makes alike")
        base = base or recipe
        found[variant.name] = Arranged(variant.name, recipe, changes_told(base, recipe))
    for variant in study.variants:
        if variant.probe and variant.of in found:
            of = found[variant.of]
            if not of.recipe.settings.statistics.baselines:
                hint = f"give {variant.of} statistics.baselines=True"
                problems[variant.name] = Problem("the probe is not tried, since baselines are off", f"variant {variant.name}", hint)
            told = f"probe {variant.probe} on the features of “{variant.of}”"
            found[variant.name] = Arranged(variant.name, of.recipe, told, variant.probe, variant.of)
    if problems:
        raise UserError(*problems.values(), title=f"{study.recipe}: {len(problems)} problems" if len(problems) > 1 else "")
    return [found[variant.name] for variant in study.variants]


def changes_told(base: Recipe, recipe: Recipe) -> str:
    """What a recipe changes of another, as ``key: value`` in words; nothing if they are the same."""
    return "; ".join(f"{one.name}: {one.b}" for one in differences(base.portable(), recipe.portable()))


def base_digest(study: Study, variants: Sequence[Arranged]) -> str:
    """What a study's folder belongs to: the recipe as its first variant resolves it, so that variants can be added later."""
    return digest_of(variants[0].recipe.portable())


def _named(where: str, variant: str) -> str:
    return f"{where} (variant {variant})" if where else f"variant {variant}"
