"""The cache is kept below a size: whole results are removed, the least recently used first."""

from __future__ import annotations

import contextlib
import shutil
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from vsslfw.caching.contents import Contents, Result, freed, read_contents
from vsslfw.caching.locks import in_use, unused
from vsslfw.errors import Problem, UserError


@dataclass(frozen=True)
class Removal:
    """What was removed, or would be: the results, and the size of the cache before and after, in bytes."""

    results: tuple[Result, ...]
    before: int
    after: int
    freed: int
    """What the disk gets back: a file that a run folder holds too stays on it."""
    trouble: str = ""
    """Of a dry run: why nothing could be removed now."""


def collect(folder: Path, most: int, *, dry_run: bool = False) -> Removal:
    """Remove results until the cache has at most ``most`` bytes, or none is left. UserError if somebody uses the cache.

    A dry run changes nothing, so that it is never refused.
    """
    removal = plan(read_contents(folder), most)  # what is wrong with the folder is said before a lock is made in it
    if dry_run:
        return replace(removal, trouble=in_use(folder, tidy=False))
    with unused(folder):
        removal = plan(read_contents(folder), most)
        for result in removal.results:
            _remove(result)
    return removal


def plan(contents: Contents, most: int) -> Removal:
    """The least recently used results, unfinished ones by the time of their last file, until ``most`` bytes are left at most."""
    names = Counter(file.inode for file in contents.files)
    before = after = contents.bytes
    chosen: list[Result] = []
    for result in sorted(contents.results, key=lambda result: (result.last_used, result.stage, result.key)):
        if after <= most:
            break
        chosen.append(result)
        for file in result.files:
            names[file.inode] -= 1
            after -= file.bytes if names[file.inode] == 0 else 0
    return Removal(tuple(chosen), before, after, freed(file for result in chosen for file in result.files))


def _remove(result: Result) -> None:
    """The file that makes it whole goes first: whoever is killed in between leaves no result that seems whole."""
    try:
        if result.head is not None:
            result.head.unlink(missing_ok=True)
        if result.folder is not None:
            shutil.rmtree(result.folder)
            return
        for file in result.files:
            file.path.unlink(missing_ok=True)
    except OSError as error:
        what, where = f"cannot be removed: {error.strerror or type(error).__name__}", error.filename or _place(result)
        raise UserError(Problem(what, str(where), "What was removed before it is gone; mend this, and go on")) from error
    for parent in {file.path.parent for file in result.files}:
        with contextlib.suppress(OSError):  # it holds other entries
            parent.rmdir()


def _place(result: Result) -> Path:
    return result.folder or result.files[0].path
