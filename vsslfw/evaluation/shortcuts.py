"""Shortcuts: is the label predictable from what has nothing to do with the seizure? Each line says what was tried and what it scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

ALPHA = 0.05
MARGIN = 0.1
"""By how much the edges of a video, or its uncut whole, must score more than what it is compared with before a line warns."""


@dataclass(frozen=True)
class Shortcut:
    """One line of the table: ``outcome`` is ok, warning (the label is predictable from it) or noted (not checked, and why)."""

    key: str
    name: str
    what: str
    balanced_accuracy: float | None = None
    p: float | None = None
    m: int = 0
    null_high: float | None = None
    """95% of the scores under permuted labels lie below it."""
    outcome: str = "ok"
    detail: str = ""


def same_in_all(key: str, name: str, what: str, value: object) -> Shortcut:
    """A property that cannot tell anything apart."""
    return Shortcut(key, name, what, detail=f"the same in all videos{f': {value}' if value != '' else ''}")


def not_checked(key: str, name: str, what: str, why: str) -> Shortcut:
    """What could not be tried."""
    return Shortcut(key, name, what, outcome="noted", detail=f"not checked: {why}")


def judged(lines: Sequence[Shortcut], chance: float) -> list[Shortcut]:
    """The lines with their outcome: a warning where p, after Holm over all that were tried, is at most .05 and the score above chance.

    With so few permutations that Holm's bound cannot be reached, .05 is the bound: a shortcut must not hide behind a small study. Where
    not even that can be reached, the line says so.
    """
    tried = sorted((line for line in lines if line.p is not None), key=lambda line: line.p or 0.0)
    warned: set[str] = set()
    for rank, line in enumerate(tried):
        # Swapped labels are told apart as well as the true ones, so that a perfect score is met twice among all permutations.
        bound, smallest = ALPHA / (len(tried) - rank), 2 / (line.m + 1)
        assert line.p is not None
        if line.p > (bound if smallest <= bound else ALPHA) + 1e-12:
            break
        if line.balanced_accuracy is not None and line.balanced_accuracy > chance:
            warned.add(line.key)
    judged = []
    for line in lines:
        if line.key in warned:
            detail = f"the label is predictable from it{': ' + line.detail if line.detail else ''}"
            judged.append(replace(line, outcome="warning", detail=detail))
        elif line.p is not None and 1 / (line.m + 1) > ALPHA:
            few = f"too few permutations ({line.m}) to tell"
            judged.append(replace(line, outcome="noted", detail=f"{line.detail}; {few}" if line.detail else few))
        else:
            judged.append(line)
    return judged
