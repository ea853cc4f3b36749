"""What a check says: nothing if it passes, else words for the author of the component."""

from __future__ import annotations

import os
import sysconfig
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vsslfw.errors import VsslfwError

KIT = Path(__file__).parent


class ContractError(AssertionError):
    """A component does not keep its contract: what was done, what came out, what the contract says, what to do."""

    def __init__(self, did: str, got: str, todo: str = "", *, contract: str = "") -> None:
        self.did, self.got, self.todo, self.contract = did, got, todo, contract
        super().__init__(did, got, todo)

    def __str__(self) -> str:
        lines = {"done": self.did, "came out": self.got, "contract": self.contract, "what to do": self.todo}
        return "\n".join(f"{name + ':':<12}{text}" for name, text in lines.items() if text)


class CannotCheckError(Exception):
    """This check says nothing about this component, and the message says why: it is skipped."""


@dataclass(frozen=True)
class Outcome:
    """One check of one component: its name, what came out, and in words why, unless it passed."""

    name: str
    component: str
    """The component, with the parameters that it was built with if it declares several sets of them."""
    outcome: Literal["passed", "failed", "skipped"]
    words: str = ""
    contract: str = ""
    """What the contract asks: the first line of the check's docstring."""
    seconds: float = 0.0


def fail(did: str, got: str, todo: str = "") -> None:
    """Raise `ContractError`."""
    __tracebackhide__ = True
    raise ContractError(did, got, todo)


def require(kept: object, did: str, got: str, todo: str = "") -> None:
    """Raise `ContractError` unless the contract is kept."""
    __tracebackhide__ = True
    if not kept:
        raise ContractError(did, got, todo)


def doing(did: str, todo: str = "") -> _Doing:
    """Whatever the component raises inside becomes a `ContractError` that says what was done and where it was raised."""
    return _Doing(did, todo or "it must work: see the traceback, and the line that is named above")


class _Doing:
    """A context manager without a generator: pytest then shows no frame of contextlib."""

    def __init__(self, did: str, todo: str) -> None:
        self.did, self.todo = did, todo

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        __tracebackhide__ = True
        if isinstance(error, Exception) and not isinstance(error, ContractError | CannotCheckError):
            raise ContractError(self.did, in_words(error), self.todo) from error


def in_words(error: BaseException) -> str:
    """Type, message, and the innermost line of the component's own code: ``ValueError: no (my_plugin.py:12)``."""
    elsewhere = (str(KIT), sysconfig.get_paths()["stdlib"], sysconfig.get_paths()["purelib"])
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if os.path.isabs(frame.filename) and not frame.filename.startswith(elsewhere)
    ]
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or ["no message"]
    message = ": ".join(lines[:2]) if isinstance(error, VsslfwError) else lines[0]
    place = f" ({Path(own[-1].filename).name}:{own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {message}{place}"
