"""Names of BIDS (proposal BEP047, audio and video): sub-X[/ses-Y]/beh/sub-X[_ses-Y]_task-Z[_run-N]_video.EXT, and their sidecars."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from vsslfw.data.spelling import nfc
from vsslfw.scan.layouts import CONTEXTUAL, Entry

SUFFIXES = ("video", "audiovideo")


def placing(folder: Path) -> Callable[[Entry], Entry]:
    """What the name of a file below ``folder`` says, and the sidecars that hold for it."""
    sidecars = functools.cache(_sidecars)
    return lambda entry: _placed(entry, folder, sidecars)


def _placed(entry: Entry, folder: Path, sidecars: Callable[[Path], list[tuple[dict[str, str], Path]]]) -> Entry:
    parts = PurePosixPath(entry.name).parts
    entities, suffix = _entities(parts[-1])
    if suffix not in SUFFIXES or not entities.get("sub") or not entities.get("task"):
        return replace(entry, trouble="its name is not of the form sub-X[_ses-Y]_task-Z[_run-N]_video.EXT")
    for key in ("sub", "ses"):
        said = next((part.removeprefix(f"{key}-") for part in parts[:-1] if part.startswith(f"{key}-")), None)
        if said != entities.get(key):
            where = f"the folder {key}-{said}" if said else f"no folder {key}-{entities[key]}"
            named = f"{key}-{entities[key]}" if key in entities else f"no {key}-"
            return replace(entry, trouble=f"it lies in {where} and its name says {named}: whose it is, is not sure")
    told: dict[str, Any] = {}
    places = [folder, *(folder.joinpath(*parts[:depth]) for depth in range(1, len(parts)))]
    for place in places:  # what lies nearer to the file holds
        for of, path in sidecars(place):
            if of.items() <= entities.items():
                content = _read(path)
                if content is None:
                    return replace(entry, trouble=f"its sidecar {path.name} is not a JSON object")
                told |= {key.casefold(): value for key, value in content.items()}
    label, role = _text(told.get("label")), _text(told.get("role")).casefold()
    if role not in ("", CONTEXTUAL, "labelled"):
        return replace(entry, trouble=f'its sidecar has the role "{role}"; contextual or labelled is expected')
    if role == CONTEXTUAL:
        label = ""
    if role == "labelled" and not label:
        return replace(entry, trouble="its sidecar has the role labelled and no label")
    return replace(entry, subject_id=nfc(entities["sub"]), label=label, contextual=role == CONTEXTUAL)


def _entities(name: str) -> tuple[dict[str, str], str]:
    """sub-01_task-rest_video.mp4 -> ({sub: 01, task: rest}, video)."""
    *pairs, suffix = name.partition(".")[0].split("_")
    return {key: value for key, dash, value in (pair.partition("-") for pair in pairs) if dash}, suffix


def _sidecars(place: Path) -> list[tuple[dict[str, str], Path]]:
    """The sidecars of videos in one folder, general ones before special ones: a special one holds against a general one."""
    found = [(_entities(path.name), path) for path in sorted(place.glob("*.json"))]
    return sorted(((entities, path) for (entities, suffix), path in found if suffix in SUFFIXES), key=lambda one: len(one[0]))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _text(value: object) -> str:
    return nfc(str(value).strip()) if isinstance(value, str | int | float) else ""
