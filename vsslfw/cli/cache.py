"""``vsslfw cache``: what runs share, what made it, and how it is kept small."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vsslfw.printable import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from vsslfw.caching import Contents, Explanation, Removal, Result

DEFAULT = Path("runs") / ".vsslfw-cache"
STAGES = ("features", "pretrain", "folds", "baselines", "shortcuts", "final")
"""As `vsslfw.caching.KEYED`, which help must not import."""
DIGITS = 12
"""Of a key, in a table."""
DIGEST = re.compile(rf"\b([0-9a-f]{{{DIGITS}}})[0-9a-f]{{{64 - DIGITS}}}\b")
NAMED = 8
"""Keys that a line names; the others are counted."""
FIGURES = ("how many", "results", "unfinished", "size", "to free", "freed")
"""Columns of numbers."""
Command = TypeVar("Command", bound=Callable[..., Any])


def _known_stage(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """UserError, with the nearest name, for a stage that does not exist; click's own choice lists all and names none."""
    if value is not None and value not in STAGES:
        from vsslfw.errors import Problem, UserError, did_you_mean

        raise UserError(Problem("there is no such stage in a cache", f"--stage {value}", did_you_mean(value, STAGES)))
    return value


def _cache_option(command: Command) -> Command:
    help_ = "The cache: of most runs, .vsslfw-cache beside their folder."
    return click.option("--cache", type=click.Path(path_type=Path), default=DEFAULT, show_default=True, help=help_)(command)


@click.group("cache")
def command() -> None:
    """List what runs share, say what made it, and keep it small."""


@command.command("ls", short_help="List what is there: how much of each kind, or each result of one stage.")
@_cache_option
@click.option("--stage", metavar=f"[{'|'.join(STAGES)}]", callback=_known_stage, help="Each result of this stage, the last used one first.")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
def ls(cache: Path, stage: str | None, as_json: bool) -> int:
    """List what the cache holds: of each kind how many results, their size on disk, and when one of them was last used.

    "to free" is what gc could free. A run folder holds its encoders too, as further names of the same file: the disk has such a file
    once, and removing it from the cache frees nothing.

    \b
    vsslfw cache ls
    vsslfw cache ls --stage pretrain
    """
    from vsslfw.caching import few_words, read_contents, size_in_words
    from vsslfw.cli.console import table_console

    contents = read_contents(cache)
    own = sorted((r for r in contents.results if r.stage == stage), key=lambda r: (-r.last_used, r.key))
    if as_json:
        rows = [_plain(result) | {"what": few_words(result)} for result in own] if stage else [asdict(kind) for kind in contents.kinds()]
        whole = {"cache": str(cache), "bytes": contents.bytes, "freeable": contents.freeable}
        click.echo(json.dumps(whole | {"results" if stage else "kinds": rows}, indent=2))
        return 0
    console = table_console()
    if not stage:
        console.print(_kinds(contents))
    elif own:
        console.print(_results(own))
    else:
        click.echo(f"There is no result of {stage}.")
    told = f"{cache}: {size_in_words(contents.bytes)} in all, of which gc could free {size_in_words(contents.freeable)}."
    console.print(printable(told), markup=False, soft_wrap=True)
    return 0


@command.command("why", short_help="Say what made a result, and what would change it.")
@click.argument("key")
@click.argument("other_key", required=False)
@_cache_option
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
def why(key: str, other_key: str | None, cache: Path, as_json: bool) -> int:
    """Say what made the result whose key begins with KEY (4 digits at least): values of the recipe, components, other results.

    With OTHER_KEY: what differs between what both were made of, and so why the second was not the first, used again.

    \b
    vsslfw cache why 8d583797
    vsslfw cache why 8d583797 1f0c22ab
    """
    from vsslfw.caching import compare, explain, find_result, read_contents
    from vsslfw.cli.console import table_console

    contents = read_contents(cache)
    result = find_result(contents.results, key)
    if other_key is None:
        explanation = explain(contents, result)
        if as_json:
            click.echo(json.dumps(explanation.to_dict(), indent=2))
        else:
            _print_explanation(table_console(), explanation, cache)
        return 0
    other = find_result(contents.results, other_key)
    found = compare(result, other)
    if as_json:
        click.echo(json.dumps({"a": result.key, "b": other.key, "differences": [asdict(one) for one in found]}, indent=2))
        return 0
    console = table_console()
    for letter, side in (("A", result), ("B", other)):
        console.print(f"{letter}  {side.stage} {side.key[:DIGITS]}, made {_time(side.made)} UTC", soft_wrap=True)
    if found:
        console.print(_table(("what", "A", "B"), [(one.name, one.a, one.b) for one in found]))
    else:
        console.print("It is one result." if result.key == other.key else "Nothing that is recorded differs.")
    return 0


@command.command("gc", short_help="Remove what was not used for longest, until the cache is small enough.")
@click.option("--max", "most", metavar="SIZE", help="How much may stay: 200GB, 1.5TB, 500MB, 100GiB.  [required]")
@_cache_option
@click.option("--dry-run", is_flag=True, help="Say what would be removed; change nothing.")
def gc(most: str | None, cache: Path, dry_run: bool) -> int:
    """Remove whole results, the least recently used first, until the cache has at most SIZE.

    What is removed is computed again when a run wants it, with the same outcome. Made video, the private keys to pseudonyms and small
    notes about files are never removed. While a run uses the cache, nothing is.
    """
    from vsslfw.caching import bytes_of, collect
    from vsslfw.cli.console import table_console
    from vsslfw.errors import Problem, UserError

    if most is None:
        hint = "Such as: vsslfw cache gc --max 200GB --dry-run"
        raise UserError(Problem("how much may stay is not said; a number and a unit are expected", "--max", hint))
    size = bytes_of(most, "--max")
    _print_removal(table_console(), collect(cache, size, dry_run=dry_run), size, dry_run)
    return 0


def _kinds(contents: Contents) -> RenderableType:
    from vsslfw.caching import size_in_words

    rows = []
    for kind in contents.kinds():
        used = _time(kind.last_used) if kind.last_used is not None else "–"
        unfinished = str(kind.unfinished) if kind.unfinished else ""
        free = size_in_words(kind.freeable) if kind.name in STAGES else "–"
        rows.append((kind.name, str(kind.results), unfinished, size_in_words(kind.bytes), free, used))
    sums = [str(sum(getattr(kind, name) for kind in contents.kinds())) for name in ("results", "unfinished")]
    total = ("total", sums[0], sums[1] if sums[1] != "0" else "", size_in_words(contents.bytes), size_in_words(contents.freeable), "")
    return _table(("kind", "how many", "unfinished", "size", "to free", "last used (UTC)"), rows, total)


def _results(results: Sequence[Result]) -> RenderableType:
    from vsslfw.caching import few_words, size_in_words

    rows = []
    for result in results:
        own = (size_in_words(result.bytes), size_in_words(result.freeable))
        rows.append((result.key[:DIGITS], *own, _time(result.made), _time(result.last_used), few_words(result)))
    sizes = [size_in_words(sum(getattr(result, name) for result in results)) for name in ("bytes", "freeable")]
    total = (f"{len(results)} in all", *sizes, "", "", "")
    return _table(("key", "size", "to free", "made (UTC)", "last used (UTC)", "what made it"), rows, total)


def _print_explanation(console: Console, why: Explanation, cache: Path) -> None:
    from vsslfw.caching import size_in_words
    from vsslfw.caching.uses import places

    def say(line: str) -> None:
        console.print(printable(line), markup=False, soft_wrap=True)

    result = why.result
    say(f"{result.stage} {result.key}")
    said = f"made {_time(result.made)} UTC, last used {_time(result.last_used)} UTC, {size_in_words(result.bytes)}"
    if shared := result.bytes - result.freeable:
        said += f"; run folders hold {size_in_words(shared)} of it too: its removal would free {size_in_words(result.freeable)}"
    say(said)
    if made_for := why.origin.made_for():
        say(made_for)
    if result.head is None:
        say("It is unfinished: a run was stopped. It goes on with the same command, and then says what made it.")
        return
    if why.origin.inputs is None:
        say("What it was made of is not recorded: the version of vsslfw that made it noted none of that for this kind of result.")
    else:
        _print_inputs(console, why, say)
    if why.runs is None:
        say("Which runs used it is not recorded.")
    else:
        say(f"Runs below {' and '.join(map(str, places(cache)))} that used it: {', '.join(map(str, why.runs)) or 'none'}")


def _print_inputs(console: Console, why: Explanation, say: Callable[[str], None]) -> None:
    console.print(_table(("key of the recipe", "value"), [(key, repr(value)) for key, value in why.settings.items()]))
    head = ("component", "in the recipe", "distribution", "version then", "cache_version")
    rows = [(f"{m.kind} {m.name}", m.key, m.distribution, m.version or "not recorded", str(m.cache_version)) for m in why.components]
    if rows:
        console.print(_table(head, rows))
    if why.notes:
        console.print(_table(("besides", "value"), [(what, str(value)) for what, value in why.notes.items()]))
    if why.made_of:
        say("Made of")
        for of in why.made_of:
            say(f"  {of.role}: {_keys(of.keys, of.stage)}")
        gone = len(why.missing)
        if gone:
            say(f"  {gone} of these {'is' if gone == 1 else 'are'} no longer in the cache.")
        say("  vsslfw cache why KEY says the same of each of them.")
        say("")
    say("What would change it")
    for change in why.changes():
        say(f"  {change}")
    say("")


def _keys(keys: Sequence[str], stage: str) -> str:
    more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
    return f"{len(keys)} of {stage}: {' '.join(key[:DIGITS] for key in keys[:NAMED])}{more}"


def _print_removal(console: Console, removal: Removal, most: int, dry_run: bool) -> None:
    from vsslfw.caching import size_in_words

    before, after = size_in_words(removal.before), size_in_words(removal.after)
    if removal.trouble:
        click.echo(f"Nothing could be removed now: {printable(removal.trouble)}.")
    if not removal.results:
        click.echo(f"Nothing {'would be' if dry_run else 'was'} removed: the cache has {before}.")
    else:
        rows = [row for stage in STAGES if (row := _removed(stage, [r for r in removal.results if r.stage == stage]))]
        whole, unfinished = (sum((result.head is None) is left for result in removal.results) for left in (False, True))
        total = ("total", str(whole), str(unfinished or ""), size_in_words(removal.before - removal.after), size_in_words(removal.freed))
        console.print(_table(("would be removed" if dry_run else "removed", "results", "unfinished", "size", "freed"), rows, total))
        click.echo(f"The cache {'would have' if dry_run else 'has'} {after}; it {'has' if dry_run else 'had'} {before}.")
        if shared := removal.before - removal.after - removal.freed:
            stays = "would stay" if dry_run else "stays"
            click.echo(f"{size_in_words(shared)} of it {stays} on the disk, since run folders hold the same files.")
    if removal.after > most:
        click.echo("That is more than asked for: made video, private keys, locks and notes about files are never removed.")


def _removed(stage: str, results: Sequence[Result]) -> tuple[str, ...] | None:
    from vsslfw.caching import size_in_words

    if not results:
        return None
    unfinished = sum(result.head is None for result in results)
    sizes = [size_in_words(sum(getattr(result, name) for result in results)) for name in ("bytes", "freeable")]
    return (stage, str(len(results) - unfinished), str(unfinished or ""), *sizes)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], total: Sequence[str] | None = None) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for name in head:
        table.add_column(name, overflow="fold", justify="right" if name in FIGURES else "left")
    for row in rows:
        table.add_row(*(Text(DIGEST.sub(r"\1", printable(cell))) for cell in row))
    if total is not None:
        table.add_section()
        table.add_row(*(Text(cell, "bold") for cell in total))
    return table


def _plain(result: Result) -> dict[str, Any]:
    times = {"made": result.made, "last_used": result.last_used}
    return {"key": result.key, "whole": result.head is not None, "bytes": result.bytes, "freeable": result.freeable, **times}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
