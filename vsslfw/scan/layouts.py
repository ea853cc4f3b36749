"""Which files of a folder are videos, and what their places and names say: whose they are, and what they show."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from vsslfw.data.spelling import nfc
from vsslfw.errors import Problem, UserError

LAYOUTS = ("folders", "bids", "flat")
CONTEXTUAL = "contextual"
"""The role of video without a label; as a folder's name it says so."""
BEFORE_UNDERSCORE = r"(?P<subject>[^_]+)_"
"""The subject of a flat folder: the part of the name before the first underscore."""
COMPANIONS = re.compile(
    r"[ct]sv|jsonl?|txt|md|rst|html?|xml|ya?ml|ini|cfg|log|py|ipynb|r|m|mat|np[yz]|parquet|safetensors|sql|db|sqlite"
    r"|pdf|docx?|odt|xlsx?|ods|pptx?|rtf|zip|gz|tar|tgz|7z|rar|edf|bdf|eeg|vhdr|vmrk|set|fdt|fif|cnt|nwb|trc"
    r"|jpe?g|png|bmp|tiff?|webp|svg|ico|srt|vtt|ass|sub|url|lnk|part|tmp|sha256|md5"
)
"""Endings of what lies beside videos: not looked at."""
PAPERS = re.compile(r"licen[cs]e|readme|changes|changelog|copying|notice|makefile|thumbs\.db|desktop\.ini", re.IGNORECASE)
"""Names of such files, most of them without an ending."""
OWN = re.compile(r"videos\.csv|(.+\.)?audit\.(csv|html)")
"""What a scan writes: not worth a word in the next one."""


@dataclass(frozen=True)
class Entry:
    """A file as its place and name describe it. ``name`` is its path below the folder, with ``/``."""

    path: Path
    name: str
    subject_id: str = ""
    label: str = ""
    contextual: bool = False
    """Whether its place says that it shows nothing to be classified."""
    video_id: str = ""
    trouble: str = ""
    """Why no manifest can name it, in words; empty if it can."""
    also: tuple[str, ...] = ()
    """Other names of the same file below the folder, by links: whose it is and what it shows is the same."""

    @property
    def shown(self) -> str:
        """The name as text that UTF-8 can hold."""
        return readable(self.name)

    @property
    def role(self) -> str:
        """Labelled if it has a label, else contextual."""
        return "labelled" if self.label else CONTEXTUAL


@dataclass(frozen=True)
class Listing:
    """What lies in a folder: the files to look at, sorted by name, and how many others there are, by ending."""

    folder: Path
    entries: list[Entry]
    others: dict[str, int] = field(default_factory=dict)
    layout: str = "folders"
    told: bool = False
    """Whether a label, or that there is none, was given for all of them."""

    def of_bids(self) -> list[str]:
        """What in the folder is as BIDS has it, in words."""
        description = "dataset_description.json"
        signs = [description] if (self.folder / description).is_file() else []
        return signs + (["folders sub-..."] if any(re.match("sub-[^/]+/", entry.name) for entry in self.entries) else [])


def list_folder(
    folder: Path, layout: str, *, label: str = "", contextual: bool = False, subject_pattern: str = "", skip: frozenset[Path] = frozenset()
) -> Listing:
    """The files of ``folder`` by one of `LAYOUTS`; ``label`` or ``contextual`` hold for all of them. ``skip``: folders to stay out of.

    UserError if there is no such folder, no file in it to look at, or none that the layout can make sense of.
    """
    if not folder.is_dir():
        raise UserError(Problem("not a folder" if folder.exists() else "no such folder", str(folder)))
    others: Counter[str] = Counter()
    paths = []
    for path in _files(folder, skip):
        ending = path.suffix.lower().removeprefix(".")
        if COMPANIONS.fullmatch(ending) or PAPERS.fullmatch(path.name):
            if path.parent != folder or not OWN.fullmatch(path.name):
                others[f".{ending}" if ending else path.name] += 1
        else:
            paths.append(path)
    place = _placing(folder, layout, subject_pattern)
    entries = [_nameable(place(Entry(path, path.relative_to(folder).as_posix()))) for path in sorted(paths, key=os.fsencode)]
    if not entries:
        raise UserError(Problem("no file to look at", str(folder), "videos are looked for in it and in its folders"))
    if not any(entry.subject_id for entry in entries):
        raise UserError(Problem(f"{entries[0].trouble}, and so it is with all {len(entries)} files", entries[0].name, _other(layout)))
    if label or contextual:
        entries = [replace(entry, label=nfc(label), contextual=contextual) for entry in entries]
    return Listing(folder, _with_ids(_once(folder, entries)), dict(others.most_common()), layout, told=bool(label or contextual))


def _files(folder: Path, skip: frozenset[Path]) -> Iterator[Path]:
    """Every file below and every link to nothing, in a fixed order; hidden ones are left out.

    Links to folders are followed, but not to one that they lie in. UserError at the end if a folder cannot be listed, with all of them.
    """
    unlisted: list[OSError] = []
    above: dict[str, frozenset[str]] = {}
    for here, folders, names in os.walk(folder, onerror=unlisted.append, followlinks=True):
        real = os.path.realpath(here)
        ancestors = above.get(os.path.dirname(here), frozenset())
        if real in ancestors or Path(real) in skip:
            folders.clear()
            continue
        above[here] = ancestors | {real}
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(here, name) for name in names if not name.startswith(".") and _is_to_be_seen(os.path.join(here, name)))
    if unlisted:
        hint = "ask for permission to read it, or move it away: who is in it would go unnoticed"
        told = [(f"this folder cannot be listed: {error.strerror or error}", str(error.filename or folder)) for error in unlisted]
        raise UserError(*(Problem(what, readable(where), hint) for what, where in told))


def _is_to_be_seen(path: str) -> bool:
    """Whether it is a file, or nobody can say so: pipes, sockets and devices are left out."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True


def _placing(folder: Path, layout: str, subject_pattern: str) -> Callable[[Entry], Entry]:
    if layout == "bids":
        from vsslfw.scan.bids import placing

        return placing(folder)
    if layout == "flat":
        pattern = _compiled(subject_pattern or BEFORE_UNDERSCORE)
        return lambda entry: _by_pattern(entry, pattern)
    return _by_folders


def _by_folders(entry: Entry) -> Entry:
    """SUBJECT/file or SUBJECT/LABEL/file; deeper folders say nothing."""
    parts = PurePosixPath(entry.name).parts
    if len(parts) < 2:
        return replace(entry, trouble="it lies beside the folders of the subjects: whose it is, is not known")
    second = nfc(parts[1].strip()) if len(parts) > 2 else ""
    contextual = second.casefold() == CONTEXTUAL
    return replace(entry, subject_id=nfc(parts[0].strip()), label="" if contextual else second, contextual=contextual)


def _by_pattern(entry: Entry, pattern: re.Pattern[str]) -> Entry:
    found = pattern.search(PurePosixPath(entry.name).name)
    subject = (found.groupdict().get("subject") or next(iter(found.groups()), None) or found.group()) if found else ""
    if not subject.strip():
        return replace(entry, trouble=f'its name does not say whose it is: "{pattern.pattern}" finds no subject in it')
    return replace(entry, subject_id=nfc(subject.strip()))


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        hint = r'"^(\w+?)-" takes what stands before the first "-"; what is in brackets is the subject'
        raise UserError(Problem(f'"{pattern}" is no regular expression: {error}', "--subject-pattern", hint)) from None


def _nameable(entry: Entry) -> Entry:
    """A manifest is text in UTF-8 whose cells are trimmed: not every name that a disk holds can stand in it."""
    try:
        entry.name.encode("utf-8")
    except UnicodeEncodeError:
        return replace(
            entry, subject_id=readable(entry.subject_id), trouble="its name is not UTF-8 text, so no manifest can name it: rename it"
        )
    if entry.name != entry.name.rstrip():
        return replace(entry, trouble="its name ends with a blank, which a manifest loses: rename it")
    return entry


def readable(name: str) -> str:
    """A name from the disk as text: what is not UTF-8 in it is replaced."""
    return os.fsencode(name).decode("utf-8", "replace")


def _once(folder: Path, entries: list[Entry]) -> list[Entry]:
    """A file to which links of the same subject and class lead once, under its own name if that is among them.

    Under two subjects it stays twice: that is an error, which the scan tells. So it is with two classes.
    """
    same: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        of_nobody = "" if entry.subject_id else entry.name
        said = (entry.subject_id, entry.label, str(entry.contextual), entry.trouble, of_nobody)
        same.setdefault((os.path.realpath(entry.path), *said), []).append(entry)
    kept = {}
    place = os.path.realpath(folder)
    for (real, *_), names in same.items():
        first = next((entry for entry in names if os.path.join(place, entry.name) == real), names[0])
        kept[first.name] = replace(first, also=tuple(entry.shown for entry in names if entry is not first))
    return [kept[entry.name] for entry in entries if entry.name in kept]


def _with_ids(entries: list[Entry]) -> list[Entry]:
    """An id from the path without the ending; with it where two files differ in nothing else."""

    def plain(entry: Entry, ending: bool) -> str:
        path = PurePosixPath(readable(entry.name))
        return nfc("-".join((path if ending else path.with_suffix("")).parts)).strip()

    taken = Counter(plain(entry, False) for entry in entries)
    ids: Counter[str] = Counter()
    named = []
    for entry in entries:
        video_id = plain(entry, taken[plain(entry, False)] > 1)
        ids[video_id] += 1
        named.append(replace(entry, video_id=video_id if ids[video_id] == 1 else f"{video_id} ({ids[video_id]})"))
    return named


def _other(layout: str) -> str:
    """What to try if a layout fits nothing."""
    return {
        "folders": "a folder for each subject is expected; if the names of the files say whose they are, use --layout flat",
        "bids": "sub-01/beh/sub-01_task-rest_video.mp4 is expected; with a folder for each subject use --layout folders",
        "flat": 'say where the subject stands in a name: --subject-pattern "^(P[0-9]+)"',
    }[layout]
