"""What a scan writes as tables: the manifest, and audit.csv."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vsslfw.atomic import write_text
from vsslfw.data.manifest import REQUIRED

if TYPE_CHECKING:
    from vsslfw.scan.facts import Stretch
    from vsslfw.scan.run import Audit, Audited


def write_manifest(path: Path, files: Sequence[Audited]) -> None:
    """The manifest of these files, with paths relative to it."""
    folder = Path(os.path.abspath(path)).parent
    rows = ((one.entry.video_id, _cell(one.entry.path, folder), one.entry.subject_id, one.entry.role, one.entry.label) for one in files)
    _write(path, REQUIRED, rows)


def write_audit(path: Path, audit: Audit) -> None:
    """audit.csv: one row a file, all that was found."""
    found = [_found(one) for one in audit.files]
    _write(path, list(found[0]), (row.values() for row in found))


def _cell(file: Path, folder: Path) -> str:
    """A path as a manifest holds it: its cells are trimmed, so a name that begins with a blank needs something before it."""
    relative = Path(os.path.relpath(os.path.abspath(file), folder)).as_posix()
    return relative if relative == relative.lstrip() else f"./{relative}"


def _found(one: Audited) -> dict[str, object]:
    facts, timing, looks, entry = one.facts, one.facts.timing, one.facts.looks, one.entry
    known = {
        "container": facts.container,
        "codec": facts.codec,
        "pixel_format": facts.pixel_format,
        "colour_range": facts.colour_range,
        "width": facts.width or "",
        "height": facts.height or "",
        "rotation": facts.rotation,
        "interlaced": _yes(facts.interlaced),
        "nominal_fps": facts.nominal_rate,
        "measured_fps": timing.rate,
        "variable_rate": _yes(timing.variable),
        "declared_frames": facts.declared_frames,
        "expected_frames": facts.expected_frames,
        "decoded_frames": facts.decoded_frames,
        "looked_at": "all" if facts.whole else looks.pictures,
        "damaged_places": facts.damaged_places if facts.whole else "",
        "declared_s": _rounded(facts.declared_s),
        "duration_s": _rounded(facts.duration_s),
        "gaps": timing.gaps,
        "longest_gap_s": _rounded(timing.longest_gap.length_s) if timing.longest_gap else "",
        "not_increasing": timing.not_increasing,
        "clock_restarts": timing.restarts,
        "without_timestamp": timing.without_stamp,
        "video_streams": facts.video_streams,
        "audio": _yes(facts.audio),
        "grey_share": looks.grey_share if looks.pictures else "",
        "dark_share": looks.dark_share if looks.pictures else "",
        "black_share": looks.black_share if looks.pictures else "",
        "black_s": _stretches(looks.black),
        "frozen_s": _stretches(looks.frozen),
    }
    return {
        "file": entry.shown,
        "subject_id": entry.subject_id,
        "role": entry.role,
        "label": entry.label,
        "verdict": one.verdict,
        "reasons": one.reasons,
        **(known if facts.codec else dict.fromkeys(known, "")),
        "bytes": one.bytes,
        "sha256": one.digest,
    }


def _stretches(stretches: Iterable[Stretch]) -> str:
    return " ".join(f"{stretch.start_s:.1f}-{stretch.end_s:.1f}" for stretch in stretches)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if value is None else value for value in row] for row in rows)
    write_text(path, text.getvalue(), private=True)
