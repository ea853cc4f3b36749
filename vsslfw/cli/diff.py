"""``vsslfw diff``: two recipes, or two runs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsslfw.cli.options import plugin_option

if TYPE_CHECKING:
    from rich.console import Console

    from vsslfw.comparison import Comparison, Difference, Side
    from vsslfw.recipe import Recipe

DIGEST = re.compile(r"'([0-9a-f]{12})[0-9a-f]{52}'")


@click.command("diff")
@click.argument("a")
@click.argument("b")
@click.option("--data", type=click.Path(path_type=Path), help="Manifest of own videos, for both recipes, as for run.")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@plugin_option
def command(a: str, b: str, data: Path | None, as_json: bool) -> int:
    """Compare A with B: two recipes (a file or a shipped name, with @PROFILE if wanted), or two run folders.

    \b
    vsslfw diff seizure_bart@paper seizure_bart@stable
    vsslfw diff runs/first runs/second

    The exit code is 0, whether anything differs or not.
    """
    from vsslfw.cli.console import table_console
    from vsslfw.comparison import compare_recipes, compare_runs, is_run
    from vsslfw.errors import Problem, UserError

    runs = [is_run(Path(one)) for one in (a, b)]
    if any(runs) and not all(runs):
        hint = "Compare two runs, or two recipes: a run's is its recipe.py"
        raise UserError(Problem(f"is {'no run' if runs[0] else 'a run'}, and {a} is {'one' if runs[0] else 'none'}", b, hint))
    if all(runs):
        if data is not None:
            raise UserError(Problem("is for recipes; runs have their data", "--data", "Leave it out"))
        comparison = compare_runs(Path(a), Path(b))
    else:
        one, other = _recipes(a, b, data)
        comparison = compare_recipes((a, one), (b, other))
    if as_json:
        click.echo(json.dumps(comparison.to_dict(), indent=2))
        return 0
    _print(table_console(), comparison, runs=all(runs))
    return 0


def _recipes(a: str, b: str, data: Path | None) -> list[Recipe]:
    """Both, or what is wrong with both."""
    from vsslfw.errors import Problem, UserError
    from vsslfw.recipe import load_recipe

    recipes: list[Recipe] = []
    problems: list[Problem] = []
    for text in dict.fromkeys((a, b)):
        name, _, profile = text.rpartition("@") if "@" in text and not Path(text).exists() else (text, "", "")
        if Path(name).is_dir():
            problems.append(Problem("holds no run, and a recipe is a file", text, f"Runs below it: vsslfw runs {name}"))
            continue
        try:
            recipes.append(load_recipe(name, profile=profile or None, data=data))
        except UserError as error:
            problems.append(Problem(str(error)))
    if problems:
        raise UserError(*problems)
    return recipes if len(recipes) == 2 else recipes * 2


def _print(console: Console, comparison: Comparison, *, runs: bool) -> None:
    for letter, side in (("A", comparison.a), ("B", comparison.b)):
        console.print(_told(letter, side), markup=False, soft_wrap=True)
    if comparison.equal:
        compared = f" in recipe, data, split, versions{', stages and figures' if comparison.figures else ' and stages'}" if runs else ""
        console.print(f"\nNo difference{compared}.")
        if runs and not comparison.figures:
            _print_figures(console, comparison, "")
        return
    warning = ""
    if not comparison.comparable:
        names = ", ".join(difference.name for difference in comparison.task)
        warning = f"Not comparable: these runs differ in {names}."
        console.print(f"\n{warning}", style="bold yellow", markup=False, soft_wrap=True)
    parts = {
        "recipe": comparison.recipe,
        "data, classes and split": comparison.task,
        "files of the recipe": comparison.files,
        "versions": comparison.versions,
    }
    for title, part in parts.items():
        if part:
            _print_part(console, title, part)
    if runs:
        same = [title for title, part in parts.items() if not part]
        console.print(f"the same: {'; '.join(same) or 'nothing'}")
        _print_stages(console, comparison)
        _print_figures(console, comparison, warning)


def _told(letter: str, side: Side) -> str:
    recipe = "" if side.recipe and side.name.startswith(side.recipe) else f" {side.recipe},"
    state = f", {side.state}" + (f" ({side.trouble})" if side.trouble else "") if side.state else ""
    return f"{letter}  {side.name}:{recipe} profile {side.profile}, digest {side.digest[:8]}{state}"


def _print_part(console: Console, title: str, part: list[Difference]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for name in (title, "A", "B"):
        table.add_column(name, overflow="fold")
    for difference in part:
        table.add_row(*(Text(DIGEST.sub(r"\1", text)) for text in (difference.name, difference.a, difference.b)))
    console.print(table)


def _print_stages(console: Console, comparison: Comparison) -> None:
    for same, words in ((True, "stages with the same result"), (False, "stages with another")):
        names = [stage for stage, equal in comparison.stages.items() if equal is same]
        if names:
            console.print(f"{words}: {', '.join(names)}")


def _print_figures(console: Console, comparison: Comparison, warning: str) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    if not comparison.figures:
        unfinished = [side.name for side in (comparison.a, comparison.b) if side.state != "finished"]
        console.print(f"no figures: not finished: {', '.join(unfinished)}", markup=False, soft_wrap=True)
        return
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("result (constant answer)")
    for name in ("A", "B", *(["B - A"] if comparison.comparable else [])):
        table.add_column(name, justify="right")
    for figure in comparison.figures:
        cells = [figure.name, _beside(figure.a, figure.constant_a), _beside(figure.b, figure.constant_b)]
        if comparison.comparable:
            cells.append("–" if figure.change is None else f"{figure.change:+.3f}")
        table.add_row(*map(Text, cells))
    console.print(table)
    console.print(
        warning or "Two single runs: whether a difference is more than chance cannot be told from them.", markup=False, soft_wrap=True
    )


def _beside(value: float | None, constant: float | None) -> str:
    return "–" if value is None else f"{value:.3f} ({'–' if constant is None else f'{constant:.3f}'})"
