"""Rewrites what the docs read off the code: the tables of docs/kinds, and the command line's help in docs/cli.md.

    python docs/update.py

A table stands between <!-- begin NAME --> and <!-- end NAME -->; tests/test_reference_docs.py compares it with the code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from vsslfw.cli import COMMANDS, _group
from vsslfw.known_plugins import COMPONENTS
from vsslfw.plugins import Plugins, Selection
from vsslfw.registry import BUILTIN_PLUGIN, KINDS
from vsslfw.testing import checks_for

LAYOUT: dict[str, Any] = {"max_content_width": 100, "terminal_width": 100, "help_option_names": ["-h", "--help"]}
CLI_HEAD = """# Command line

What `vsslfw COMMAND --help` prints, made by `python docs/update.py` and compared with the program by a test.
"""
DOCS = Path(__file__).parent
VARIANTS = {"corruption": ("level", ("frame", "sequence", "feature")), "head": ("task", ("pretext", "classification"))}
"""Kind -> what divides it, and the parts."""
GENERAL = ("contract", "copies", "surroundings", "modules")
"""Modules of checks that several kinds share: they come last in a table."""


def page_of(kind: str) -> Path:
    """The reference page of a kind."""
    return DOCS / "kinds" / f"{kind}.md"


def updated(text: str, kind: str) -> str:
    """The text of a page with its tables as the code has them now. ValueError if it has no place for one."""
    for name, table in (("checks", checks(kind)), ("components", components(kind))):
        mark = re.compile(rf"(?<=<!-- begin {name} -->\n).*?(?=<!-- end {name} -->)", re.DOTALL)
        text, count = mark.subn(lambda _, table=table: table, text)
        if count != 1:
            raise ValueError(f"the page of {kind} has {count} tables of {name}; one is expected, between <!-- begin {name} --> and its end")
    return text


def checks(kind: str) -> str:
    """Every check of a kind, its own before those that others have too, and what it asks: the first line of its docstring."""
    word, parts = VARIANTS.get(kind, ("", ("",)))
    rows = []
    for check in sorted(checks_for(kind), key=lambda check: check.targets[0][1].partition(":")[0] in GENERAL):
        asked: dict[str, list[str]] = {}
        for part in parts:
            if any(which in ("", part) for which, _ in check.targets):
                asked.setdefault(check.contract(part), []).append(part)
        for contract, which in asked.items():
            said = "all" if len(which) == len(parts) else ", ".join(which)
            rows.append((f"`{check.name}`", *((said,) if word else ()), contract))
    return _table(("check", *((word,) if word else ()), "what it asks"), rows)


def components(kind: str) -> str:
    """What there is of a kind: the built-in components, and those of the plugins in this repository."""
    plugins = Plugins(Selection(only=tuple(COMPONENTS)))
    if broken := plugins.broken():
        raise ValueError(f"plugin {broken[0].name} is broken: {broken[0].trouble}")
    rows = []
    for component in plugins.registries.components(kind):
        readme = f"[{component.distribution}](../../plugins/{component.distribution}/README.md)"
        by = "built in" if component.plugin == BUILTIN_PLUGIN else readme
        rows.append((f"`{component.name}`", component.summary, by))
    return _table(("component", "what it is", "contributed by"), rows)


def command_line() -> str:
    """docs/cli.md: the help of every command."""
    pages = [CLI_HEAD]
    for name in ("", *COMMANDS):
        words = ["vsslfw", *([name] if name else [])]
        context = click.Context(_group, info_name="vsslfw", **LAYOUT)
        command: click.Command = _group
        if name:
            found = _group.get_command(context, name)
            assert found is not None
            command, context = found, click.Context(found, context, info_name=name, **LAYOUT)
        pages.append(f"## {' '.join(words)}\n\n```text\n{command.get_help(context).rstrip()}\n```\n")
    return "\n".join(pages)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


if __name__ == "__main__":
    (DOCS / "cli.md").write_text(command_line(), encoding="utf-8")
    for kind in KINDS:
        page = page_of(kind)
        before = page.read_text(encoding="utf-8")
        after = updated(before, kind)
        if after != before:
            page.write_text(after, encoding="utf-8")
            print(f"{page.relative_to(DOCS.parent)} has changed")
