"""What vsslfw registers and configures with. mmengine imports yapf, and yapf's first start must be alone on a machine.

yapf keeps its grammars as pickles in the user's cache, and renames them before they are written out: a process that starts
in that moment, or after one that was killed in it, reads half a pickle and fails.
"""

from __future__ import annotations

import contextlib
import importlib
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import platformdirs
from filelock import FileLock

GRAMMARS = Path(platformdirs.user_cache_dir("YAPF", "Google"))


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One process at a time; all at once where nothing can be written, since yapf writes nothing there either."""
    lock = FileLock(GRAMMARS / ".lock")
    try:
        GRAMMARS.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError:
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _import_yapf() -> None:
    """Import yapf; grammars that a killed process left half written are made anew."""
    with _alone():
        try:
            importlib.import_module("yapf")
        except (EOFError, pickle.UnpicklingError):
            for grammar in GRAMMARS.rglob("*.pickle"):
                grammar.unlink()
            for name in [name for name in sys.modules if name.split(".")[0] in ("yapf", "yapf_third_party")]:
                del sys.modules[name]
            importlib.import_module("yapf")


_import_yapf()

from mmengine.config import Config  # noqa: E402
from mmengine.registry import Registry  # noqa: E402

__all__ = ["Config", "Registry"]
