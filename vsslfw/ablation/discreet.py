"""What a study's folder may keep of an error's words: they can hold the paths of a hospital's files and the ids of its patients."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from vsslfw.data.manifest import Manifest
from vsslfw.data.pseudonyms import Pseudonyms

PATH = re.compile(r"""(?<![\w.<])(?:[A-Za-z]:)?(?:[/\\][^/\\\s:'"“”(),]+){2,}""")
"""An absolute path of two parts or more, as far as white space lets it be told."""
BARE = 3
"""A number of up to so many digits is an id only where a word says so: “1 of 4 subjects” names nobody."""


def discreet(text: str, manifest: Manifest, seed: int) -> str:
    """The text with subjects and videos by their pseudonyms, and files without their folders."""
    pseudonyms = Pseudonyms.of(manifest, seed)
    files = {str(row.path): pseudonyms.video(row.video_id) for row in manifest.rows}
    files |= {row.path.name: pseudonyms.video(row.video_id) for row in manifest.rows}
    text = _replaced(text, files)
    for folder in sorted({str(row.path.parent) for row in manifest.rows}, key=len, reverse=True):
        text = text.replace(f"{folder}{os.sep}", "")
    text = PATH.sub(lambda found: re.split(r"[/\\]", found.group())[-1], text)
    return _replaced(text, pseudonyms.videos | pseudonyms.subjects)


def _replaced(text: str, names: Mapping[str, str]) -> str:
    for name in sorted(names, key=len, reverse=True):
        said = r"\b(?:subject|video|fold)s? [\"“]?" if name.isdigit() and len(name) <= BARE else r"(?<![\w-])"
        parts = re.split(f"({said}){re.escape(name)}(?![\\w-])", text)
        text = "".join(part + (names[name] if number % 2 else "") for number, part in enumerate(parts))
    return text
