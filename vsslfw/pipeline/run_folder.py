"""The folder of a run: what may go on in it, who works in it, and what is never left in it."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from vsslfw.atomic import read_json
from vsslfw.errors import Problem, UserError
from vsslfw.pipeline import progress
from vsslfw.pipeline.cache import usable
from vsslfw.recipe import Recipe

log = logging.getLogger("vsslfw")
STATE = "run.json"
ARTEFACTS = (
    "recipe.py",
    "environment.json",
    "split.json",
    "audits.json",
    "pretrain",
    "folds",
    "predictions.csv",
    "probes",
    "windows.csv",
    "metrics.json",
    "stages.json",
    "report.html",
)
"""What a run writes, in this order, beside its state and log."""
TRACES = (".lock", "log.txt", ".*.part")
"""What a run that was killed at its very beginning leaves: such a folder still counts as empty."""


def earlier_run(folder: Path, recipe: Recipe, resume: bool) -> dict[str, Any]:
    """What run.json says of the run in this folder; nothing if there is none. A folder belongs to one recipe: UserError for another."""
    state, where = folder / STATE, f"--out {folder}"
    if folder.exists() and not folder.is_dir():
        raise UserError(Problem("is a file; a folder is needed for the run", where))
    if not state.is_file():
        if resume:
            raise UserError(Problem("holds no run that could be resumed", where, "Leave --resume out to start one"))
        if folder.is_dir() and any(not any(path.match(trace) for trace in TRACES) for path in folder.iterdir()):
            raise UserError(Problem("is not empty, and holds no run", where, "Choose a new folder"))
        return {}
    try:
        before: dict[str, Any] = read_json(state)
        digest = str(before["recipe"])
    except (ValueError, KeyError, TypeError) as error:
        hint = "Choose another --out, or remove this folder: what its run has computed is in the cache"
        raise UserError(Problem(f"its {STATE} cannot be read ({type(error).__name__})", where, hint)) from error
    if not resume and before.get("state") != "finished" and not (folder / "split.json").exists():
        return {}  # it never came as far as a split: a mistake that was mended must not cost the folder
    if digest != recipe.digest:
        what = f"holds a run made with another recipe (digest {digest[:8]}; this one is {recipe.digest[:8]})"
        raise UserError(Problem(what, where, f"Choose another --out, or run with the recipe it was made with: {folder / 'recipe.py'}"))
    return before


def clear(folder: Path) -> None:
    """No old result may stand beside a new state, nor an old fold, or a real name, beside new ones; what is not ours stays."""
    for path in [*(folder / name for name in ARTEFACTS), *folder.glob(".*.part")]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process a run folder."""
    lock = FileLock(folder / ".lock")
    with usable(folder, "--out"):
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise UserError(Problem("another process is running in this folder", where=f"--out {folder}")) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def logging_to(folder: Path) -> Iterator[None]:
    """Lines of this run go to log.txt in its folder; warnings are shown as well."""
    with usable(folder, "--out"):
        file = logging.FileHandler(folder / "log.txt", encoding="utf-8")
    file.setFormatter(_Recorded("%(asctime)s %(levelname)s %(message)s"))
    shown = _Shown(logging.WARNING)
    level = log.level
    log.setLevel(logging.INFO)
    log.addHandler(file)
    log.addHandler(shown)
    try:
        yield
    finally:
        log.setLevel(level)
        log.removeHandler(shown)
        log.removeHandler(file)
        file.close()


class _Recorded(logging.Formatter):
    """What a run folder may keep of a line: its ``recorded`` words, if it brings such, since the others may hold paths and ids."""

    def format(self, record: logging.LogRecord) -> str:
        words = getattr(record, "recorded", None)
        if words is None:
            return super().format(record)
        return super().format(logging.LogRecord(record.name, record.levelno, record.pathname, record.lineno, words, (), None))


class _Shown(logging.Handler):
    """Warnings, on the terminal."""

    def emit(self, record: logging.LogRecord) -> None:
        progress.current().say(f"warning   {record.getMessage()}")
