"""``vsslfw diff``: two recipes, or two runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsslfw.cli.options import plugin_option

if TYPE_CHECKING:
    from rich.console import Console

    from vsslfw.comparison import Comparison, Difference


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
    from vsslfw.comparison import Comparison, compare_runs, differences, is_run
    from vsslfw.errors import Problem, UserError

    runs = [is_run(Path(one)) for one in (a, b)]
    if any(runs) and not all(runs):
        hint = "Compare two runs, or two recipes: a run's is its recipe.py"
        raise UserError(Problem("one is a run and the other is none", f"{a}, {b}", hint))
    if all(runs):
        comparison = compare_runs(Path(a), Path(b))
    else:
        comparison = Comparison(list(differences(_recipe(a, data), _recipe(b, data))), [], [], [])
    if as_json:
        click.echo(json.dumps(comparison.to_dict(), indent=2))
        return 0
    _print(table_console(), comparison, a, b, runs=all(runs))
    return 0


def _recipe(text: str, data: Path | None) -> dict[str, object]:
    from vsslfw.recipe import load_recipe

    name, _, profile = text.rpartition("@") if "@" in text and not Path(text).exists() else (text, "", "")
    return load_recipe(name, profile=profile or None, data=data).to_dict()


def _print(console: Console, comparison: Comparison, a: str, b: str, *, runs: bool) -> None:
    if comparison.equal:
        console.print("No difference" + (" in recipe, versions, data, split and figures." if runs else "."))
        return
    if comparison.inputs:
        names = ", ".join(difference.name for difference in comparison.inputs)
        console.print(f"Not comparable: these runs differ in {names}.", style="bold yellow", markup=False)
    for title, part in (("recipe", comparison.recipe), ("data and split", comparison.inputs), ("versions", comparison.versions)):
        if part:
            _print_part(console, title, part, a, b)
        elif runs:
            console.print(f"{title}: the same")
    if comparison.figures:
        _print_figures(console, comparison, a, b)


def _print_part(console: Console, title: str, part: list[Difference], a: str, b: str) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for name in (title, a, b):
        table.add_column(Text(name), overflow="fold")
    for difference in part:
        table.add_row(*(Text(text) for text in (difference.name, difference.a, difference.b)))
    console.print(table)


def _print_figures(console: Console, comparison: Comparison, a: str, b: str) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("result by video (constant answer)")
    for name in (a, b, "B - A"):
        table.add_column(Text(name), justify="right")
    for figure in comparison.figures:
        change = "–" if figure.a is None or figure.b is None else f"{figure.b - figure.a:+.3f}"
        cells = (_beside(figure.a, figure.constant_a), _beside(figure.b, figure.constant_b), change)
        table.add_row(figure.name.replace("_", " "), *map(Text, cells))
    console.print(table)
    console.print("Two single runs: whether a difference is more than chance cannot be told from them.")


def _beside(value: float | None, constant: float | None) -> str:
    return "–" if value is None else f"{value:.3f} ({'–' if constant is None else f'{constant:.3f}'})"
