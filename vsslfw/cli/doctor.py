"""``vsslfw doctor``: what is on this machine, and what to do about what is not."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsslfw.cli.options import plugin_option

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vsslfw.doctor import Finding

SIGNS = {"ok": ("ok", "green"), "note": ("note", "yellow"), "problem": ("problem", "bold red")}


@click.command("doctor")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Where runs would be written.")
@click.option("--cache", type=click.Path(path_type=Path), help="What runs share. Default: .vsslfw-cache beside the run folders.")
@click.option("--data", type=click.Path(path_type=Path), help="Manifest of own videos (videos.csv): its files are looked at too.")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@plugin_option
def command(out: Path, cache: Path | None, data: Path | None, as_json: bool) -> int:
    """Look at this machine: versions, devices, codecs, weights, plugins, write access; what is wrong comes with what to do.

    The exit code is 1 if there is a problem; a note is no problem. Contacts no network, and tells no id of a patient.
    """
    from vsslfw.doctor import examine

    looked = examine(out, cache or out / ".vsslfw-cache", data)
    if as_json:
        findings = list(looked)
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        findings = _print(looked)
    return 1 if any(finding.outcome == "problem" for finding in findings) else 0


def _print(looked: Iterator[Finding]) -> list[Finding]:
    """Each group as soon as it has been looked at."""
    from rich.text import Text

    from vsslfw.cli.console import table_console

    console = table_console()
    findings = []
    for group, members in itertools.groupby(looked, key=lambda finding: finding.group):
        found = list(members)
        console.print(Text(group, "bold"))
        console.print(_table(found))
        console.print()
        findings += found
    problems, notes = (sum(finding.outcome == outcome for finding in findings) for outcome in ("problem", "note"))
    console.print(f"{problems} problem{'' if problems == 1 else 's'}, {notes} note{'' if notes == 1 else 's'}.")
    return findings


def _table(findings: list[Finding]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        table.add_row(Text(*SIGNS[finding.outcome]), Text(finding.what))
        if finding.todo:
            table.add_row("", Text(f"-> {finding.todo}", "italic"))
    return table
