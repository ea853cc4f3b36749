"""The conformance kit that plugin authors import: does a component keep the contract of its kind? What does it cost?

    from vsslfw.testing import parametrize_with_checks

    @parametrize_with_checks("corruption", TimeReversal)
    def test_it_keeps_the_contract(check):
        check()

pytest's fixtures `vsslfw_dataset`, `vsslfw_recipe` and `vsslfw_run` are there without an import.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vsslfw.testing.catalogue import Check, checks_for
    from vsslfw.testing.cost import Cost, cost_of
    from vsslfw.testing.outcomes import CannotCheckError, ContractError, Outcome
    from vsslfw.testing.parametrize import parametrize_with_checks
    from vsslfw.testing.running import run_checks
    from vsslfw.testing.tiny import TINY, tiny_overrides, tiny_recipe

_HOMES = {
    "CannotCheckError": "outcomes",
    "Check": "catalogue",
    "ContractError": "outcomes",
    "Cost": "cost",
    "Outcome": "outcomes",
    "TINY": "tiny",
    "checks_for": "catalogue",
    "cost_of": "cost",
    "parametrize_with_checks": "parametrize",
    "run_checks": "running",
    "tiny_overrides": "tiny",
    "tiny_recipe": "tiny",
}
__all__ = [
    "TINY",
    "CannotCheckError",
    "Check",
    "ContractError",
    "Cost",
    "Outcome",
    "checks_for",
    "cost_of",
    "parametrize_with_checks",
    "run_checks",
    "tiny_overrides",
    "tiny_recipe",
]


def __getattr__(name: str) -> Any:
    """Import the public names on first use: collecting tests must not import torch."""
    if name not in _HOMES:
        raise AttributeError(f"module 'vsslfw.testing' has no attribute {name!r}")
    return getattr(importlib.import_module(f"vsslfw.testing.{_HOMES[name]}"), name)
