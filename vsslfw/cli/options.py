"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def _choose(ctx: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> None:
    if value:
        from vsslfw.plugins import choosing

        ctx.with_resource(choosing(value))


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
