"""A component is its parameters: a copy, a second one and a second call give the same."""

from __future__ import annotations

import copy
import pickle
from typing import Any

from vsslfw.testing.calls import calls
from vsslfw.testing.compare import EXACT, difference
from vsslfw.testing.outcomes import doing, require
from vsslfw.testing.subjects import Subject


def check_pickle(subject: Subject) -> None:
    """A component goes through pickle and gives the same results: worker processes get it that way."""
    component = subject.shared()
    with doing("pickling it", "keep no lambdas, open files or generators in self; build them when they are needed"):
        again = pickle.loads(pickle.dumps(component))
    _same(subject, component, again, "a pickled copy", "everything that its results depend on must travel with it")


def check_deep_copy(subject: Subject) -> None:
    """A deep copy gives the same results."""
    component = subject.shared()
    with doing("deep-copying it", "keep no locks, open files or module objects in self"):
        again = copy.deepcopy(component)
    _same(subject, component, again, "a deep copy", "everything that its results depend on must be copied with it")


def check_built_twice(subject: Subject) -> None:
    """Two that are built alike give the same results (encoders and heads: under the same seed of torch)."""
    todo = "draw random weights under vsslfw.weights.seeded(SEED); use no id(), no clock, no class-level state"
    _same(subject, subject.shared(), subject.build(), "a second one, built alike", todo)


def check_no_hidden_state(subject: Subject) -> None:
    """A call leaves nothing behind: the same input gives the same result again, whatever came between."""
    component, made = subject.own(), calls(subject)
    first = [call.on(component) for call in made]
    for call, result in reversed(list(zip(made, first, strict=True))):
        said = difference(result, call.on(component), EXACT if subject.kind == "corruption" else 1e-6)
        todo = "count nothing in self; draw from the generator that is handed in, and from nothing else"
        require(not said, f"{call.did}, twice with other calls in between", said, todo)


def check_inputs_unchanged(subject: Subject) -> None:
    """What it is given is never changed: others still use it."""
    component = subject.shared()
    for call in calls(subject):
        given = copy.deepcopy(call.inputs)
        call.on(component, inputs=given)
        said = difference(_plain(call.inputs), _plain(given), EXACT, "the input")
        require(not said, call.did, said, "work on a copy: x = x.copy(), x.clone(), or operations without a trailing underscore")


def _plain(inputs: Any) -> Any:
    from vsslfw.types import Batch

    if isinstance(inputs, Batch):
        return vars(inputs)
    return tuple(map(_plain, inputs)) if isinstance(inputs, tuple) else inputs


def _same(subject: Subject, one: Any, two: Any, who: str, todo: str) -> None:
    for call in calls(subject):
        said = difference(call.on(one), call.on(two), EXACT if subject.kind == "corruption" else 1e-5)
        require(not said, f"{call.did}, with it and with {who}", said, todo)
