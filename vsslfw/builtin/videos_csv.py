"""The dataset of own videos: a manifest on disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from vsslfw.data.table import nearest_file
from vsslfw.errors import Problem, UserError
from vsslfw.interfaces import Dataset, Examples, Location


class VideosCsv(Dataset):
    """Videos listed in a manifest (docs/data.md)."""

    check_with: ClassVar[Examples] = ()

    def __init__(self, *, path: Location) -> None:
        """``path``: the manifest, relative to the current directory."""
        self.path = Path(os.path.abspath(path))

    def manifest(self, folder: Path) -> Path:
        """The manifest's absolute path; nothing is written to ``folder``. UserError, with the nearest name, if it does not exist."""
        if not self.path.exists():
            raise UserError(Problem("no such file", str(self.path), nearest_file(self.path.parent, self.path.name)))
        return self.path
