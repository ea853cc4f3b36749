"""``vsslfw run``: the whole pipeline, from video files to a validated result."""

from __future__ import annotations

from pathlib import Path

import click

from vsslfw.cli.options import plugin_option, recipe_options
from vsslfw.errors import UserError
from vsslfw.run_records import LOG, STATE


@click.command("run")
@click.argument("recipe")
@recipe_options
@click.option("--out", type=click.Path(path_type=Path), help="Run folder. Default: runs/NAME-PROFILE-DIGEST.")
@click.option(
    "--cache", type=click.Path(path_type=Path), help="What stages share between runs. Default: .vsslfw-cache beside the run folder."
)
@click.option(
    "--resume", is_flag=True, help="Continue the run in --out; an error if there is none, or if it had another recipe or other data."
)
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Folds that run at a time.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
@click.option("--identify", is_flag=True, help="Write real subject and video ids into the results instead of pseudonyms.")
@click.option("--thumbnails", is_flag=True, help="Show frames of your own video in the report, which must be kept private then.")
@click.option("--quiet", is_flag=True, help="Only errors and the final result.")
@plugin_option
def command(
    recipe: str,
    data: Path | None,
    profile: str | None,
    overrides: tuple[str, ...],
    out: Path | None,
    cache: Path | None,
    resume: bool,
    jobs: int,
    device: str,
    identify: bool,
    thumbnails: bool,
    quiet: bool,
) -> None:
    """Run RECIPE (a file, or the name of a shipped one): extract, pre-train, validate, report.

    The same command again reuses what is there; a killed run continues where it stopped.
    """
    from vsslfw.cli.console import RunConsole
    from vsslfw.cli.live import LiveProgress
    from vsslfw.cli.next_steps import Invocation, after_a_run
    from vsslfw.pipeline.progress import listening
    from vsslfw.pipeline.run import run, run_folder
    from vsslfw.recipe import load_recipe
    from vsslfw.report.terminal import print_result, print_summary

    console = RunConsole()
    resolved = load_recipe(recipe, profile=profile, overrides=overrides, data=data)
    folder = out or run_folder(resolved)
    started = Invocation(click.get_current_context().find_object(list) or [], recipe, folder, named=out is not None)
    try:
        with LiveProgress(console, quiet=quiet) as live, listening(live):
            result = run(
                resolved,
                out=folder,
                cache=cache,
                resume=resume,
                jobs=jobs,
                device=device,
                identify=identify,
                thumbnails=thumbnails,
            )
    except BaseException as error:
        if not isinstance(error, UserError) and (folder / STATE).is_file():
            error.add_note(f"What is done is kept. To go on from there:\n    {started.again()}\nThe log: {folder / LOG}")
        raise
    if quiet:
        print_result(console, result.report, result.folder)
        return
    steps = after_a_run(started, synthetic=result.report.synthetic, pretrained=bool(result.report.pretrainings))
    print_summary(console, result.report, result.folder, steps)
