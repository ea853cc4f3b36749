"""The kit without pytest: run every check of a component, and say what came out of each."""

from __future__ import annotations

import contextlib
import logging
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

from vsslfw.errors import did_you_mean
from vsslfw.testing.catalogue import Check, checks_for
from vsslfw.testing.outcomes import CannotCheckError, ContractError, Outcome
from vsslfw.testing.subjects import VARIANT, Subject, subjects, unwrapped


def run_checks(kind: str, factory: Callable[..., Any], *, expected_failures: Mapping[str, str] | None = None) -> list[Outcome]:
    """Every check of ``kind`` on what ``factory`` makes, once for each set of parameters in its ``check_with``.

    Nothing that a component does is raised: an error inside it is a failed check. A failure that is expected is skipped, with its
    reason; one that is expected and does not come is a failure. ValueError as `vsslfw.testing.parametrize_with_checks` says.
    """
    made = list(pairs(kind, factory))
    expected = expected_of(
        factory, expected_failures, [name for check, subject in made for name in (check.name, name_of_test(check, subject))]
    )
    return [
        _expected(outcome(check, subject), expected.get(name_of_test(check, subject), expected.get(check.name))) for check, subject in made
    ]


def pairs(kind: str, factory: Callable[..., Any]) -> Iterator[tuple[Check, Subject]]:
    """Each check with each set of parameters."""
    for subject in subjects(kind, factory):
        for check in checks_for(kind, variant_of(factory) if kind in VARIANT else ""):
            yield check, subject


def name_of_test(check: Check, subject: Subject) -> str:
    """``mask_frames-check_determinism``."""
    return f"{subject.id}-{check.name}"


def _expected(found: Outcome, reason: str | None) -> Outcome:
    if reason is None or found.outcome == "skipped":
        return found
    if found.outcome == "failed":
        return replace(found, outcome="skipped", words=f"fails as expected: {reason}")
    return replace(found, outcome="failed", words=f'it passes, and was expected to fail: "{reason}"\nRemove it from expected_failures.')


def outcome(check: Check, subject: Subject) -> Outcome:
    """One check of one component."""
    start = time.perf_counter()
    result: Literal["passed", "failed", "skipped"] = "passed"
    words = ""
    try:
        with _quietly():
            check(subject)
    except CannotCheckError as reason:
        result, words = "skipped", str(reason)
    except ContractError as error:
        result, words = "failed", str(error)
    contract = check.contract(variant_of(subject.factory))
    return Outcome(check.name, subject.id, result, words, contract, time.perf_counter() - start)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """What a component says a hundred times while it is checked would hide what the checks say."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.WARNING))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def variant_of(factory: Any) -> str:
    """The level or the task that a factory declares, or nothing."""
    declared = unwrapped(factory)
    value = getattr(declared, "level", "") or getattr(declared, "task", "")
    return value if isinstance(value, str) else ""


def expected_of(factory: Any, expected: Mapping[str, str] | None, names: list[str]) -> dict[str, str]:
    """Expected failures, those that the class declares among them. ValueError, with the nearest name, if one names no check."""
    found = {**getattr(factory, "expected_failures", {}), **(expected or {})}
    for name in found:
        if name not in names:
            raise ValueError(f'expected_failures names no check "{name}"; {did_you_mean(name, names)}'.rstrip("; "))
    return found
