"""When a result of the cache was last used: the time of the file that makes it whole."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def note_use(head: Path) -> None:
    """Note that the result which this file makes whole is used now. A cache that cannot be written to stays as it is."""
    with contextlib.suppress(OSError):
        os.utime(head)
