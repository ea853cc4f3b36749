"""Where a run would write: may it, and is there room?"""

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


def places(folder: Path, cache: Path) -> Iterator[Finding]:
    """The run folder's place, the cache's, the temporary folder, and the terminal's letters."""
    for name, place in (("runs", folder), ("cache", cache), ("temporary files", Path(tempfile.gettempdir()))):
        yield from _place(name, place)
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    if encoding == "utf8":
        yield Finding(GROUP, "the terminal shows UTF-8")
    else:
        yield Finding(GROUP, f"the terminal shows {encoding or 'an unknown encoding'}, not UTF-8", "note", "Set PYTHONUTF8=1")
    yield Finding(GROUP, "vsslfw contacts no network, and this command has not either")


def _place(name: str, wanted: Path) -> Iterator[Finding]:
    place = wanted
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with tempfile.TemporaryDirectory(prefix=".vsslfw-doctor-", dir=place) as trial:
            (Path(trial) / "written").write_bytes(b"x")
            os.replace(Path(trial) / "written", Path(trial) / "renamed")
            with FileLock(Path(trial) / "lock", timeout=1):
                pass
    except (OSError, Timeout, NotImplementedError) as error:
        what = f"{name}: {wanted} cannot be written, renamed or locked in: {getattr(error, 'strerror', None) or error}"
        yield Finding(GROUP, what, "problem", "Choose another place with --out or --cache, or ask for write access")
        return
    free = shutil.disk_usage(place).free / 2**30
    little = free < LITTLE_GIB
    todo = "Make room: the features of an hour of video take about 0.35 GiB a view with ResNet-152" if little else ""
    yield Finding(GROUP, f"{name}: {wanted}, {free:.0f} GiB free", "note" if little else "ok", todo)
