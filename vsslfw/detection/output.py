"""Whether a file may be written, asked before the hours of work that fill it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from vsslfw.errors import Problem

WHERE = "-o"


def wrong_output(path: Path, *, replaces: bool, hint: str) -> Iterator[Problem]:
    """Why ``path`` must not be written (a file is there, and ``hint`` says what to do), or cannot be.

    ``replaces``: a file that is there may go. Nothing is created, and nothing is changed.
    """
    if path.is_dir():
        yield Problem(f"{path} is a folder, and a file is to be written", WHERE, "name a file in it")
    elif path.exists() and not replaces:
        yield Problem(f"{path} is there already, and is left as it is", WHERE, hint)
    else:
        folder = next(parent for parent in path.absolute().parents if parent.exists())
        if not folder.is_dir():
            yield Problem(f"{path} cannot be written: {folder.name} is a file, not a folder", WHERE, "choose another name")
        elif not os.access(folder, os.W_OK | os.X_OK):
            yield Problem(f"{path} cannot be written: the folder {folder.name} may not be written to", WHERE, "choose another folder")
