"""Data sets: a manifest that can be read, written below its folder and nowhere else, once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vsslfw.data.manifest import Manifest, read_manifest
from vsslfw.testing.compare import shown
from vsslfw.testing.guards import files_watched
from vsslfw.testing.outcomes import doing, require
from vsslfw.testing.subjects import Subject
from vsslfw.video import probe


def check_manifest(subject: Subject) -> None:
    """manifest(folder) -> the path of a manifest that can be read, with videos that can be opened."""
    dataset = subject.build()
    require(
        isinstance(dataset.synthetic, bool),
        "reading `synthetic`",
        f"it is {shown(dataset.synthetic)}",
        "True if the videos are made, not recorded",
    )
    with _folder() as folder:
        with doing("asking for the manifest in an empty folder"):
            path = dataset.manifest(folder)
        did = "asking for the manifest in an empty folder"
        require(isinstance(path, Path) and path.is_file(), did, f"it gave {shown(path)}", "give the pathlib.Path of a file that is there")
        manifest = _read(path)
        with doing("opening its first videos"):
            for row in manifest.rows[:3]:
                found = probe(row.path)
                require(
                    not found.error and min(found.size) > 0,
                    f"opening {row.path.name}",
                    found.error or "it has no picture",
                    "PyAV must decode it",
                )


def check_same_everywhere(subject: Subject) -> None:
    """In two folders, and from two that are built alike, the manifest says the same of videos with the same bytes."""
    found = []
    for _ in range(2):
        with _folder() as folder:
            with doing("asking for the manifest in an empty folder"):
                path = subject.build().manifest(folder)
            manifest = _read(path)
            found.append((manifest.digest, [(row.video_id, row.path.read_bytes()) for row in manifest.rows]))
    did = "asking for the manifest in two folders"
    require(found[0][0] == found[1][0], did, "their digests differ", "paths relative to the manifest; nothing random, no time, no host")
    different = [name for (name, one), (_, two) in zip(found[0][1], found[1][1], strict=True) if one != two]
    require(
        not different, did, f"the bytes of {', '.join(different[:3])} differ", "draw from a seed that is a parameter; one encoder thread"
    )


def check_writes_below_its_folder(subject: Subject) -> None:
    """What it makes is written below the folder that it is given, and nowhere else."""
    with _folder() as folder:
        dataset = subject.build()
        with files_watched(folder) as seen, doing("asking for the manifest in an empty folder"):
            dataset.manifest(folder)
    require(not seen, "asking for the manifest in an empty folder", "; ".join(seen[:3]), "write below `folder`, temporary files too")


def check_written_once(subject: Subject) -> None:
    """Asked again, it gives the same manifest and writes nothing."""
    with _folder() as folder:
        with doing("asking twice for the manifest in one folder"):
            first = subject.build().manifest(folder)
            before = _state(folder)
            again = subject.build().manifest(folder)
        did = "asking twice for the manifest in one folder"
        require(
            first == again,
            did,
            f"{first.name} in {first.parent.name}, and {again.name} in {again.parent.name}",
            "the same parameters give the same path",
        )
        changed = [name for name, state in _state(folder).items() if before.get(name) != state]
        require(not changed, did, f"{', '.join(changed[:3])} was written anew", "look whether it is there (and whole) before making it")


def _read(path: Path) -> Manifest:
    with doing("reading its manifest", "columns video_id, path, subject_id, role, label; paths relative to the manifest (docs/data.md)"):
        return read_manifest(path)


def _state(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(p.relative_to(folder)): (p.stat().st_size, p.stat().st_mtime_ns)
        for p in folder.rglob("*")
        if p.is_file() and p.suffix != ".lock"
    }


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(os.path.realpath(name))
