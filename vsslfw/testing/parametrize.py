"""The kit in pytest: a test for each check of a component."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from vsslfw.testing.catalogue import Check
from vsslfw.testing.outcomes import CannotCheckError, ContractError
from vsslfw.testing.running import expected_of, name_of_test, pairs
from vsslfw.testing.subjects import Subject

if TYPE_CHECKING:
    import pytest


def parametrize_with_checks(
    kind: str, factory: Callable[..., Any], *, expected_failures: Mapping[str, str] | None = None
) -> pytest.MarkDecorator:
    """A decorator: the test, which has the argument ``check``, runs once for each check of a kind. All it does is ``check()``.

    kind: "corruption", "backbone", ...: a kind of `vsslfw.registry.KINDS`.
    factory: the class, or a function that makes the component, called as the framework calls the class: ``factory()``, for an
        encoder ``factory(feature_dim)``, for a head ``factory(hidden_dim, output_dim)``. The parameters in its ``check_with`` are
        added, and each set of them is checked.
    expected_failures: name of a check (or the whole id of a test, where one set of parameters alone fails) -> why the component
        does not keep that part of the contract, on purpose. Such a test is a strict xfail: it is an error if it passes. A class may
        declare them itself, as ``expected_failures``, for ``vsslfw check`` to know them too.

    ValueError, with the nearest name, for a kind or a check that does not exist.
    """
    import pytest

    runs = [_Run(check, subject) for check, subject in pairs(kind, factory)]
    expected = expected_of(factory, expected_failures, [name for run in runs for name in (run.check.name, repr(run))])
    made = []
    for run in runs:
        reason = expected.get(repr(run), expected.get(run.check.name))
        marks = [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True, raises=ContractError)]
        made.append(pytest.param(run, id=repr(run), marks=marks))
    return pytest.mark.parametrize("check", made)


class _Run:
    """One check of one component, to be called by a test."""

    def __init__(self, check: Check, subject: Subject) -> None:
        self.check, self.subject = check, subject
        self.__name__ = name_of_test(check, subject)

    def __repr__(self) -> str:
        return self.__name__

    def __call__(self) -> None:
        __tracebackhide__ = True
        import pytest

        try:
            self.check(self.subject)
        except CannotCheckError as reason:
            pytest.skip(str(reason))
