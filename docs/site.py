"""Hooks of the documentation site: it asks no network, and links that leave docs/ become the paths that they name."""

from __future__ import annotations

import re
from typing import Any

LEAVING = re.compile(r"\[([^\]]+)\]\(((?:\.\./)+(?:plugins|recipes|benchmarks|vsslfw|tests|README|CONTRIBUTING)[^)]*)\)")
SHIM = re.compile(r"https://[^\"']*/iframe-worker/shim")
"""What lets the search work from a folder; the theme would have it fetched, docs/js has a copy."""
COPY = "js/iframe-worker.js"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page with every link to a plugin, a recipe or the README as its text and, in brackets, the path in the repository."""
    return LEAVING.sub(lambda found: f"{found[1]} (`{found[2].replace('../', '')}`)", markdown)


def on_post_page(output: str, *, page: Any, **_: Any) -> str:
    """The page with the copy of the shim."""
    return SHIM.sub("../" * page.url.count("/") + COPY, output)


def on_post_template(output_content: str, **_: Any) -> str:
    """Pages that are made of no Markdown, likewise."""
    return SHIM.sub(COPY, output_content)
