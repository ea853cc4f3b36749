"""The documentation site: it builds without a warning, every page is reached, and nothing of it asks a network."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import click
import pytest
import yaml
from click.parser import _OptionParser as OptionParser

from vsslfw.cli import COMMANDS, _group

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("**/*.md"))
COMMAND = re.compile(r"^\$ (?:[\w./]*/)?(vsslfw(?: .*)?)$", re.MULTILINE)
LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
"""Tag -> the attribute that makes a browser fetch something."""
FETCHING_LINKS = {"stylesheet", "preload", "icon", "preconnect", "dns-prefetch", "modulepreload"}


def script(name: str) -> ModuleType:
    """A script of docs/."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs", reason="the extra docs is not installed")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    assert done.returncode == 0, done.stderr
    return folder


class Loaded(HTMLParser):
    """Every address that a page makes a browser fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "link" and not set((given.get("rel") or "").split()) & FETCHING_LINKS:
            return
        if tag in LOADS and (address := given.get(LOADS[tag])):
            self.addresses.append(address)


def test_nothing_of_the_site_is_fetched_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) >= len(PAGES)
    for page in pages:
        outside = [a for a in Loaded(page.read_text(encoding="utf-8")).addresses if re.match(r"(https?:)?//", a)]
        assert outside == [], page
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert not re.search(r"url\([\"']?(https?:)?//", styles)


def leaves(nav: object) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        yield from (leaf for value in nav.values() for leaf in leaves(value))
    elif isinstance(nav, list):
        yield from (leaf for value in nav for leaf in leaves(value))


def test_every_page_is_in_the_navigation_once() -> None:
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    assert sorted(leaves(nav)) == sorted(str(page.relative_to(DOCS)) for page in PAGES)


def test_the_command_line_in_the_docs_is_the_programs() -> None:
    assert (DOCS / "cli.md").read_text(encoding="utf-8") == script("update").command_line(), "run: python docs/update.py"


def test_the_figure_of_the_data_flow_is_what_its_script_draws() -> None:
    flow = script("flow")
    assert (DOCS / "img" / "flow.svg").read_text(encoding="utf-8") == flow.drawn()
    from vsslfw.registry import KINDS

    assert {kind for _, _, kinds in flow.STAGES for kind in kinds} == set(KINDS)


SOURCES = [*PAGES, *ROOT.glob("*.md"), *ROOT.glob("plugins/*/README.md")]
SHOWN = [(page, line) for page in SOURCES for line in COMMAND.findall(page.read_text(encoding="utf-8").replace("\\\n", " "))]


@pytest.mark.parametrize(("page", "line"), SHOWN, ids=lambda value: value if isinstance(value, str) else value.stem)
def test_every_command_line_in_the_docs_can_be_given(page: Path, line: str) -> None:
    words = shlex.split(re.sub(r"\s+#.*$", "", line))[1:]
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in ("-p", "--plugin") else words[1:]
    if not words:
        return
    name, *rest = words
    assert name in COMMANDS, f"there is no command {name}"
    command = _group.get_command(click.Context(_group), name)
    assert command is not None
    context = click.Context(command, info_name=name)
    parser: OptionParser = command.make_parser(context)
    parser.parse_args([word for word in rest if word not in ("...", "…")])


def test_there_are_command_lines_to_check() -> None:
    assert len(SHOWN) > 40
