"""``vsslfw fit``: the final model, on all subjects."""

from __future__ import annotations

from pathlib import Path

import click

from vsslfw.cli.options import plugin_option, recipe_options


@click.command("fit")
@click.argument("recipe")
@recipe_options
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the model. Default: models/NAME-PROFILE-DIGEST.")
@click.option(
    "--cache", type=click.Path(path_type=Path), help="What is shared with runs. Default: .vsslfw-cache beside the model's folder."
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
@click.option("--quiet", is_flag=True, help="Only errors and the final result.")
@plugin_option
def command(
    recipe: str,
    data: Path | None,
    profile: str | None,
    overrides: tuple[str, ...],
    out: Path | None,
    cache: Path | None,
    device: str,
    quiet: bool,
) -> None:
    """Fit RECIPE on all subjects: pre-train on every clip, fine-tune on every labelled video, and write the model.

    How good such a model is, only the validation of the same recipe says: vsslfw run.
    """
    from vsslfw.cli.console import RunConsole
    from vsslfw.cli.live import LiveProgress
    from vsslfw.pipeline.export import summary_of
    from vsslfw.pipeline.final import fit_model
    from vsslfw.pipeline.progress import listening
    from vsslfw.recipe import load_recipe

    console = RunConsole(highlight=False)
    resolved = load_recipe(recipe, profile=profile, overrides=overrides, data=data)
    with LiveProgress(console, quiet=quiet) as live, listening(live):
        fitted = fit_model(resolved, out=out, cache=cache, device=device)
    console.print(f"Model:  {fitted.folder}", markup=False, soft_wrap=True)
    console.print(f"        {summary_of(fitted.record)}", markup=False)
    if not quiet:
        console.print("How good it is, the validation of the same recipe says: vsslfw run", markup=False)
        console.print(f"Next:   vsslfw predict {fitted.folder} VIDEO...", markup=False, soft_wrap=True)
