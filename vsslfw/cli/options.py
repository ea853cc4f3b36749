"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def _choose(ctx: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> None:
    if value:
        from vsslfw.plugins import choosing

        ctx.with_resource(choosing(value))


def recipe_options(command: Command) -> Command:
    """``--data``, ``--profile`` and ``--set``: which recipe it is, in the end."""
    for option in (
        click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change one value of the recipe; may be repeated."),
        click.option("--profile", help="Profile of the recipe. Default: paper with own data, demo without."),
        click.option(
            "--data", type=click.Path(path_type=Path), help="Manifest of own videos (videos.csv). Without it: the embedded synthetic set."
        ),
    ):
        command = option(command)
    return command


def plugin_option(command: Command) -> Command:
    """``-p``: which plugins this command uses; it may stand before the command's name too."""
    return click.option(
        "-p",
        "--plugin",
        "chosen_plugins",  # a name of its own: a command may have an argument PLUGIN
        multiple=True,
        metavar="FILE|NAME|no:NAME",
        expose_value=False,
        is_eager=True,
        callback=_choose,
        help="Load a plugin from a file or module, or leave an installed one out (no:NAME); may be repeated.",
    )(command)


def contrast_options(command: Command) -> Command:
    """``--metric``, ``--margin`` and ``--permutations``: how differences are computed."""
    return _contrast_options(command, _check_margin)


def study_contrast_options(command: Command) -> Command:
    """The same for a study, whose file may name the metric: `vsslfw.ablation.study.arranged` checks the margin."""
    return _contrast_options(command, None)


def _contrast_options(command: Command, check: Callable[..., Any] | None) -> Command:
    for option in (
        click.option("--permutations", type=click.IntRange(min=39), default=1999, show_default=True, help="Swaps of subjects, if not all."),
        click.option("--margin", type=float, callback=check, help="A difference so small that it does not matter (TOST)."),
        click.option(
            "--metric",
            type=click.Choice(["balanced_accuracy", "f1_macro", "mcc", "sensitivity", "specificity", "auroc"]),
            default="balanced_accuracy",
            show_default=True,
            is_eager=True,  # the margin is checked against it
            help="What is compared.",
        ),
    ):
        command = option(command)
    return command


def _check_margin(ctx: click.Context, parameter: click.Parameter, margin: float | None) -> float | None:
    from vsslfw.ablation.study import margin_misfit
    from vsslfw.errors import Problem, UserError

    misfit = "" if margin is None else margin_misfit(margin, ctx.params["metric"])
    if misfit:
        raise UserError(Problem(misfit, f"--margin {margin:g}"))
    return margin
