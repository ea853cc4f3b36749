"""Whose fault an exception is: the file and line that its author can mend."""

from __future__ import annotations

import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

_PASSED_OVER = ("importlib", "pluggy")
"""Packages whose frames only carry a plugin's error."""


def place_of(error: BaseException, folders: Iterable[Path] = ()) -> str:
    """``file:line`` of an exception: of the deepest frame in one of ``folders``, else of the deepest that is no machinery; or nothing."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
    own = [frame for frame in frames if any(_below(frame.filename, folder) for folder in folders)]
    others = [frame for frame in frames if not _is_machinery(frame.filename)]
    chosen = (own or others)[-1:]
    return f"{chosen[0].filename}:{chosen[0].lineno}" if chosen else ""


def place_of_code(function: Callable[..., object]) -> str:
    """``file:line`` where a function is defined."""
    code = getattr(function, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else ""


def place_of_line(path: str | None, start: str) -> str:
    """``file:line`` of the first line that starts so; of line 1 if none does, and nothing if there is no such file."""
    if path is None or not Path(path).is_file():
        return ""
    lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    return f"{path}:{next((number for number, line in enumerate(lines, start=1) if line.startswith(start)), 1)}"


def code_of(module: object) -> list[Path]:
    """Where a module's code lies: the folder of a package, or the file; nothing if that cannot be known."""
    file = getattr(module, "__file__", None)
    return [Path(file).parent if Path(file).name == "__init__.py" else Path(file)] if file else []


def calling_place(depth: int = 2) -> str:
    """``file:line`` of the code that called the caller."""
    frame = sys._getframe(depth)
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def in_words(error: BaseException) -> str:
    """The kind of an exception and the first line of its message."""
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _below(file: str, folder: Path) -> bool:
    try:
        return Path(file).is_relative_to(folder)
    except ValueError:
        return False


def _is_machinery(file: str) -> bool:
    """The import system, pluggy, and vsslfw's own loading."""
    path = Path(file)
    if path.is_relative_to(Path(__file__).parent / "plugins") or (path.name == "registry.py" and path.parent == Path(__file__).parent):
        return True
    parts = path.parts
    standard = path.is_relative_to(sysconfig.get_path("stdlib")) and "site-packages" not in parts
    return any(name in parts for name in _PASSED_OVER) and (standard or "site-packages" in parts)
