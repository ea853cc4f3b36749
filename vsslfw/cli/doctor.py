"""``vsslfw doctor``: what is on this machine, and what to do about what is not."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsslfw.cli.options import plugin_option

if TYPE_CHECKING:
    from vsslfw.doctor import Finding

SIGNS = {"ok": ("ok", "green"), "note": ("note", "yellow"), "problem": ("problem", "bold red")}


@click.command("doctor")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Where runs would be written.")
@click.option("--cache", type=click.Path(path_type=Path), help="What runs share. Default: .vsslfw-cache beside the run folders.")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@plugin_option
def command(out: Path, cache: Path | None, as_json: bool) -> int:
    """Look at this machine: versions, devices, codecs, weights, plugins, write access; each finding says what to do.

    The exit code is 1 if there is a problem. Contacts no network.
    """
    from vsslfw.doctor import examine

    findings = list(examine(out, cache or out / ".vsslfw-cache"))
    problems = sum(finding.outcome == "problem" for finding in findings)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        _print(findings, problems)
    return 1 if problems else 0


def _print(findings: list[Finding], problems: int) -> None:
    from rich.table import Table
    from rich.text import Text

    from vsslfw.cli.console import table_console

    console = table_console()
    for group in dict.fromkeys(finding.group for finding in findings):
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for finding in findings:
            if finding.group == group:
                table.add_row(Text(*SIGNS[finding.outcome]), Text(finding.what))
                if finding.todo:
                    table.add_row("", Text(f"-> {finding.todo}", "italic"))
        console.print(Text(group, "bold"))
        console.print(table)
        console.print()
    notes = sum(finding.outcome == "note" for finding in findings)
    console.print(f"{problems} problem{'' if problems == 1 else 's'}, {notes} note{'' if notes == 1 else 's'}.")
