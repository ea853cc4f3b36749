"""The conformance kit itself: right components pass every check, and each check catches the wrong component that is made for it."""

from __future__ import annotations

import pytest
import wrong_components.backbones
import wrong_components.corruptions
import wrong_components.encoders
import wrong_components.faults
import wrong_components.heads
import wrong_components.others  # noqa: F401  (these fill the table)
from wrong_components.right import RIGHT
from wrong_components.table import WRONG, Wrong

from vsslfw.testing import ContractError, checks_for, run_checks
from vsslfw.testing.catalogue import Check
from vsslfw.testing.subjects import subjects


def checks(kind: str) -> list[Check]:
    return list(checks_for(*kind.split("/")))


@pytest.mark.parametrize("kind", RIGHT)
def test_a_right_component_passes_every_check(kind: str) -> None:
    outcomes = run_checks(kind.partition("/")[0], RIGHT[kind])
    assert [outcome.name for outcome in outcomes] == [check.name for check in checks(kind)]
    assert [(outcome.name, outcome.words) for outcome in outcomes if outcome.outcome != "passed"] == []


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_wrong_component_is_caught_and_told_what_to_do(wrong: Wrong) -> None:
    check = next(check for check in checks(wrong.kind) if check.name == wrong.check)
    with pytest.raises(ContractError) as caught:
        check(subjects(check.kind, wrong.cls)[0])
    assert not caught.value.did.startswith("running check_"), "it broke the check instead of being caught by it"
    assert all((caught.value.did, caught.value.got, caught.value.contract, caught.value.todo))


@pytest.mark.parametrize("kind", RIGHT)
def test_every_check_has_a_wrong_component_that_it_catches(kind: str) -> None:
    proven = {wrong.check for wrong in WRONG if wrong.kind == kind}
    assert [check.name for check in checks(kind) if check.name not in proven] == []


def test_every_check_says_in_its_first_line_what_the_contract_asks() -> None:
    lines = {f"{kind}: {check.name}": check.contract(kind.partition("/")[2]) for kind in RIGHT for check in checks(kind)}
    assert {name: line for name, line in lines.items() if not line.endswith(".") or len(line) > 140} == {}
