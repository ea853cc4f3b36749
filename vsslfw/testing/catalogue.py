"""Every check, by kind, in the order in which they run: names alone, so that collecting tests imports none of them."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vsslfw.errors import did_you_mean
from vsslfw.registry import KINDS
from vsslfw.testing.outcomes import CannotCheckError, ContractError, in_words

if TYPE_CHECKING:
    from vsslfw.testing.subjects import Subject

_WORDS = {"contract": "check_is_of_its_kind check_docstrings check_parameters"}
_COPIES = {"copies": "check_pickle check_deep_copy check_built_twice check_no_hidden_state check_inputs_unchanged"}
_ALONE = {"surroundings": "check_global_random_state check_random_state_untouched check_settings_untouched check_no_network check_no_files"}
_COMMON = {**_WORDS, **_COPIES, **_ALONE}
_MODULE = {"modules": "check_state_dict check_bfloat16 check_device"}

CHECKS: dict[str, dict[str, str]] = {
    "corruption": _COMMON,
    "corruption/frame": {"frame_corruption": "check_shapes check_determinism check_changes_something"},
    "corruption/sequence": {"sequence_corruption": "check_shapes check_targets check_determinism check_changes_something check_composes"},
    "corruption/feature": {
        "feature_corruption": "check_shapes check_padding check_determinism check_changes_something "
        "check_precisions check_gradients check_device"
    },
    "backbone": {
        **_COMMON,
        "backbone": "check_spec check_shapes check_frozen check_frames_apart check_order check_sees_the_picture check_tokens "
        "check_normalisation check_fingerprint check_fingerprint_of_weights",
        **_MODULE,
    },
    "encoder": {
        **_COMMON,
        "encoder": "check_shapes check_too_long check_padding check_padding_length check_all_padding check_rows_apart check_gradients "
        "check_padding_gradients check_dropout",
        **_MODULE,
    },
    "head": {
        **_COMMON,
        "head": "check_shapes check_loss check_loss_adds_up check_weights check_prefers_the_truth check_padding check_padding_gradients "
        "check_all_padding check_gradients check_dropout",
        **_MODULE,
    },
    "head/pretext": {"head": "check_ignored"},
    "detector": {**_COMMON, "detector": "check_boxes check_watch check_shares check_order_of_times check_fingerprint check_prepare"},
    "dataset": {
        **_WORDS,
        "copies": "check_pickle check_deep_copy",
        "surroundings": "check_global_random_state check_random_state_untouched check_settings_untouched check_no_network",
        "dataset": "check_manifest check_same_everywhere check_writes_below_its_folder check_written_once",
    },
    "validation": {**_COMMON, "validation": "check_splits check_subjects_apart check_same_splits check_refusals"},
    "executor": {**_COMMON, "executor": "check_results check_jobs check_exceptions check_resumed"},
}
"""Kind, or kind/variant (the level of a corruption, the task of a head) -> module below ``vsslfw.testing.checks`` -> its checks."""


@dataclass(frozen=True)
class Check:
    """One check: a function of a `Subject` that raises `ContractError`, imported when it first runs."""

    name: str
    kind: str
    targets: tuple[tuple[str, str], ...]
    """(variant, ``package.module:function``): the variant is a level or a task, or empty where it does not matter."""

    def contract(self, variant: str = "") -> str:
        """What the contract asks: the first line of the function's docstring (of each variant's, unless one is named)."""
        lines = [
            (inspect.getdoc(_load(target)) or "").partition("\n")[0]
            for which, target in self.targets
            if variant in ("", which) or not which
        ]
        return " | ".join(dict.fromkeys(lines))

    def __call__(self, subject: Subject) -> None:
        """Run it. Raises `ContractError` if the contract is not kept, `CannotCheckError` if it says nothing about this component."""
        __tracebackhide__ = True
        known = dict(self.targets)
        target = known.get("") or known.get(subject.variant)
        if target is None:
            raise CannotCheckError(f"it is about {' or '.join(known)}, and this is a {subject.variant or 'component of no known level'}")
        with subject.watched():
            try:
                _load(target)(subject)
            except ContractError as error:
                error.contract = error.contract or self.contract(subject.variant)
                raise
            except CannotCheckError:
                raise
            except Exception as error:
                did, todo = f"running {self.name}", "it did something that the check cannot even look at: see the traceback"
                raise ContractError(did, in_words(error), todo, contract=self.contract(subject.variant)) from error


def _load(target: str) -> Callable[[Subject], None]:
    module, _, name = target.partition(":")
    found: Callable[[Subject], None] = getattr(importlib.import_module(f"vsslfw.testing.checks.{module}"), name)
    return found


@functools.cache
def checks_for(kind: str, variant: str = "") -> tuple[Check, ...]:
    """The checks of a kind, in the order in which they run.

    variant: the level of a corruption or the task of a head; none means the checks of them all. ValueError for an unknown kind.
    """
    if kind not in KINDS:
        raise ValueError(f'there is no kind "{kind}"; {did_you_mean(kind, KINDS)}'.rstrip("; "))
    found: dict[str, dict[str, str]] = {}
    for key, modules in CHECKS.items():
        owner, _, which = key.partition("/")
        if owner == kind and (not variant or which in ("", variant)):
            for module, names in modules.items():
                for name in names.split():
                    found.setdefault(name, {})[which] = f"{module}:{name}"
    return tuple(Check(name, kind, tuple(targets.items())) for name, targets in found.items())
