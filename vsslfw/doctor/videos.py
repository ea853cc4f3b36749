"""Own videos: how many of the files that a manifest names can be read, and what they are. No id, label or path is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from vsslfw.doctor.findings import Finding
from vsslfw.errors import UserError

GROUP = "own videos"
SHOWN = 8
"""Row numbers that are listed before "...": a finding is a line, not a table."""


def videos(manifest: Path) -> Iterator[Finding]:
    """The manifest, then its files: each is opened and its first picture decoded."""
    from vsslfw.data.manifest import read_manifest
    from vsslfw.video import probe

    details = f"Each problem with its row: vsslfw run seizure_bart --data {manifest}, which starts nothing before all is right"
    try:
        read = read_manifest(manifest)
    except UserError as error:
        n = len(error.problems)
        yield Finding(GROUP, f"the manifest has {n} problem{'s' if n > 1 else ''}", "problem", details)
        return
    subjects = len({row.subject_id for row in read.rows})
    yield Finding(GROUP, f"{len(read.labelled)} labelled and {len(read.contextual)} contextual rows of {subjects} subjects")
    rows: dict[Path, list[int]] = {}
    for row in read.rows:
        rows.setdefault(row.path, []).append(row.row)
    found = {path: probe(path) for path in rows}
    good = [one for one in found.values() if not one.error]
    if good:
        codecs = ", ".join(f"{name} ({n})" for name, n in Counter(one.codec for one in good).most_common())
        minutes = sum(one.duration_s or 0.0 for one in good) / 60
        length = f"{minutes / 60:.1f} hours" if minutes >= 60 else f"{minutes:.1f} minutes"
        pictures = sorted({one.size for one in good})
        sizes = " to ".join(f"{w} x {h}" for h, w in dict.fromkeys((pictures[0], pictures[-1])))
        yield Finding(GROUP, f"{len(good)} of {len(found)} files can be read: {length}, {codecs}, {sizes}")
    reasons: dict[str, list[int]] = {}
    for path, one in found.items():
        if one.error:
            reasons.setdefault(one.error, []).extend(rows[path])
    for reason, numbers in reasons.items():
        listed = ", ".join(map(str, sorted(numbers)[:SHOWN])) + (", ..." if len(numbers) > SHOWN else "")
        what = f"cannot be read: row{'s' if len(numbers) > 1 else ''} {listed}: {reason}"
        todo = "Repair or replace them, or remove their rows; a run leaves them out if no class or subject is emptied by it"
        yield Finding(GROUP, what, "note" if good else "problem", todo)
