"""Sizes, as a person writes and reads them."""

from __future__ import annotations

import re

from vsslfw.errors import Problem, UserError

DECIMAL = {f"{letter}b": 1000**n for n, letter in enumerate("kmgtp", 1)}
BINARY = {f"{letter}ib": 1024**n for n, letter in enumerate("kmgtp", 1)}
UNITS = {"b": 1, **DECIMAL, **BINARY}
"""kB is 1000 bytes, as disks are sold; KiB is 1024."""
SIZE = re.compile(r"\s*(\d{1,15}(?:\.\d{1,15})?)\s*([A-Za-z]+)\s*")


def bytes_of(text: str, option: str) -> int:
    """``1.5TB`` -> bytes; capital and small letters mean the same. UserError, naming the option, if it is no size with a unit."""
    match = SIZE.fullmatch(text)
    factor = UNITS.get(match[2].lower()) if match else None
    if match is None or factor is None:
        hint = "Such as 200GB, 1.5TB, 500MB or 100GiB"
        raise UserError(Problem("is no size; a number and a unit are expected", f"{option} {text}", hint))
    return int(float(match[1]) * factor)


def size_in_words(count: int) -> str:
    """``1.9 MB``; decimal units."""
    size, unit = float(count), "B"
    for letter in "kMGTP":
        if size < 999.95:
            break
        size, unit = size / 1000, f"{letter}B"
    return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"
