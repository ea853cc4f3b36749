"""``vsslfw components``: what can be swapped in, and who contributed it."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from vsslfw.cli.options import plugin_option

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vsslfw.registry import Component

_FACTS = (
    "level",
    "task",
    "feature_dim",
    "frame_size",
    "mean",
    "std",
    "clip_length",
    "clip_stride",
    "max_positions",
    "synthetic",
    "cache_version",
)


@click.command("components")
@click.argument("kind", required=False)
@click.argument("name", required=False)
@plugin_option
def command(kind: str | None, name: str | None) -> None:
    """List all components, those of a KIND, or describe the one called NAME: its parameters, shapes and contract."""
    from vsslfw.cli.console import table_console
    from vsslfw.errors import Problem, UserError, did_you_mean
    from vsslfw.plugins import plugins
    from vsslfw.registry import KINDS

    if kind is not None and kind not in KINDS:
        raise UserError(Problem(f'there is no kind "{kind}"', hint=did_you_mean(kind, KINDS)))
    registries = plugins().registries
    console = table_console()
    if kind is not None and name is not None:
        for part in _description(registries.find(kind, name)):
            console.print(part, markup=False)
        return
    console.print(_table(registries.components(kind)))


def _table(components: list[Component]) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table("kind", "name", "contributed by", "summary", box=box.SIMPLE_HEAD)
    last = ""
    taken = Counter((component.kind, component.name) for component in components)
    for component in components:
        by = f"{component.distribution} {component.version}"
        name = component.name if taken[component.kind, component.name] == 1 else component.qualified
        table.add_row(*map(Text, (component.kind if component.kind != last else "", name, by, component.summary)))
        last = component.kind
    return table


def _description(component: Component) -> Iterator[RenderableType]:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from vsslfw.interfaces import CONTRACTS
    from vsslfw.recipe.signature import REQUIRED, parameters

    cls = component.load()
    yield Text(f"{component.kind} {component.name}", style="bold") + Text(f"  {component.summary}", style="not bold")
    yield f"contributed by {component.distribution} {component.version} (plugin {component.plugin}), class {component.target}\n"
    contract = CONTRACTS[component.kind]
    yield f"contract  {contract.__name__}: {(inspect.getdoc(contract) or '').splitlines()[0]}"
    for fact in _FACTS:
        value = getattr(cls, fact, None)
        if isinstance(value, str | int | tuple):
            yield f"{fact:<9} {value}"
    yield f"\n{inspect.getdoc(cls) or 'It has no description.'}\n"
    known = parameters(cls, component.kind)
    if not known:
        yield "It has no parameters." if known == {} else "It takes any parameters."
        return
    table = Table("parameter", "type", "default", box=box.SIMPLE_HEAD)
    for parameter in known.values():
        default = "required" if parameter.default is REQUIRED else repr(parameter.default)
        table.add_row(*map(Text, (parameter.name, parameter.written, default)))
    yield table
