"""``vsslfw show``: the resolved recipe and its digest."""

from __future__ import annotations

from pathlib import Path

import click

from vsslfw.cli.options import plugin_option, recipe_options


@click.command("show")
@click.argument("recipe")
@recipe_options
@plugin_option
def command(recipe: str, data: Path | None, profile: str | None, overrides: tuple[str, ...]) -> None:
    """Show RECIPE (a file, or the name of a shipped one) as it will run: merged, checked, every default filled in.

    What it prints is a recipe itself, with the same digest.
    """
    from rich.console import Console

    from vsslfw.recipe import load_recipe

    text = load_recipe(recipe, profile=profile, overrides=overrides, data=data).to_text()
    console = Console()
    if console.is_terminal:
        from rich.syntax import Syntax

        console.print(Syntax(text.rstrip(), "python", theme="ansi_light", background_color="default", word_wrap=True))
    else:
        click.echo(text, nl=False)
