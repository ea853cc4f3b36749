"""``vsslfw new``: a plugin to start from, with a component that works as it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from vsslfw.scaffold import Written


@click.group("new")
def command() -> None:
    """Write something to start from."""


@command.command("plugin", short_help="Write a plugin: a package or a single file.")
@click.argument("name")
@click.option(
    "--kind", required=True, metavar="KIND", help="dataset, detector, backbone, corruption, encoder, head, validation or executor."
)
@click.option("--name", "component", required=True, metavar="NAME", help="What a recipe calls the component, such as reverse.")
@click.option("--level", metavar="LEVEL", help="Where a corruption acts: frame, sequence (the default) or feature.")
@click.option("--task", metavar="TASK", help="What a head is for: classification (the default) or pretext.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Folder to write it in. Default: this one.")
def plugin(name: str, kind: str, component: str, level: str | None, task: str | None, out: Path) -> None:
    """Write the plugin NAME: a package that installs, passes its own tests and can be used at once.

    Its one component is a small example that keeps the contract of its kind; replace what it does. If NAME ends in .py, the
    plugin is that single file. Nothing that is there is ever overwritten.

    \b
    vsslfw new plugin vsslfw-reverse --kind corruption --name reverse
    vsslfw new plugin my_plugin.py --kind head --name spread
    """
    from vsslfw.scaffold import variant_of, write_plugin

    written = write_plugin(name, variant_of(kind, level=level, task=task), component, out)
    for line in _told(written):
        click.echo(line)


def _told(written: Written) -> list[str]:
    """What was written, and what to type next."""
    from vsslfw.known_plugins import who_would_have
    from vsslfw.scaffold.writing import run_command

    names, variant = written.names, written.variant
    what = f"{variant.which} {variant.kind}".strip()
    lines = [f'{written.path}: a plugin with the {what} "{names.component}" ({variant.does})']
    if names.single:
        check = f"vsslfw check ./{names.distribution}"
        steps = [f"cd {written.path.parent}", check]
    else:
        lines += [f"    {file}" for file in written.files]
        steps = [f"cd {written.path}", "pip install -e '.[test]'", "pytest", "vsslfw plugins", f"vsslfw check {names.distribution}"]
    steps = [step for step in steps if step != "cd ."]
    lines += ["", "Next:", *(f"    {step}" for step in [*steps, run_command(names, variant)])]
    if other := who_would_have(variant.kind, names.component):
        lines += ["", f'{other} has a {variant.kind} "{names.component}" too: with both, write "{names.distribution}/{names.component}"']
    return lines
