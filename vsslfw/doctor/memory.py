"""How much memory this process may have: the machine's, or less in a container or a batch job."""

from __future__ import annotations

import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")


def total_gib() -> float | None:
    """Of the machine; none where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (AttributeError, ValueError, OSError):
        return None


def limit_gib() -> float | None:
    """The least limit of the control groups that this process is in (a container's, a batch job's); none if there is none."""
    limits = [value for file in _files() if (value := _bytes(file)) is not None]
    return min(limits) / 2**30 if limits else None


def _files() -> list[Path]:
    try:
        lines = OWN_CGROUP.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    files = []
    for line in lines:
        _, controllers, own = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        top, name = (CGROUPS / "memory", "memory.limit_in_bytes") if controllers else (CGROUPS, "memory.max")
        here = top / own.lstrip("/")
        files += [folder / name for folder in (here, *here.parents) if folder.is_relative_to(top)]
    return files


def _bytes(file: Path) -> int | None:
    try:
        return int(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # "max" is no limit
        return None
