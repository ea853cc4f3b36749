"""Nothing is removed while somebody uses the cache, and nobody begins to while something is removed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from vsslfw.errors import Problem, UserError
from vsslfw.run_records import find_runs

REMOVAL, USERS = "removal.lock", "users"
"""As `vsslfw.pipeline.cache.Cache` names them."""
WAIT_S = 5.0
"""A run that begins holds the lock for a moment."""


@contextmanager
def unused(folder: Path) -> Iterator[None]:
    """While the body runs, a run that wants the cache waits. UserError if somebody uses it, or if it cannot be written to."""
    try:
        (folder / "locks").mkdir(exist_ok=True)
        lock = FileLock(folder / "locks" / REMOVAL)
        lock.acquire(timeout=WAIT_S)
    except Timeout as error:
        raise UserError(Problem("something else removes from this cache", f"--cache {folder}", "Wait until it is done")) from error
    except OSError as error:
        raise UserError(Problem(f"cannot be written to: {error.strerror or type(error).__name__}", f"--cache {folder}")) from error
    try:
        if trouble := in_use(folder, tidy=True):
            hint = "Wait until it has ended, or stop it: what it has done is kept"
            raise UserError(Problem(f"{trouble}; nothing is removed meanwhile", f"--cache {folder}", hint))
        yield
    finally:
        lock.release()


def in_use(folder: Path, *, tidy: bool) -> str:
    """Who uses the cache, in words; nothing if nobody does. With ``tidy``, what killed runs left of their locks is removed."""
    held = [path for path in _locks(folder) if _held(path, tidy=tidy and path.parent.name == USERS)]
    if not held:
        return ""
    running = [str(record.folder) for record in find_runs(folder.resolve().parent) if record.state == "running"]
    return f"a run uses this cache{': ' if running else ''}{', '.join(running)}"


def _locks(folder: Path) -> list[Path]:
    """Of runs, and of single results: who calls a stage from Python has no run."""
    locks = folder / "locks"
    return [path for path in [*(locks / USERS).glob("*.lock"), *locks.glob("*.lock")] if path.name != REMOVAL]


def _held(path: Path, *, tidy: bool) -> bool:
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:  # another user's: whether it is held is not known
        return True
    if tidy:
        path.unlink(missing_ok=True)
    lock.release()
    return False
