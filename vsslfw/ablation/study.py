"""A study: a recipe, its variants, and the one contrast that is the question."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from vsslfw.ablation.parts import named
from vsslfw.comparison import differences
from vsslfw.digest import digest_of
from vsslfw.errors import Problem, UserError, did_you_mean
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
    place: str = ""
    """Where it was written."""


@dataclass(frozen=True)
class Study:
    """All that a study is before it runs. The first variant is what the others are compared with unless ``pairs`` say otherwise."""

    recipe: str
    variants: Sequence[Variant]
    pairs: Sequence[Pair]
    primary: Pair | None = None
    implied: bool = False
    """The primary contrast is the only one, and nobody named it."""
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
    problems: Sequence[Problem] = ()
    """What is wrong with the file it was read from: `arranged` tells it together with what is wrong in the variants."""


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


def arranged(study: Study, *, identify: bool = False) -> list[Arranged]:
    """Every variant with its recipe. UserError with all that is wrong in the study's file and in any variant, each problem once.

    identify: subjects keep their ids, so that variants with other seeds can be compared too.
    """
    problems = {str(problem): problem for problem in study.problems}
    misfit = "" if study.margin is None else margin_misfit(study.margin, study.metric)
    if misfit:
        problems[misfit] = Problem(misfit, "margin")
    load = _loading(study)
    whole: Recipe | None
    refused: UserError | None = None
    try:
        whole = load()
    except UserError as error:
        refused, whole = error, _as_it_stands(study.recipe)
        problems |= {str(problem): problem for problem in error.problems}
    found = {} if whole is None else _running(study, load, whole, problems)
    found |= _probes(study, found, whole, problems)
    if not identify:
        problems |= _unpaired(study, found)
    if refused is not None and len(problems) == len(refused.problems):
        raise refused
    if problems:
        raise UserError(*problems.values(), title=f"{study.recipe}: {len(problems)} problems" if len(problems) > 1 else "")
    return [found[variant.name] for variant in study.variants]


def margin_misfit(margin: float, metric: str) -> str:
    """Why this cannot be a margin; nothing if it can."""
    largest = 2.0 if metric == "mcc" else 1.0
    if 0 < margin < largest:
        return ""
    return f"expected a margin above 0 and below {largest:g}, found {margin:g}: no difference in {metric} is larger than {largest:g}"


def _loading(study: Study) -> Callable[..., Recipe]:
    overrides = list(study.overrides)
    if study.seeds is not None:
        overrides.append(f"finetune.seeds={study.seeds}")
    shared = [study.change] if study.change is not None else []
    return partial(load_recipe, study.recipe, profile=study.profile, overrides=overrides, data=study.data, changes=shared)


def _as_it_stands(recipe: str) -> Recipe | None:
    """The recipe without what is wrong above it, so that mistakes in variants are found all the same."""
    try:
        return load_recipe(recipe)
    except UserError:
        return None


def _running(study: Study, load: Callable[..., Recipe], whole: Recipe, problems: dict[str, Problem]) -> dict[str, Arranged]:
    found: dict[str, Arranged] = {}
    base: Recipe | None = None
    for variant in study.variants:
        if variant.probe:
            continue
        try:
            recipe = load(last=[] if variant.change is None else [named(variant.change, whole)])
        except UserError as error:
            for problem in error.problems:
                problems.setdefault(str(problem), Problem(problem.what, _named(problem.where, variant.name), problem.hint))
            continue
        # By its values and not by its digest: files in other folders may bear the same name.
        same = next((name for name, other in found.items() if other.recipe.to_dict() == recipe.to_dict()), "")
        if same and not _part_unread(variant, study):
            what = f'it is the same recipe as the variant "{same}"'
            problems[variant.name] = Problem(what, f"variant {variant.name}", "Leave one of them out, or see what --set makes alike")
        base = base or recipe
        found[variant.name] = Arranged(variant.name, recipe, changes_told(base, recipe))
    return found


def _part_unread(variant: Variant, study: Study) -> bool:
    """What makes it another recipe may be what could not be read."""
    return any(list(node.unreadable()) for node in (variant.change, study.change) if node is not None)


def _probes(study: Study, found: Mapping[str, Arranged], whole: Recipe | None, problems: dict[str, Problem]) -> dict[str, Arranged]:
    probes = {}
    for variant in study.variants:
        if not variant.probe:
            continue
        where = variant.place or f"variant {variant.name}"
        of = found.get(variant.of)
        known = probe_names(of.recipe) if of else None if whole is None else probe_names(whole, pretrained=True)
        if known is not None and variant.probe not in known:
            problem = Problem(f'there is no probe "{variant.probe}"', where, did_you_mean(variant.probe, known))
            problems[str(problem)] = problem
        if of is None:
            continue
        if not of.recipe.settings.statistics.baselines:
            hint = f"give {variant.of} statistics.baselines=True"
            problem = Problem("the probe is not tried, since baselines are off", where, hint)
            problems[str(problem)] = problem
        told = f"probe {variant.probe} on the features of “{variant.of}”"
        probes[variant.name] = Arranged(variant.name, of.recipe, told, variant.probe, variant.of)
    return probes


def probe_names(recipe: Recipe, *, pretrained: bool | None = None) -> list[str]:
    """The probes that a run of this recipe tries, told from the recipe alone: no data are looked at.

    pretrained: whether one of them is of a pre-trained encoder; none means as the recipe says.
    """
    from vsslfw.pipeline.descriptions import descriptions  # heavy, and few studies have probes

    if pretrained is None:
        pretrained = recipe.settings.pretrain.source != "none"
    fold = SimpleNamespace(name="any", key="")
    backbone = SimpleNamespace(module=SimpleNamespace(clip_stride=1))
    features = SimpleNamespace(cases=())
    stand_in: Any = SimpleNamespace(
        recipe=recipe, backbone=backbone, features=features, folds=[fold], pretrained={fold.name: fold if pretrained else None}
    )
    return [description.key for description in descriptions(stand_in)]


def _unpaired(study: Study, found: Mapping[str, Arranged]) -> dict[str, Problem]:
    """Contrasts of different seeds: subjects bear other pseudonyms in each, and folds stand in another order."""
    hint = "--seeds 3 fine-tunes each fold with several seeds; with --identify, real ids tell which answers belong together"
    problems: dict[str, Problem] = {}
    for arm, against in study.pairs:
        seeds = [found[name].recipe.settings.seed for name in (arm, against) if name in found]
        if len(set(seeds)) > 1:
            where = _seed_place(study, found, arm) or _seed_place(study, found, against) or f"variant {arm}"
            what = f"“{arm}” cannot be compared with “{against}”: with another seed, subjects bear other pseudonyms"
            problems.setdefault(where, Problem(what, where, hint))
    return problems


def _seed_place(study: Study, found: Mapping[str, Arranged], name: str) -> str:
    """Where a variant, or the one that a probe is of, says its seed."""
    source = found[name].of or name
    change = next(variant.change for variant in study.variants if variant.name == source)
    return str(change.place_of(("seed",))) if change is not None and change.holds(("seed",)) else ""


def changes_told(base: Recipe, recipe: Recipe) -> str:
    """What a recipe changes of another, as ``key: value`` in words; nothing if they are the same."""
    return "; ".join(f"{one.name}: {one.b}" for one in differences(base.portable(), recipe.portable()))


def base_digest(study: Study, variants: Sequence[Arranged]) -> str:
    """What a study's folder belongs to: the recipe as its first variant resolves it, so that variants can be added later."""
    return digest_of(variants[0].recipe.portable())


def _named(where: str, variant: str) -> str:
    return f"{where} (variant {variant})" if where else f"variant {variant}"
