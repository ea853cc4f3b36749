"""``vsslfw index``: a folder of video -> its manifest and an audit of every file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsslfw.cli.options import plugin_option

if TYPE_CHECKING:
    from rich.console import Console

    from vsslfw.scan.layouts import Listing
    from vsslfw.scan.memory import Memory
    from vsslfw.scan.run import Audit, Audited


@click.command("index")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--layout",
    type=click.Choice(["folders", "bids", "flat"]),
    default="folders",
    show_default=True,
    help="folders: SUBJECT/[LABEL/]file; bids: sub-X_task-Y_video; flat: the subject stands in the name.",
)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="The manifest; the audit is written beside it. Default: DIR/videos.csv.")
@click.option("--full", is_flag=True, help="Decode every picture of every file, which takes long, and tells exactly what is lost.")
@click.option("--label", metavar="NAME", help="Every video is labelled with this class.")
@click.option("--contextual", is_flag=True, help="Every video is contextual: none is labelled.")
@click.option("--subject-pattern", metavar="REGEX", help="flat: finds the subject in a name. Default: what stands before the first _.")
@click.option("--keep-unusable", is_flag=True, help="Name unusable files in the manifest too.")
@click.option("--cache", type=click.Path(path_type=Path), help="Where results are kept. Default: .vsslfw-cache beside the manifest.")
@plugin_option
def command(
    folder: Path,
    layout: str,
    out: Path | None,
    full: bool,
    label: str | None,
    contextual: bool,
    subject_pattern: str | None,
    keep_unusable: bool,
    cache: Path | None,
) -> int:
    """Walk the folder DIR: write the manifest videos.csv, and an audit of every file (audit.csv, audit.html).

    Every file gets a verdict in words: ok, warn or unusable. Unusable ones are left out of the manifest. What was stopped goes on with
    the same command. The exit code is 2 if one recording lies under two subjects. The audit shows patients: keep it private.
    """
    from vsslfw.cli.console import RunConsole, table_console
    from vsslfw.scan.layouts import list_folder
    from vsslfw.scan.memory import Memory
    from vsslfw.scan.run import write
    from vsslfw.scan.targets import Targets

    _agree(layout, label, contextual, subject_pattern)
    manifest = out or folder / "videos.csv"
    kept = cache or manifest.parent / ".vsslfw-cache"
    listing = list_folder(
        folder, layout, label=label or "", contextual=contextual, subject_pattern=subject_pattern or "", skip=frozenset({kept.resolve()})
    )
    targets = Targets(manifest)
    targets.check_place()
    memory = Memory(kept)
    targets.check(folder, memory)
    try:
        found = _looked_at(listing, memory, full, RunConsole(stderr=True))
    except KeyboardInterrupt as error:
        error.add_note("What was looked at is kept: the same command goes on from there.")
        raise
    console = table_console()
    _tell_files(console, found)
    written = write(found, manifest, memory, keep_unusable=keep_unusable)
    _tell_end(console, written.rows, manifest)
    _tell_leaks(found)
    if written.error:
        raise written.error
    return 2 if found.leaks else 0


def _agree(layout: str, label: str | None, contextual: bool, subject_pattern: str | None) -> None:
    from vsslfw.errors import Problem, UserError

    problems = []
    if label is not None and contextual:
        problems.append(Problem("a contextual video has no label", "--label, --contextual", "give one of the two"))
    if label is not None and not label.strip():
        problems.append(Problem("is empty", "--label", "name the class that all videos show: --label ES"))
    if subject_pattern is not None and layout != "flat":
        problems.append(Problem(f"is not read with --layout {layout}", "--subject-pattern", "add --layout flat"))
    if problems:
        raise UserError(*problems)


def _looked_at(listing: Listing, memory: Memory, full: bool, console: Console) -> Audit:
    """Look at every file, with a bar by bytes, then for copies, with a bar by pairs."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from vsslfw.printable import printable
    from vsslfw.scan.layouts import Entry
    from vsslfw.scan.run import audit, size_of

    total = sum(size_of(entry.path) for entry in listing.entries)
    name = TextColumn("{task.fields[name]}", markup=False)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), name)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        looking = progress.add_task("looking at", total=max(1, total), name="")
        copies = progress.add_task("looking for copies", total=1.0, name="", visible=False)
        before = 0

        def advance(entry: Entry, share: float) -> None:
            nonlocal before
            size = size_of(entry.path)
            progress.update(looking, completed=before + share * size, name=printable(entry.shown))
            before += size if share == 1.0 else 0

        def compared(share: float) -> None:
            progress.update(looking, visible=False)
            progress.update(copies, completed=share, visible=True)

        return audit(listing, memory, full=full, progress=advance, compared=compared)


def _tell_files(console: Console, found: Audit) -> None:
    from vsslfw.printable import printable
    from vsslfw.scan import words
    from vsslfw.scan.terminal import table

    console.print(table(found))
    console.print()
    console.print(words.summary(found), markup=False, soft_wrap=True)
    for line in filter(None, [words.others(found), *words.read_as(found.listing)]):
        console.print(printable(line), markup=False, soft_wrap=True)


def _tell_end(console: Console, rows: list[Audited], manifest: Path) -> None:
    from vsslfw.printable import printable
    from vsslfw.scan import words
    from vsslfw.scan.targets import Targets

    lines = [f"{manifest}: {words.listed(rows)}", *words.to_fill_in(rows, manifest)] if rows else []
    lines.append(f"The audit, with pictures of patients, for you alone: {Targets(manifest).page}")
    for line in lines:
        console.print(printable(line), markup=False, soft_wrap=True)


def _tell_leaks(found: Audit) -> None:
    from vsslfw.printable import printable
    from vsslfw.scan import words

    for copy in found.leaks:
        click.echo(f"{click.style('error:', fg='red', bold=True)} {printable(words.leak(found, copy.first, copy.second))}", err=True)
    if found.leaks:
        click.echo("    It would be trained on and tested on: find out whose it is, and remove the other.", err=True)
