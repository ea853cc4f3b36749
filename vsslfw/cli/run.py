"""``vsslfw run``: the whole pipeline, from video files to a validated result."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from vsslfw.cli.options import plugin_option
from vsslfw.errors import RunError
from vsslfw.run_records import STATE


@click.command("run")
@click.argument("recipe")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Manifest of own videos (videos.csv). Without it: the embedded synthetic set."
)
@click.option("--profile", help="Profile of the recipe. Default: paper with own data, demo without.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change one value of the recipe; may be repeated.")
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
    from rich.console import Console

    from vsslfw.cli.live import LiveProgress
    from vsslfw.pipeline.progress import listening
    from vsslfw.pipeline.run import run, run_folder
    from vsslfw.recipe import load_recipe
    from vsslfw.report.terminal import print_summary

    console = Console()
    resolved = load_recipe(recipe, profile=profile, overrides=overrides, data=data)
    folder = out or run_folder(resolved)
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
    except (RunError, KeyboardInterrupt):
        if (folder / STATE).is_file():
            click.echo(f"What is done is kept. To go on: {_again(folder, given=out is not None, resume=resume)}", err=True)
        raise
    print_summary(console, result.report, result.folder)


def _again(folder: Path, *, given: bool, resume: bool) -> str:
    """The command line that continues this run."""
    words = ["vsslfw", *sys.argv[1:]]
    return shlex.join([*words, *([] if given else ["--out", str(folder)]), *([] if resume else ["--resume"])])
