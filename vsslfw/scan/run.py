"""The whole scan: list the folder, look at every file, find copies, judge, and write manifest and audit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vsslfw.data.manifest import read_manifest
from vsslfw.errors import Problem, UserError
from vsslfw.scan.copies import Copy, Tick, find_copies
from vsslfw.scan.facts import Facts
from vsslfw.scan.layouts import Entry, Listing
from vsslfw.scan.memory import Memory
from vsslfw.scan.targets import Targets
from vsslfw.scan.verdicts import Remark, Verdict, remarks_on, verdict_of

Progress = Callable[[Entry, float], None]
"""Called with the file that is looked at and the share of it that is done; once for each with 1, when it is done."""

NAMED = 3
"""Copies that are named; the others are counted."""


@dataclass(frozen=True)
class Audited:
    """A file and all that is said of it."""

    entry: Entry
    digest: str
    bytes: int
    facts: Facts
    remarks: tuple[Remark, ...]
    remembered: bool

    @property
    def verdict(self) -> Verdict:
        """ok, warn or unusable."""
        return verdict_of(list(self.remarks))

    @property
    def reasons(self) -> str:
        """All remarks in words, the worst first."""
        return "; ".join(remark.words for remark in self.remarks)


@dataclass(frozen=True)
class Audit:
    """A folder that was looked at. ``files`` in the order of its listing; ``copies`` name them by number."""

    listing: Listing
    files: tuple[Audited, ...]
    copies: tuple[Copy, ...]
    full: bool

    @property
    def leaks(self) -> list[Copy]:
        """Copies between two subjects: one recording that would be trained on and tested on."""
        return [copy for copy in self.copies if self.is_leak(copy)]

    def is_leak(self, copy: Copy) -> bool:
        """Whether the two files are said to be of two subjects."""
        return _is_leak(copy, [file.entry for file in self.files])

    def rows(self, *, keep_unusable: bool) -> list[Audited]:
        """The files that the manifest names."""
        return [file for file in self.files if not file.entry.trouble and (keep_unusable or file.verdict != "unusable")]


def audit(
    listing: Listing,
    memory: Memory,
    *,
    full: bool,
    progress: Progress = lambda entry, share: None,
    compared: Tick = lambda share: None,
) -> Audit:
    """Look at every file of a listing, then look for copies. Stopped and started anew, it goes on with the file that it was at."""
    found = []
    for entry in listing.entries:
        found.append(memory.look(entry.path, full=full, tick=_ticking(progress, entry)))
        progress(entry, 1.0)
    copies = find_copies([one.facts for one in found], [one.digest for one in found], compared)
    remarks = [_of_place(entry) + _of_copies(number, copies, listing.entries) for number, entry in enumerate(listing.entries)]
    files = (
        Audited(entry, one.digest, size_of(entry.path), one.facts, tuple(_sorted(more + remarks_on(one.facts))), one.remembered)
        for entry, one, more in zip(listing.entries, found, remarks, strict=True)
    )
    return Audit(listing, tuple(files), tuple(copies), full)


@dataclass(frozen=True)
class Written:
    """The files that the manifest names, and why it cannot be used as it is, or is not there; the audit is there in any case."""

    rows: list[Audited]
    error: UserError | None = None


def write(found: Audit, manifest: Path, memory: Memory, *, keep_unusable: bool) -> Written:
    """Write the audit and the manifest, each readable by its owner alone.

    UserError if somebody worked on one of them since the scan began: nothing is written.
    """
    from vsslfw.scan.page import write_page
    from vsslfw.scan.tables import write_audit, write_manifest

    folder, targets = found.listing.folder, Targets(manifest)
    rows = found.rows(keep_unusable=keep_unusable)
    targets.check(folder, memory)  # once more: a scan may take hours
    write_audit(targets.table, found)
    memory.wrote(targets.table, folder)
    write_page(targets.page, found)
    memory.wrote(targets.page, folder)
    if not rows:
        return Written(
            rows, UserError(Problem("none of the files can be used, so there is no manifest", str(folder), f"{targets.page} says why"))
        )
    write_manifest(manifest, rows)
    memory.wrote(manifest, folder)
    try:
        read_manifest(manifest, to_split=False)
    except UserError as error:
        return Written(rows, UserError(*error.problems, title=f"{manifest} is written, and cannot be used before this is mended:"))
    return Written(rows)


def size_of(path: Path) -> int:
    """Bytes of a file; 0 if it is gone."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _ticking(progress: Progress, entry: Entry) -> Callable[[float], None]:
    """Every hundredth of a file, not every picture; its end is told when it is remembered."""
    told = 0.0

    def tick(share: float) -> None:
        nonlocal told
        if told + 0.01 <= share < 1.0:
            told = share
            progress(entry, share)

    return tick


def _of_place(entry: Entry) -> list[Remark]:
    remarks = [Remark("unusable", entry.trouble)] if entry.trouble else []
    if entry.also:
        remarks.append(Remark("note", f"the same file as {_few(entry.also)}, by a link: listed once"))
    return remarks


def _few(names: Sequence[str]) -> str:
    """The first few names of files; the others are counted."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(f'"{name}"' for name in names[:NAMED]) + more


def _of_copies(number: int, copies: Sequence[Copy], entries: Sequence[Entry]) -> list[Remark]:
    """The copies of one file, in words: those of other subjects one by one, those of its own together."""
    remarks = []
    own: dict[str, list[str]] = {}
    for copy in copies:
        if number not in (copy.first, copy.second):
            continue
        other = entries[copy.second if number == copy.first else copy.first]
        same = "the same content as" if copy.how == "same content" else "the same recording, encoded anew, as"
        if _is_leak(copy, entries):
            words = f'{same} "{other.shown}" of subject "{other.subject_id}": one recording cannot be of two subjects'
            remarks.append(Remark("unusable", words))
        else:
            own.setdefault(same, []).append(other.shown)
    return remarks + [Remark("warn", f"{same} {_few(names)}: it would count twice") for same, names in own.items()]


def _is_leak(copy: Copy, entries: Sequence[Entry]) -> bool:
    one, other = entries[copy.first].subject_id, entries[copy.second].subject_id
    return bool(one and other) and one != other


def _sorted(remarks: list[Remark]) -> list[Remark]:
    return sorted(remarks, key=lambda remark: ("unusable", "warn", "note").index(remark.weight))
