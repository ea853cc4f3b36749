"""Errors for the person who made them: what was wrong, where, what was expected, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    ``where`` names the place as the person knows it (``recipe.py:12:8 encoder.layers``,
    ``videos.csv row 4, column role``); ``what`` says what is wrong and what was expected; ``hint`` says what to do.
    """

    what: str
    where: str = ""
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n    {self.hint}" if self.hint else text


class VsslfwError(Exception):
    """Base of all errors that are shown as a message, never as a traceback."""

    exit_code = 1

    def __init__(self, *problems: Problem | str, title: str = "") -> None:
        self.title = title
        self.problems = [p if isinstance(p, Problem) else Problem(p) for p in problems]
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [self.title] if self.title else []
        return "\n".join(lines + [str(p) for p in self.problems])

    def __reduce__(self) -> tuple[object, ...]:
        # Worker processes send errors home by pickle; the default would lose the title.
        return _rebuild, (type(self), self.problems, self.title)


def in_a_line(error: VsslfwError) -> str:
    """Title, problems and hints as sentences, one behind the other."""
    parts = [error.title, *(part for p in error.problems for part in (f"{p.where}: {p.what}" if p.where else p.what, p.hint))]
    line = ""
    for part in (" ".join(part.split()) for part in parts):
        if part:
            line += f"{'' if not line else ' ' if line[-1] in '.:!?' else '. '}{part}"
    return line


def _rebuild(cls: type[VsslfwError], problems: Sequence[Problem], title: str) -> VsslfwError:
    return cls(*problems, title=title)


class UserError(VsslfwError):
    """Bad input: a recipe, a manifest, an option. Exit code 2."""

    exit_code = 2


class RunError(VsslfwError):
    """The input was right and the work failed all the same (a loss that is not finite, say). Exit code 1."""


class WorkerError(RunError):
    """A process of an executor is gone: whose task it was, and so which of the tasks are to blame, is not known."""


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """``did you mean "x"?``, or the whole list if nothing is near and the list is short."""
    names = sorted(set(known))
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    if near:
        return f'did you mean "{near[0]}"?'
    if 0 < len(names) <= 12:
        return "known: " + ", ".join(names)
    return ""
