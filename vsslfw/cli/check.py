"""``vsslfw check``: the conformance kit from outside, on any installed or local plugin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsslfw.cli.options import plugin_option

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vsslfw.plugins import Plugin
    from vsslfw.registry import Component
    from vsslfw.testing import Cost, Outcome

STYLES = {"passed": "green", "failed": "bold red", "skipped": "yellow"}


@click.command("check")
@click.argument("plugin")
@click.option("--only", metavar="NAME", help="Check the component of this name alone.")
@click.option("--all", "show_all", is_flag=True, help="Show every check, those that passed too.")
@click.option("--cost", is_flag=True, help="Measure what each component costs, in time and memory.")
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write outcomes and costs there as JSON.")
@plugin_option
def command(plugin: str, only: str | None, show_all: bool, cost: bool, json_file: Path | None) -> int:
    """Check every component of PLUGIN: the name of an installed one, a file (./my_plugin.py) or a module.

    Each component is built with the parameters that its class declares in check_with, and put through the checks of its kind
    (docs/testing.md). The exit code is 1 if one fails. "vsslfw" checks the built-in components, which takes minutes.
    """
    from rich.markup import escape

    from vsslfw.cli.console import table_console
    from vsslfw.errors import Problem, UserError, did_you_mean
    from vsslfw.testing import cost_of, run_checks

    console = table_console()
    found = _find(plugin)
    if found.state != "ok":
        raise UserError(Problem(f"plugin {found.name} {found.absent().why}"))
    components = [component for component in found.components if only in (None, component.name)]
    if not components:
        names = [component.name for component in found.components]
        what = f'plugin {found.name} contributes no component "{only}"' if only else f"plugin {found.name} contributes no component"
        raise UserError(Problem(what, hint=did_you_mean(only, names) if only else ""))
    console.print(f"[bold]{escape(found.name)}[/] {escape(found.version or '-')}, from {escape(found.path or found.distribution)}")
    records = []
    failed = skipped = 0
    for component in components:
        cls = component.load()
        with console.status(f"{component.kind} {component.name}"):
            outcomes = run_checks(component.kind, cls)
            spent = cost_of(component.kind, cls) if cost else None
        failed += sum(outcome.outcome == "failed" for outcome in outcomes)
        skipped += sum(outcome.outcome == "skipped" for outcome in outcomes)
        console.print(_table(component, outcomes, show_all))
        for line in _failures(outcomes):
            console.print(line, markup=False, soft_wrap=True)
        if spent is not None:
            console.print(f"  cost      {spent}", markup=False)
        records.append(_record(component, outcomes, spent))
    if json_file is not None:
        from vsslfw.atomic import write_json

        write_json(json_file, {"plugin": found.name, "version": found.version, "components": records})
    told = f"{failed} check{'s' if failed > 1 else ''} failed" if failed else "every check passed"
    console.print(f"{told}, and {skipped} said nothing (skipped)" if skipped else told)
    return 1 if failed else 0


def _find(name: str) -> Plugin:
    """The plugin of that name, file or module; UserError if there is none."""
    from vsslfw.errors import Problem, UserError, did_you_mean
    from vsslfw.plugins import Plugins, choosing, named, selection
    from vsslfw.plugins.discovery import installed_names
    from vsslfw.plugins.selection import looks_like_a_file

    plugin = Plugins(selection()).named(name)
    if plugin is None:
        try:
            with choosing([name]):
                plugin = Plugins(selection()).named(named(name).name)
        except UserError:
            if looks_like_a_file(name):
                raise
    if plugin is None:
        raise UserError(Problem(f'there is no plugin "{name}"', hint=did_you_mean(name, {*installed_names(), "vsslfw"})))
    return plugin


def _table(component: Component, outcomes: Sequence[Outcome], show_all: bool) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        "check", "outcome", "what the contract asks", box=box.SIMPLE_HEAD, title=f"{component.kind} {component.name}", title_justify="left"
    )
    for outcome in outcomes:
        if show_all or outcome.outcome != "passed":
            words = outcome.contract if outcome.outcome != "skipped" else f"skipped: {outcome.words}"
            name = outcome.name if outcome.component == component.name else f"{outcome.name}, {outcome.component}"
            table.add_row(Text(name), Text(outcome.outcome, style=STYLES[outcome.outcome]), Text(words))
    passed = sum(outcome.outcome == "passed" for outcome in outcomes)
    table.add_row(Text(f"{passed} of {len(outcomes)} passed", style="bold"), Text(""), Text(""))
    return table


def _failures(outcomes: Iterable[Outcome]) -> Iterator[str]:
    for outcome in outcomes:
        if outcome.outcome == "failed":
            yield f"{outcome.name}, {outcome.component}:"
            yield "\n".join(f"    {line}" for line in outcome.words.splitlines())


def _record(component: Component, outcomes: Sequence[Outcome], cost: Cost | None) -> dict[str, object]:
    return {
        "kind": component.kind,
        "name": component.name,
        "checks": [{"name": o.name, "component": o.component, "outcome": o.outcome, "words": o.words} for o in outcomes],
        "cost": None if cost is None else cost.to_dict(),
    }
