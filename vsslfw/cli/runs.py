"""``vsslfw runs``: the runs of a folder, the latest first."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsslfw.errors import Problem, UserError
from vsslfw.printable import printable
from vsslfw.run_records import STATES, RunRecord, find_runs

if TYPE_CHECKING:
    from rich.console import RenderableType

STYLES = {"finished": "green", "failed": "bold red", "running": "bold", "interrupted": "yellow", "damaged": "bold red"}
DEFAULT = Path("runs")
FIGURES = {"balanced accuracy": "balanced_accuracy", "macro F1": "f1_macro"}
EXAMPLE = "0.750 (0.500)"
ROOM = {0: 130, 1: 110, 2: 92, 3: 0}
"""How many of the least telling columns are left out -> columns of the terminal from which so few are."""


@click.command("runs")
@click.argument("folder", type=click.Path(path_type=Path), default=DEFAULT)
@click.option("--state", type=click.Choice(STATES), help="Only runs in this state.")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
def command(folder: Path, state: str | None, as_json: bool) -> int:
    """List the runs in FOLDER (default: runs): state, recipe, digest, and the headline figures beside the constant answer.

    "interrupted" means that a run was stopped, or says it goes on and no process works on it: --resume continues it.
    """
    if not folder.is_dir() and folder != DEFAULT:
        what = "is a file; a folder of runs is expected" if folder.exists() else "there is no such folder"
        raise UserError(Problem(what, str(folder), "Without a folder, those in runs/ are listed"))
    records = [record for record in find_runs(folder) if state in (None, record.state)]
    if as_json:
        click.echo(json.dumps([record.to_dict() for record in records], indent=2))
        return 0
    if not records:
        start = "" if state else " Start one: vsslfw run seizure_bart"
        click.echo(f'There is no {state + " " if state else ""}run in "{folder}".{start}')
        return 0
    from vsslfw.cli.console import table_console

    console = table_console()
    console.print(_table(records, folder, console.width))
    for record in records:
        if line := _explained(record):
            console.print(printable(f"{record.folder}: {line}"), markup=False, highlight=False, soft_wrap=True)
    if any(record.state in ("failed", "interrupted") for record in records):
        console.print("A failed or interrupted run goes on with its command, --out FOLDER and --resume.", highlight=False, soft_wrap=True)
    return 0


def _table(records: Sequence[RunRecord], folder: Path, width: int) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    columns: list[tuple[str, Callable[[RunRecord], str], int]] = [
        ("run", lambda record: _name(record, folder), 0),
        ("recipe", lambda record: record.name, 2),
        ("profile", lambda record: record.profile, 2),
        ("data", lambda record: record.data, 1),
        ("state", lambda record: record.state, 0),
        ("digest", lambda record: record.digest[:8], 3),
        ("started (UTC)", lambda record: record.started[:16].replace("T", " "), 3),
        ("folds", _folds, 0),
        *((title, functools.partial(_beside, definition=definition), 0) for title, definition in FIGURES.items()),
    ]
    leave_out = next(count for count, room in ROOM.items() if width >= room)
    kept = [(title, cell) for title, cell, rank in columns if rank == 0 or rank > leave_out or leave_out == 0]
    table = Table(box=box.SIMPLE_HEAD)
    for title, _ in kept:
        figure = title in FIGURES
        table.add_column(title, overflow="fold", justify="right" if figure else "left", min_width=len(EXAMPLE) if figure else None)
    for record in records:
        table.add_row(*(Text(printable(cell(record)), STYLES[record.state] if title == "state" else "") for title, cell in kept))
    return table


def _name(record: RunRecord, folder: Path) -> str:
    return str(record.folder.relative_to(folder)) if record.folder != folder else record.folder.resolve().name


def _folds(record: RunRecord) -> str:
    """``8``; ``3 of 8`` where the run is not over, or did not get further."""
    if record.state == "finished" or record.folds_done is None or record.folds is None:
        return "" if record.folds is None else str(record.folds)
    return f"{record.folds_done} of {record.folds}"


def _explained(record: RunRecord) -> str:
    """What a row has no room for."""
    if record.state == "running":
        return ", ".join(filter(None, [record.stage and f"running: {record.stage}", record.trouble]))
    where = f" in {record.stage}" if record.stage else ""
    why = f": {record.trouble}" if record.trouble and record.trouble != "KeyboardInterrupt" else ""
    return f"{record.state}{where}{why}" if record.state != "finished" and (where or why) else ""


def _beside(record: RunRecord, definition: str) -> str:
    """The model's figure, and that of the constant answer in brackets."""
    value, constant = record.figure(definition)
    if value is None:
        return "–"
    return f"{value:.3f} ({'–' if constant is None else f'{constant:.3f}'})"
