"""The cache: what the stages have made, by key, beside the runs that share it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from vsslfw.data.store import FeatureStore
from vsslfw.errors import Problem, UserError

IGNORE_FILE = "# Made by vsslfw from video that may be private: keep it out of version control.\n*\n"


class Cache:
    """Folders by stage: probe/, datasets/, features/, pretrain/KEY/, folds/KEY/, private/ (readable by the owner alone)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with usable(folder, "--cache"):
            folder.mkdir(parents=True, exist_ok=True)
            ignore = folder / ".gitignore"
            if not ignore.exists():
                ignore.write_text(IGNORE_FILE, encoding="utf-8")
        self.features = FeatureStore(folder / "features")

    def stage(self, stage: str, key: str) -> Path:
        """The folder of one stage result; it is whole once it holds ``result.json``."""
        return self.folder / stage / key

    def private(self) -> Path:
        """A folder that only its owner can read."""
        folder = self.folder / "private"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    @contextmanager
    def used(self) -> Iterator[None]:
        """While the body runs, nothing is removed from the cache: ``vsslfw cache gc`` sees that somebody uses it, and refuses."""
        users = self.folder / "locks" / "users"
        users.mkdir(parents=True, exist_ok=True)
        path = users / f"{uuid.uuid4().hex}.lock"
        with FileLock(self.folder / "locks" / "removal.lock"):  # waits while something is removed
            lock = FileLock(path)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()
            path.unlink(missing_ok=True)

    def lock(self, key: str) -> FileLock:
        """One writer for a key; a second process waits, then finds the result. The system frees it if its holder is killed."""
        locks = self.folder / "locks"
        locks.mkdir(exist_ok=True)
        return FileLock(locks / f"{key}.lock")


@contextmanager
def usable(folder: Path, option: str) -> Iterator[None]:
    """Turn what the system says against a folder into a UserError that names it, and the option that chooses it."""
    try:
        yield
    except OSError as error:
        what = f"cannot be used as a folder: {error.strerror or type(error).__name__}"
        raise UserError(Problem(what, f"{option} {folder}", f"Choose a folder that can be written to with {option}")) from error
