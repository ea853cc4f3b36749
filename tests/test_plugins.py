"""Plugins: contributed by a hook, loaded all or nothing, quarantined when broken."""

from __future__ import annotations

import logging
import types
from collections.abc import Callable
from typing import Any

import pytest

from vsslfw import plugins as module
from vsslfw.hookspecs import Register, hookimpl
from vsslfw.plugins import Plugins


class Point:
    """An entry point that loads what a test gives it."""

    dist = None
    value = "tests"

    def __init__(self, name: str, load: Callable[[], Any]) -> None:
        self.name, self.load = name, load


def plugin(**hooks: Any) -> types.ModuleType:
    """A module that holds these hooks."""
    module = types.ModuleType("a_test_plugin")
    vars(module).update(hooks)
    return module


def contributing(*components: tuple[str, str, str]) -> types.ModuleType:
    @hookimpl
    def vsslfw_register(register: Register) -> None:
        for kind, name, target in components:
            register(kind, name, target, "for a test")

    return plugin(vsslfw_register=vsslfw_register)


def import_fails() -> Any:
    raise ImportError("no module named heavy")


def misspelt() -> Any:
    @hookimpl
    def vsslfw_registre(register: Register) -> None: ...

    return plugin(vsslfw_registre=vsslfw_registre)


BROKEN = {
    "an import error": (import_fails, "no module named heavy"),
    "a misspelt hook": (misspelt, "vsslfw_registre"),
    "a name that is taken": (
        lambda: contributing(("corruption", "reverse", "a:B"), ("encoder", "bert", "a:B")),
        "already registered by plugin vsslfw",
    ),
    "an unknown kind": (lambda: contributing(("corruption", "reverse", "a:B"), ("corruptions", "x", "a:B")), 'did you mean "corruption"?'),
}


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Plugins]:
    def load(**loads: Callable[[], Any]) -> Plugins:
        monkeypatch.setattr(module.metadata, "entry_points", lambda group: [Point(name, load) for name, load in loads.items()])
        return Plugins()

    return load


def test_a_plugin_contributes_through_the_same_hook_as_the_builtins(installed: Callable[..., Plugins]) -> None:
    found = installed(mine=lambda: contributing(("corruption", "reverse", "mine:Reverse")))
    component = found.registries.find("corruption", "reverse")
    assert (component.plugin, component.target) == ("mine", "mine:Reverse")
    assert found.broken() == []


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_left_out_whole_and_the_others_work(
    case: str, installed: Callable[..., Plugins], caplog: pytest.LogCaptureFixture
) -> None:
    load, words = BROKEN[case]
    with caplog.at_level(logging.WARNING, "vsslfw"):
        found = installed(bad=load, good=lambda: contributing(("corruption", "fine", "good:Fine")))
    (broken,) = found.broken()
    assert broken.name == "bad"
    assert words in broken.error
    assert ".py:" in broken.error
    assert "bad" in caplog.text
    names = found.registries.names("corruption")
    assert "fine" in names
    assert "reverse" not in names


def test_a_lifecycle_hook_that_raises_is_reported_and_loses_nothing(
    installed: Callable[..., Plugins], caplog: pytest.LogCaptureFixture
) -> None:
    heard = []

    @hookimpl
    def fails(folder: Any, metrics: Any) -> None:
        raise ZeroDivisionError("in a hook")

    @hookimpl
    def listens(metrics: Any) -> None:
        heard.append(metrics)

    found = installed(bad=lambda: plugin(vsslfw_run_finished=fails), good=lambda: plugin(vsslfw_run_finished=listens))
    found.lifecycle("vsslfw_run_finished", folder="f", metrics={"a": 1})
    assert heard == [{"a": 1}]
    assert "bad" in caplog.text
    assert "in a hook" in caplog.text


def test_a_component_whose_class_cannot_be_imported_names_its_plugin(installed: Callable[..., Plugins]) -> None:
    from vsslfw.errors import UserError

    found = installed(mine=lambda: contributing(("corruption", "reverse", "no_such_module:Reverse")))
    with pytest.raises(UserError, match="plugin mine"):
        found.registries.find("corruption", "reverse").load()
