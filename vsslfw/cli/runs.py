"""``vsslfw runs``: the runs of a folder, the latest first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsslfw.run_records import STATES, RunRecord, find_runs

if TYPE_CHECKING:
    from rich.console import RenderableType

STYLES = {"finished": "green", "failed": "bold red", "running": "bold", "interrupted": "yellow", "damaged": "bold red"}


@click.command("runs")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("runs"))
@click.option("--state", type=click.Choice(STATES), help="Only runs in this state.")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
def command(folder: Path, state: str | None, as_json: bool) -> int:
    """List the runs in FOLDER (default: runs): state, recipe, digest, and the headline figures beside the constant answer.

    "interrupted" means that a run says it goes on and no process works on it: the same command with --resume continues it.
    """
    records = [record for record in find_runs(folder) if state in (None, record.state)]
    if as_json:
        click.echo(json.dumps([record.to_dict() for record in records], indent=2))
        return 0
    if not records:
        what = f"no {state} run" if state else "no run"
        click.echo(f"There is {what} in {folder}. Start one: vsslfw run seizure_bart")
        return 0
    from vsslfw.cli.console import table_console

    console = table_console()
    console.print(_table(records, folder))
    for record in records:
        if record.trouble:
            console.print(f"{record.folder}: {record.state}: {record.trouble}", markup=False, highlight=False, soft_wrap=True)
    if any(record.state in ("failed", "interrupted") for record in records):
        console.print("A failed or interrupted run goes on with the same command and --resume.", highlight=False)
    return 0


def _table(records: Sequence[RunRecord], folder: Path) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for name in ("run", "recipe", "profile", "data", "state", "digest", "started (UTC)", "folds"):
        table.add_column(name)
    for name in ("balanced accuracy", "macro F1"):
        table.add_column(name, justify="right")
    for record in records:
        name = str(record.folder.relative_to(folder)) if record.folder != folder else record.folder.name
        cells = [name, record.name, record.profile, record.data]
        told = [record.digest[:8], record.started[:16].replace("T", " "), "" if record.folds is None else str(record.folds)]
        figures = [_beside(*record.figure(definition)) for definition in ("balanced_accuracy", "f1_macro")]
        table.add_row(*map(Text, cells), Text(record.state, STYLES[record.state]), *map(Text, told), *map(Text, figures))
    return table


def _beside(value: float | None, constant: float | None) -> str:
    """The model's figure, and that of the constant answer in brackets."""
    if value is None:
        return "–"
    return f"{value:.3f} ({'–' if constant is None else f'{constant:.3f}'})"
