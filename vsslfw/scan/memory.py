"""What was found before: a file's facts by the digest of its content, in the cache, so that a scan that was killed goes on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from vsslfw.atomic import read_json, write_json
from vsslfw.digest import digest_of, digest_of_file
from vsslfw.errors import Problem, UserError
from vsslfw.scan.examine import SCAN_VERSION, Tick, examine
from vsslfw.scan.facts import Facts
from vsslfw.video import decoder_version

IGNORE_FILE = "# Made by vsslfw from video that may be private: keep it out of version control.\n*\n"


@dataclass(frozen=True)
class Found:
    """A file's content: its SHA-256 (empty if it cannot be read) and its facts; ``remembered`` if an earlier scan had them."""

    digest: str
    facts: Facts
    remembered: bool


class Memory:
    """Notes in the private part of a cache, readable by their owner alone, each written whole or not at all: thumbnails show patients."""

    def __init__(self, cache: Path) -> None:
        self._folder = cache / "private" / "index"
        try:
            cache.mkdir(parents=True, exist_ok=True)
            (cache / "private").mkdir(mode=0o700, exist_ok=True)
            self._folder.mkdir(mode=0o700, exist_ok=True)
            if not (cache / ".gitignore").exists():
                (cache / ".gitignore").write_text(IGNORE_FILE, encoding="utf-8")
        except OSError as error:
            raise UserError(Problem(f"cannot be written to: {error.strerror}", str(cache), "name another folder with --cache")) from None

    def look(self, path: Path, *, full: bool, tick: Tick) -> Found:
        """The facts of a file: remembered, or found now and remembered. Never raises on a bad file."""
        try:
            digest = self._digest(path)
        except OSError as error:
            return Found("", Facts(error=f"it cannot be read: {error.strerror}"), False)
        modes = ("full",) if full else ("full", "quick")  # who has decoded everything need not look here and there
        for mode in modes:
            facts = self._facts(digest, mode)
            if facts is not None:
                return Found(digest, facts, True)
        facts = examine(path, full=full, tick=tick)
        write_json(self._note(digest, "full" if full else "quick"), facts.to_dict(), private=True)
        return Found(digest, facts, False)

    def wrote(self, manifest: Path, folder: Path) -> None:
        """Note that a manifest is as this program wrote it for a folder: what nobody has touched may be written anew."""
        write_json(self._written(manifest), {"sha256": digest_of_file(manifest), "folder": _place(folder)}, private=True)

    def untouched(self, manifest: Path, folder: Path) -> bool:
        """Whether a manifest is still as this program wrote it for that folder."""
        return _read(self._written(manifest)) == {"sha256": digest_of_file(manifest), "folder": _place(folder)}

    def _digest(self, path: Path) -> str:
        """SHA-256 of the content, remembered for as long as the file's place, size and time stay."""
        status = path.stat()
        place = digest_of([_place(path), status.st_size, status.st_mtime_ns, status.st_ino])
        note = self._folder / f"digest-{place}.json"
        known = _read(note).get("sha256")
        if isinstance(known, str):
            return known
        digest = digest_of_file(path)
        write_json(note, {"sha256": digest}, private=True)
        return digest

    def _facts(self, digest: str, mode: str) -> Facts | None:
        try:
            return Facts.from_dict(_read(self._note(digest, mode)))
        except (KeyError, TypeError, ValueError):
            return None

    def _note(self, digest: str, mode: str) -> Path:
        return self._folder / f"facts-{digest_of([digest, mode, SCAN_VERSION, decoder_version()])}.json"

    def _written(self, manifest: Path) -> Path:
        return self._folder / f"written-{_place(manifest)}.json"


def _place(path: Path) -> str:
    """A digest of where a file or folder lies: notes name nobody."""
    return digest_of(os.fsencode(os.path.realpath(path)).hex())


def _read(note: Path) -> dict[str, object]:
    try:
        content = read_json(note)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
