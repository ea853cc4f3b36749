"""The command line. One file a command, imported when the command is used: ``vsslfw --help`` imports nothing heavy."""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Sequence

import click

from vsslfw.cli.options import plugin_option
from vsslfw.errors import VsslfwError, did_you_mean

COMMANDS = {
    "index": "List a folder of video, and audit every file in it.",
    "run": "Run a recipe: extract, pre-train, validate, report.",
    "fit": "Fit the final model on all subjects.",
    "predict": "Answer for new videos with a fitted model.",
    "evaluate": "Validate a fitted model on the videos of another site.",
    "export": "Export a fitted model: weights, model card, ONNX.",
    "runs": "List the runs of a folder: state, digest, headline figures.",
    "cache": "List what runs share, say what made it, and keep it small.",
    "show": "Show a recipe as it will run, with its digest.",
    "diff": "Compare two recipes, or two runs.",
    "ablate": "Run variants of a recipe, each stage once, and compare them.",
    "compare": "Compare finished runs: differences, and how sure they are.",
    "detector": "Find the patient: train on own boxes, find boxes, look at them.",
    "demo-data": "Write a set of made EMU video, of any size.",
    "components": "List what can be swapped in, or describe one of them.",
    "doctor": "Look at this machine: versions, devices, codecs, weights, plugins.",
    "plugins": "List the plugins and their state.",
    "check": "Check whether the components of a plugin keep their contracts.",
    "new": "Write a plugin to start from.",
}
"""Name -> summary; the command is ``vsslfw.cli.NAME:command``, with _ for -. The summaries stand here so that help imports none of them."""

INTERRUPTED = 130


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"vsslfw.cli.{cmd_name.replace('-', '_')}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f'there is no command "{args[0]}"; {did_you_mean(args[0], COMMANDS)}', ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@plugin_option
@click.version_option(package_name="vsslfw", message="vsslfw %(version)s")
def _group() -> None:
    """Self-supervised learning on clinical seizure video: pre-train on unlabelled video, fine-tune, leave one subject out.

    Start with: vsslfw run seizure_bart
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, 1 (the work failed), 2 (bad input) or 130 (interrupted)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a letter must not end a run
    try:
        code = _group.main(args=words, prog_name="vsslfw", standalone_mode=False, obj=words)
    except VsslfwError as error:
        click.echo(f"{click.style('error:', fg='red', bold=True)} {error}", err=True)
        _tell_notes(error)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        click.echo("interrupted", err=True)
        _tell_notes(error.__cause__ or error)  # click raises its own from it
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def _tell_notes(error: BaseException) -> None:
    """How to go on, if the command has noted it on its error."""
    for note in getattr(error, "__notes__", ()):
        click.echo(note, err=True)
