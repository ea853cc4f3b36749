"""The hooks that a plugin may implement. A plugin is a module (or object) named by the entry point group ``vsslfw``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pluggy

PROJECT = "vsslfw"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

Register = Callable[..., None]
"""register(kind, name, "package.module:Class", summary="one line")"""


@hookspec
def vsslfw_register(register: Register) -> None:
    """Contribute components: call ``register(kind, name, "package.module:Class", summary="...")`` for each.

    The class is named by a string and imported on first use, so that listing components stays fast.
    """


@hookspec
def vsslfw_run_started(folder: Path, recipe: dict[str, Any]) -> None:
    """A run begins: its folder, and the resolved recipe as plain data."""


@hookspec
def vsslfw_stage_finished(stage: str, key: str, reused: bool, summary: dict[str, Any]) -> None:
    """A stage (index, extract, pretrain, validate, report) has its result; ``summary`` is what the run folder records."""


@hookspec
def vsslfw_run_finished(folder: Path, metrics: dict[str, Any]) -> None:
    """A run has ended well; ``metrics`` is the content of metrics.json."""
