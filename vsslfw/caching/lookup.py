"""A result by the first digits of its key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from vsslfw.caching.contents import Result
from vsslfw.errors import Problem, UserError

SHOWN = 12
"""Digits of a key that are shown."""
LEAST = 4
"""Digits that a person must give."""
LISTED = 8
"""How many candidates are named."""
PREFIX = re.compile(rf"[0-9a-f]{{{LEAST},64}}")


def find_result(results: Sequence[Result], text: str) -> Result:
    """The one result whose key begins with ``text``. UserError, with the candidates or the nearest keys, if there is not just one."""
    prefix = text.strip().lower()
    if not PREFIX.fullmatch(prefix):
        hint = "vsslfw cache ls --stage pretrain lists keys"
        raise UserError(Problem(f"is no key; {LEAST} to 64 hexadecimal digits are expected", text, hint))
    found = [result for result in results if result.key.startswith(prefix)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(Problem(f"{len(found)} results have a key that begins so", text, f"Give more digits: {_named(found)}"))
    near = difflib.get_close_matches(prefix, {result.key[: len(prefix)] for result in results}, n=3, cutoff=0.6)
    nearest = [result for result in results if result.key[: len(prefix)] in near]
    hint = f"The nearest: {_named(nearest)}" if nearest else "vsslfw cache ls --stage pretrain lists keys; a result may have been removed"
    raise UserError(Problem("no result of the cache has a key that begins so", text, hint))


def _named(results: Iterable[Result]) -> str:
    named = [f"{result.key[:SHOWN]} ({result.stage})" for result in results]
    return ", ".join(named[:LISTED]) + (f" and {len(named) - LISTED} more" if len(named) > LISTED else "")
