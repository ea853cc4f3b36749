"""When a result of the cache was last used: the time of the file that makes it whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

_looking = ContextVar("looking", default=False)


def note_use(head: Path) -> None:
    """Note that the result which this file makes whole is used now. A cache that cannot be written to stays as it is."""
    if _looking.get():
        return
    with contextlib.suppress(OSError):
        os.utime(head)


@contextlib.contextmanager
def only_looking() -> Iterator[None]:
    """While the body runs, what it finds does not count as used: it only asks what is there."""
    token = _looking.set(True)
    try:
        yield
    finally:
        _looking.reset(token)
