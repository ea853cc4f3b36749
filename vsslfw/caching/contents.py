"""What lies in a cache: every result with its files, its size, and when it was made and last used. Nothing is opened."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vsslfw.errors import Problem, UserError
from vsslfw.pipeline.origin import ORIGIN

KEYED = ("features", "pretrain", "folds", "baselines", "shortcuts", "final")
"""What has keys, and can be removed: it is computed again when it is wanted."""
NOTES = ("probe", "online", "costs")
"""Small notes that spare hours of reading video."""
KINDS = (*KEYED, *NOTES, "datasets")
OTHER = "other"
"""Private keys to pseudonyms, locks, and what is not ours."""
KEY = re.compile(r"[0-9a-f]{64}")
HEAD = "result.json"
NAME = ".vsslfw-cache"
"""What a cache is called if nobody calls it otherwise."""


@dataclass(frozen=True)
class File:
    """A file on disk. ``links`` are all of its names, in the cache and elsewhere: the disk has it once."""

    path: Path
    bytes: int
    inode: tuple[int, int]
    links: int
    modified: float


@dataclass(frozen=True)
class Result:
    """A result of one stage, or what a killed run left of one."""

    stage: str
    key: str
    files: tuple[File, ...]
    head: Path | None
    """The file that makes it whole; none: it is unfinished."""
    folder: Path | None
    """Its own folder; features have none."""
    made: float
    """Seconds since 1970; so is ``last_used``."""
    last_used: float

    @property
    def bytes(self) -> int:
        """Its size on disk."""
        return total(self.files)

    @property
    def freeable(self) -> int:
        """What its removal would free: a file that a run folder holds too stays on the disk."""
        return freed(self.files)


@dataclass(frozen=True)
class Kind:
    """All results of one kind."""

    name: str
    results: int
    unfinished: int
    bytes: int
    freeable: int
    """What ``gc`` could free of it."""
    last_used: float | None


@dataclass(frozen=True)
class Contents:
    """A cache: its results, and the files of every kind that belong to none."""

    folder: Path
    results: tuple[Result, ...]
    others: dict[str, tuple[File, ...]]

    @property
    def files(self) -> list[File]:
        """All files."""
        return [*(file for result in self.results for file in result.files), *(file for files in self.others.values() for file in files)]

    @property
    def bytes(self) -> int:
        """Size on disk."""
        return total(self.files)

    @property
    def freeable(self) -> int:
        """What the removal of all results would free."""
        return freed(file for result in self.results for file in result.files)

    def kinds(self) -> list[Kind]:
        """By kind, those with a key first; a kind of which there is nothing too."""
        return [self._kind(name) for name in (*KINDS, OTHER)]

    def _kind(self, name: str) -> Kind:
        own, other = [result for result in self.results if result.stage == name], self.others.get(name, ())
        files = [*(file for result in own for file in result.files), *other]
        whole = sum(result.head is not None for result in own)
        used = [*(result.last_used for result in own), *(file.modified for file in (other if name not in KEYED else ()))]
        count = whole if name in KEYED else _count(self.folder / name, name, other)
        return Kind(name, count, len(own) - whole, total(files), freed(f for r in own for f in r.files), max(used, default=None))


def _count(folder: Path, name: str, files: Iterable[File]) -> int:
    """Data sets are folders; of everything else, files."""
    paths = [file.path for file in files]
    return len({path.relative_to(folder).parts[0] for path in paths}) if name == "datasets" else len(paths)


def total(files: Iterable[File]) -> int:
    """Bytes on disk, each file once, whatever the number of its names."""
    return sum({file.inode: file.bytes for file in files}.values())


def freed(files: Iterable[File]) -> int:
    """Bytes that the disk gets back if all these names are removed."""
    own = list(files)
    names = Counter(file.inode for file in own)
    return total(file for file in own if names[file.inode] >= file.links)


def read_contents(folder: Path) -> Contents:
    """Everything in the cache. UserError if the folder is none, or cannot be read."""
    check_cache(folder)
    try:
        return _contents(folder)
    except OSError as error:
        what = f"cannot be read: {error.strerror or type(error).__name__}"
        raise UserError(Problem(what, error.filename or f"--cache {folder}", "Mend its permissions")) from error


def check_cache(folder: Path) -> None:
    """UserError if the folder is no cache."""
    where, hint = f"--cache {folder}", "A run makes it, beside its own folder; --cache names another"
    if not folder.is_dir():
        raise UserError(Problem("is a file; a cache is a folder" if folder.exists() else "there is no such folder", where, hint))
    if folder.resolve().name == NAME or any((folder / kind).is_dir() for kind in KINDS):
        return
    inside = folder / NAME
    raise UserError(Problem("holds no cache of vsslfw", where, f"There is one in it: --cache {inside}" if inside.is_dir() else hint))


def _contents(folder: Path) -> Contents:
    results: list[Result] = []
    others: defaultdict[str, list[File]] = defaultdict(list)
    for child in sorted(folder.iterdir()):
        if child.name == "features":
            found = _features(child)
        elif child.name in KEYED:
            found = _results(child)
        else:
            kind = child.name if child.name in KINDS else OTHER
            others[kind] += _files_below(child)
            continue
        for one in found:
            if isinstance(one, Result):
                results.append(one)
            else:
                others[child.name].append(one)
    return Contents(folder, tuple(results), {kind: tuple(files) for kind, files in others.items()})


def _features(folder: Path) -> Iterator[Result | File]:
    """An entry is a header beside its shards; what a killed write left belongs to the entry whose key it bears."""
    by_key: defaultdict[str, list[File]] = defaultdict(list)
    for file in _files_below(folder):
        match = KEY.match(file.path.name.removeprefix("."))
        if match is None or file.path.parent.name != match[0][:2]:
            yield file
        else:
            by_key[match[0]].append(file)
    for key, files in by_key.items():
        head = next((file for file in files if file.path.name == f"{key}.json"), None)
        made = max(file.modified for file in files if file is not head or len(files) == 1)
        yield Result("features", key, tuple(files), head.path if head else None, None, made, head.modified if head else made)


def _results(folder: Path) -> Iterator[Result | File]:
    """A result is a folder that bears its key."""
    for child in sorted(folder.iterdir()):
        if not KEY.fullmatch(child.name) or not child.is_dir() or child.is_symlink():
            yield from _files_below(child)
            continue
        files = tuple(_files_below(child))
        times = {file.path: file.modified for file in files}
        written = child.stat().st_mtime  # a use changes the time of the result, not that of its folder
        head = child / HEAD if child / HEAD in times else None
        last_used = times[head] if head else max(times.values(), default=written)
        yield Result(folder.name, child.name, files, head, child, times.get(child / ORIGIN, written), last_used)


def _files_below(path: Path) -> Iterator[File]:
    """The file itself, or all files of a folder; what a link leads to is not ours. One that vanishes meanwhile is none."""
    if not path.is_dir() or path.is_symlink():
        paths: Iterable[Path] = [path]
    else:
        paths = (Path(root) / name for root, _, names in os.walk(path, onerror=_raise) for name in sorted(names))
    for one in paths:
        try:
            stat = one.lstat()
        except FileNotFoundError:
            continue
        yield File(one, stat.st_size, (stat.st_dev, stat.st_ino), stat.st_nlink, stat.st_mtime)


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
