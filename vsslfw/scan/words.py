"""An audit in words, for the terminal and the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from vsslfw.scan.verdicts import VERDICTS

if TYPE_CHECKING:
    from vsslfw.scan.facts import Facts
    from vsslfw.scan.layouts import Listing
    from vsslfw.scan.run import Audit, Audited

NAMED = 6
"""Subjects or classes that a line names; the others are counted."""


def length(seconds: float) -> str:
    """83.5 -> 1:23.5 min, 7512 -> 2:05:12 h."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02} h" if minutes >= 60 else f"{minutes}:{rest:02} min"


def counted(number: int, noun: str) -> str:
    """1 file, 2 files."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def summary(audit: Audit) -> str:
    """How many files there are, how many of each verdict, and how long they are."""
    verdicts = Counter(file.verdict for file in audit.files)
    seconds = sum(file.facts.duration_s for file in audit.files if file.verdict != "unusable")
    told = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in VERDICTS)
    return f"{counted(len(audit.files), 'file')}: {told}; {length(seconds)} of video that can be used."


def others(audit: Audit) -> str:
    """What lies in the folder and was not looked at; empty if there is nothing."""
    found = audit.listing.others
    if not found:
        return ""
    return f"Not looked at: {counted(sum(found.values()), 'other file')} ({', '.join(f'{ending} {n}' for ending, n in found.items())})."


def read_as(listing: Listing) -> list[str]:
    """What the places of files were taken for, and what to do if that is wrong; nothing where their names or sidecars say it."""
    told = []
    if listing.layout == "folders":
        subjects = named(entry.subject_id for entry in listing.entries if entry.subject_id)
        wrong = "If they are none, name the folder that holds a folder for each subject."
        told.append(f"Subjects are the folders of {listing.folder}: {subjects}. {wrong}")
        if classes := "" if listing.told else named(entry.label for entry in listing.entries if entry.label):
            wrong = "If they are none, give --contextual (no file has a class) or --label NAME (all have this one)."
            told.append(f"Classes are the folders below those: {classes}. {wrong}")
    if listing.layout != "bids" and (signs := listing.of_bids()):
        told.append(f"This looks like a data set in BIDS ({', '.join(signs)}): --layout bids reads subjects and classes as BIDS has them.")
    return told


def named(names: Iterable[str]) -> str:
    """Each of them once, sorted; of many, the first few."""
    distinct = sorted(set(names))
    return ", ".join(distinct[:NAMED]) + (f" and {len(distinct) - NAMED} more" if len(distinct) > NAMED else "")


def listed(rows: list[Audited]) -> str:
    """What the manifest names."""
    labels = Counter(file.entry.label for file in rows if file.entry.label)
    contextual = sum(not file.entry.label for file in rows)
    parts = [f"{label} {n}" for label, n in sorted(labels.items())] + ([f"contextual {contextual}"] if contextual else [])
    return f"{counted(len(rows), 'video')} of {counted(len({file.entry.subject_id for file in rows}), 'subject')}: {', '.join(parts)}."


def to_fill_in(rows: list[Audited], manifest: Path) -> list[str]:
    """What a person still has to say, in plain words."""
    told = []
    silent = sum(not file.entry.label and not file.entry.contextual for file in rows)
    labels: dict[str, set[str]] = {}
    for file in rows:
        if file.entry.label:
            labels.setdefault(file.entry.label, set()).add(file.entry.subject_id)
    if silent:
        told.append(
            f"{counted(silent, 'video')} without a label: contextual, as long as nobody says more. Where one shows a seizure, write "
            f"labelled into its column role in {manifest.name}, and its class (ES, PNES) into label; or index each class with --label."
        )
    subjects = {file.entry.subject_id for file in rows}
    if len(rows) > 1 and len(subjects) == 1:
        told.append(
            "All of it is said to be of one subject. If it is not: name the folder that holds a folder for each patient, or say "
            "--layout flat if the names of the files say whose they are."
        )
    alone = [label for label, bearers in labels.items() if len(bearers) == 1]
    if alone and len(subjects) > 1:
        which = f"class {alone[0]} occurs in one subject only" if len(alone) == 1 else f"classes {named(alone)} occur in one subject each"
        left = "With such a subject left out, nothing of its class is there to train on"
        told.append(f"Warning: the {which}. {left}: at least two subjects of each class are needed.")
    return told


def leak(audit: Audit, first: int, second: int) -> str:
    """A copy between two subjects: both files, both subjects."""
    one, other = audit.files[first].entry, audit.files[second].entry
    copy = next(copy for copy in audit.copies if (copy.first, copy.second) == (first, second))
    how = "have the same content" if copy.how == "same content" else f"show the same recording, encoded anew (likeness {copy.alike:.2f})"
    return f'"{one.shown}" of subject "{one.subject_id}" and "{other.shown}" of subject "{other.subject_id}" {how}'


def size(facts: Facts) -> str:
    """640 x 480, or nothing."""
    return f"{facts.width} x {facts.height}" if facts.width else ""


def rate(facts: Facts) -> str:
    """Measured frames a second, and the nominal rate where it differs."""
    measured, nominal = facts.timing.rate, facts.nominal_rate
    if measured is None:
        return f"{nominal:.4g} (nominal)" if nominal and facts.codec else ""
    said = f" (nominal {nominal:.4g})" if nominal and abs(nominal - measured) > 0.02 * nominal else ""
    return f"{measured:.4g}{said}{', variable' if facts.timing.variable else ''}"


def formats(container: str) -> str:
    """libav's names of a container, the first two: mov,mp4,m4a,3gp,3g2,mj2 -> mov/mp4."""
    return "/".join(container.split(",")[:2])
