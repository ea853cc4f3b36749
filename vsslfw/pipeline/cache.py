"""The cache: what the stages have made, by key, beside the runs that share it."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock

from vsslfw.data.store import FeatureStore

IGNORE_FILE = "# Made by vsslfw from video that may be private: keep it out of version control.\n*\n"


class Cache:
    """Folders by stage: probe/, datasets/, features/, pretrain/KEY/, folds/KEY/, private/ (readable by the owner alone)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
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

    def lock(self, key: str) -> FileLock:
        """One writer for a key; a second process waits, then finds the result. The system frees it if its holder is killed."""
        locks = self.folder / "locks"
        locks.mkdir(exist_ok=True)
        return FileLock(locks / f"{key}.lock")
