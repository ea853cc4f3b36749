"""Where a run would write: may it, does a lock hold, and is there room?"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from vsslfw.doctor.findings import Finding

GROUP = "places"
LITTLE_GIB = 5
ROOM = "Make room: the features of an hour of video take about 0.35 GiB a view with ResNet-152"
UNLOCKED = "Choose a place on a disk of this machine: two runs that share a place without locks can damage each other's results"


def places(folder: Path, cache: Path) -> Iterator[Finding]:
    """The run folder's place, the cache's, the temporary folder, and the terminal's letters."""
    yield from _place("runs", folder, "Choose another place with --out, or ask for write access")
    yield from _place("cache", cache, "Choose another place with --cache, or ask for write access")
    try:
        yield from _place("temporary files", Path(tempfile.gettempdir()), "Set TMPDIR to a folder that you may write in")
    except FileNotFoundError as error:  # none of the usual folders can be written
        yield Finding(GROUP, f"temporary files: {error}", "problem", "Set TMPDIR to a folder that you may write in")
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    if encoding == "utf8":
        yield Finding(GROUP, "the terminal shows UTF-8")
    else:
        yield Finding(GROUP, f"the terminal shows {encoding or 'an unknown encoding'}, not UTF-8", "note", "Set PYTHONUTF8=1")
    yield Finding(GROUP, "vsslfw contacts no network, and this command has not either")


def _place(name: str, wanted: Path, todo: str) -> Iterator[Finding]:
    place = wanted
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with tempfile.TemporaryDirectory(prefix=".vsslfw-doctor-", dir=place) as trial:
            (Path(trial) / "written").write_bytes(b"x")
            os.replace(Path(trial) / "written", Path(trial) / "renamed")
            locked = _locks(Path(trial) / "lock")
    except (OSError, NotImplementedError) as error:
        what = f"{name}: {wanted} cannot be written in: {getattr(error, 'strerror', None) or error}"
        yield Finding(GROUP, what, "problem", todo)
        return
    if not locked:
        yield Finding(GROUP, f"{name}: {wanted}: a lock does not keep a second one out", "problem", UNLOCKED)
    free = shutil.disk_usage(place).free / 2**30
    little = free < LITTLE_GIB
    yield Finding(GROUP, f"{name}: {wanted}, {free:.0f} GiB free", "note" if little else "ok", ROOM if little else "")


def _locks(file: Path) -> bool:
    """Whether a file that is locked cannot be locked again; some network file systems only pretend."""
    first, second = FileLock(file), FileLock(file)
    try:
        with first.acquire(timeout=1):
            try:
                second.acquire(timeout=0)
            except Timeout:
                return True
            second.release()
    except (Timeout, OSError, NotImplementedError):
        pass
    return False
