"""Where a scan writes: the manifest, and the audit beside it, named after it. What somebody else wrote there is never lost."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from vsslfw.errors import Problem, UserError
from vsslfw.scan.memory import Memory

USUAL = "videos.csv"
"""The manifest whose audit needs no name of its own."""
TABLE, PAGE = "audit.csv", "audit.html"


@dataclass(frozen=True)
class Targets:
    """The three files of a scan: ``manifest``, and its audit as a table and as a page."""

    manifest: Path

    @property
    def table(self) -> Path:
        """audit.csv beside videos.csv; es.audit.csv beside es.csv."""
        return self._named(TABLE)

    @property
    def page(self) -> Path:
        """audit.html beside videos.csv; es.audit.html beside es.csv."""
        return self._named(PAGE)

    def check_place(self) -> None:
        """UserError if they could not be written: before anything is looked at, or a cache made beside them."""
        if is_audit(self.manifest.name):
            raise UserError(Problem("the audit is written under this name", str(self.manifest), f"name the manifest otherwise: {USUAL}"))
        for path in (self.manifest, self.table, self.page):
            if path.is_dir():
                raise UserError(Problem("a folder, not a file", str(path), f"name the file: -o FOLDER/{USUAL}"))
        place = self.manifest.parent.absolute()
        if not os.access(next(there for there in (place, *place.parents) if there.exists()), os.W_OK):
            hint = f"name another place: -o FOLDER/{USUAL}"
            raise UserError(Problem("no permission to write there", str(self.manifest.parent), hint))

    def check(self, folder: Path, memory: Memory) -> None:
        """UserError if they could not be written, or if one that is there is of another folder than ``folder``, or was worked on."""
        self.check_place()
        problems = [
            Problem("is there, and is not as vsslfw index wrote it for this folder: what stands in it would be lost", str(path), hint)
            for path, hint in (
                (self.manifest, "name another file with -o, and copy over what is new in it"),
                (self.table, "move it away, or name another manifest with -o: the audit is named after it"),
                (self.page, "move it away, or name another manifest with -o: the audit is named after it"),
            )
            if path.exists() and not memory.untouched(path, folder)
        ]
        if problems:
            raise UserError(*problems)

    def _named(self, audit: str) -> Path:
        return self.manifest.with_name(audit if self.manifest.name == USUAL else f"{self.manifest.stem}.{audit}")


def is_audit(name: str) -> bool:
    """Whether a file of this name is an audit that a scan wrote."""
    return name in (TABLE, PAGE) or name.endswith((f".{TABLE}", f".{PAGE}"))
