"""``vsslfw ablate``: variants of a recipe, each stage paid for once, compared subject by subject."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vsslfw.cli.options import plugin_option, recipe_options, study_contrast_options

if TYPE_CHECKING:
    from rich.console import Console

    from vsslfw.ablation.running import Planned, StudyResult
    from vsslfw.ablation.study import Study


@click.command("ablate")
@click.argument("target", metavar="RECIPE|STUDY.py")
@click.option("--vary", "varied", multiple=True, metavar="KEY=VALUE,VALUE", help="Values of a key, or parts by name; may be repeated.")
@click.option("--grid/--one-at-a-time", "grid", default=False, help="All combinations, or each change alone.  [default: one-at-a-time]")
@click.option("--primary", metavar="VARIANT", help="The variant whose difference from the first is the question asked before.")
@click.option("--seeds", type=click.IntRange(min=1), help="Fine-tune each fold with so many seeds, averaged within a video.")
@click.option("--recipe", help="Try a study file on this recipe instead of its own.")
@study_contrast_options
@recipe_options
@click.option("--plan", "only_plan", is_flag=True, help="Print what would be computed, and what it takes; compute nothing.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the study. Default: studies/NAME-PROFILE-DIGEST.")
@click.option("--cache", type=click.Path(path_type=Path), help="What stages share. Default: runs/.vsslfw-cache, as for single runs.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Pre-trainings and folds that run at a time.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
@click.option("--identify", is_flag=True, help="Write real subject and video ids into the results instead of pseudonyms.")
@click.option("--quiet", is_flag=True, help="Only errors and the final comparison.")
@plugin_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    target: str,
    varied: tuple[str, ...],
    grid: bool | None,
    primary: str | None,
    recipe: str | None,
    only_plan: bool,
    out: Path | None,
    cache: Path | None,
    jobs: int,
    device: str,
    identify: bool,
    quiet: bool,
    **given: Any,
) -> int:
    """Run variants of RECIPE, or a study file, and compare them. Each stage that several variants share is computed once.

    \b
    vsslfw ablate seizure_bart --vary corruption=permute_span+mask_frames,mask_frames,none --vary pretrain.source=contextual,none
    vsslfw ablate recipes/studies/does_ssl_pay.py --data videos.csv --profile stable --plan

    The same command again continues a study that was stopped; with more values it is extended.
    The exit code is 1 if a variant failed, or if the primary contrast has no result.
    """
    from vsslfw.ablation.running import plan, run_study
    from vsslfw.cli.console import RunConsole, table_console
    from vsslfw.cli.live import LiveProgress
    from vsslfw.pipeline.origin import Costs
    from vsslfw.pipeline.progress import listening

    defaults = {name: ctx.get_parameter_source(name) for name in ("metric", "permutations")}
    chosen = {name: value for name, value in given.items() if defaults.get(name) != click.core.ParameterSource.DEFAULT}
    if ctx.get_parameter_source("grid") == click.core.ParameterSource.DEFAULT:
        grid = None
    study = _study(target, varied, grid, primary, chosen | ({"recipe": recipe} if recipe else {}))
    console = RunConsole()
    with LiveProgress(console, quiet=quiet or only_plan) as live, listening(live):
        planned = plan(study, cache=cache, jobs=jobs, device=device, identify=identify)
        if out is not None:
            _check_out(planned, out, identify)
        planned.forecast.completed(Costs(next(iter(planned.pipelines.values())).stage_cache.folder))
    if only_plan or not quiet:
        wide = table_console()
        _print_plan(wide if only_plan else RunConsole(width=wide.width, highlight=False), planned)
    if only_plan:
        return 0
    try:
        with LiveProgress(console, quiet=quiet) as live, listening(live):
            result = run_study(planned, out=out, identify=identify)
    except KeyboardInterrupt as error:
        error.add_note("What is done is kept: the same command goes on from there.")
        raise
    _print_result(table_console(), result)
    return _exit_code(planned, result)


def _check_out(planned: Planned, out: Path, identify: bool) -> None:
    """UserError if the folder cannot be used, or holds something else, before anything is tried or computed."""
    from vsslfw.ablation.record import StudyRecord
    from vsslfw.ablation.study import base_digest
    from vsslfw.pipeline.cache import usable

    with usable(out, "--out"):
        os.listdir(next(path for path in (out, *out.absolute().parents) if path.exists()))
        StudyRecord.of(out, planned.study.name, base_digest(planned.study, planned.variants), planned.study, identify)


def _exit_code(planned: Planned, result: StudyResult) -> int:
    """1 if something that this command asked for has no result: a program that waits for the study must hear of it."""
    asked = {variant.name for variant in planned.variants}
    failed = any(row.state == "failed" and row.name in asked for row in result.outcome.rows)
    primary = planned.study.primary
    answered = primary is None or any(one.primary or (one.arm, one.against) == primary for one in result.outcome.contrasts)
    return int(failed or not answered)


def _study(target: str, varied: tuple[str, ...], grid: bool | None, primary: str | None, chosen: dict[str, Any]) -> Study:
    """The study of a file with the options above it, or that of a recipe and ``--vary``."""
    from vsslfw.ablation import vary
    from vsslfw.ablation.study import Study
    from vsslfw.ablation.study_file import find_study, read_study
    from vsslfw.errors import Problem, UserError, did_you_mean
    from vsslfw.recipe import load_recipe

    options = {
        name: chosen[name]
        for name in ("recipe", "seeds", "metric", "margin", "permutations", "profile", "data")
        if chosen.get(name) is not None
    }
    options["overrides"] = tuple(chosen.get("overrides") or ())
    file = find_study(target)
    if file is not None:
        given_too = [name for name, value in (("--vary", varied), ("--grid", grid is not None), ("--primary", primary)) if value]
        if given_too:
            raise UserError(
                Problem("a study file names its variants and its primary contrast itself", ", ".join(given_too), "Change the file")
            )
        return replace(read_study(file), **options)
    if "recipe" in options:
        raise UserError(
            Problem("only a study file takes another recipe", "--recipe", f"Name the recipe alone: vsslfw ablate {options['recipe']}")
        )
    if not varied:
        hint = "Such as --vary pretrain.source=contextual,none; or give a study file"
        raise UserError(Problem("there is nothing to compare: no --vary", target, hint))
    base = load_recipe(target, profile=options.get("profile"), overrides=options["overrides"], data=options.get("data"))
    read = vary.varied(varied, base)
    variants = vary.grid(read) if grid else vary.one_at_a_time(read)
    names = [variant.name for variant in variants]
    if primary is not None and primary not in names[1:]:
        hint = did_you_mean(primary, names[1:])
        raise UserError(Problem(f'there is no variant "{primary}" behind the first, "{names[0]}"', f"--primary {primary}", hint))
    pairs = [(name, names[0]) for name in names[1:]]
    return Study(
        target, variants, pairs, (primary, names[0]) if primary else pairs[0] if len(pairs) == 1 else None, implied=not primary, **options
    )


def _print_plan(console: Console, planned: Planned) -> None:
    from rich.text import Text

    from vsslfw.ablation.forecast import not_comparable
    from vsslfw.ablation.running import told_seconds
    from vsslfw.cli.compare import print_table

    runs = len(planned.pipelines)
    console.print(f"{len(planned.variants)} variants, {runs} of them run; each result below is made once", highlight=False, markup=False)
    print_table(console, planned.table())
    total = planned.seconds()
    takes = "How long it takes is not known" if total is None else f"About {told_seconds(total)} in all, roughly"
    if all(piece.there for piece in planned.forecast.pieces.values()):
        takes = f"Nothing is to be computed but reports and contrasts: about {told_seconds(planned.closing.seconds())}"
    asked = planned.forecast.asked
    saved = f"{asked} results are asked for, {len(planned.forecast.pieces)} are distinct"
    console.print(Text(f"{takes}, if every file can be read; {saved}."), soft_wrap=True)
    primary = planned.study.primary
    question = f"“{primary[0]}” against “{primary[1]}”" if primary else "none; every p will be adjusted for all contrasts"
    console.print(Text(f"Primary contrast: {question}."), soft_wrap=True)
    for line in not_comparable(planned.study, planned.variants, planned.forecast):
        console.print(Text(line, style="yellow"), soft_wrap=True)


def _print_result(console: Console, result: StudyResult) -> None:
    from rich.text import Text

    from vsslfw.cli.compare import print_outcome

    console.print(Text(result.outcome.title, style="bold"))
    print_outcome(console, result.outcome)
    for name, why in result.failures.items():
        console.print(Text(f"failed: {name}: {why}", style="bold red"), soft_wrap=True)
    made = ", ".join(f"{stage} {count['computed']} of {count['results']}" for stage, count in result.counts.items())
    console.print(Text(f"Computed: {made}; the others were there{' or failed' if result.failures else ''}."), soft_wrap=True)
    console.print(Text(f"Page:   {result.page}"), soft_wrap=True)
