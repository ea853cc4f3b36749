"""The hooks that a plugin may implement (docs/hooks.md). A plugin is a module named by an entry point, or a file.

It says which API it was written for, ``VSSLFW_API = 1``, and marks its hooks with `hookimpl`. A hook takes as many of its
arguments as it names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import pluggy

from vsslfw.sections import Section

PROJECT = "vsslfw"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Register(Protocol):
    """What `vsslfw_register` is handed: a call contributes one component."""

    def __call__(self, kind: str, name: str, target: str | type, summary: str = "") -> None:
        """Contribute ``target`` as the component ``name`` of this kind.

        target: ``"package.module:Class"``, imported on first use, so that listing components stays fast; or the class itself,
            for a plugin that is a single file.
        name: lower-case letters, digits and underscores.
        summary: one line for ``vsslfw components``.

        ValueError if one of them is not of its form, or if the name is taken.
        """
        ...


@hookspec
def vsslfw_register(register: Register) -> None:
    """Contribute components: call ``register(kind, name, "package.module:Class", summary="...")`` for each.

    Called once, when the plugin is loaded. All of a plugin's components are registered or none.
    """


@hookspec
def vsslfw_run_started(folder: Path, recipe: dict[str, Any]) -> None:
    """A run begins: its folder, and the resolved recipe as plain data, in which a path is its file name alone."""


@hookspec
def vsslfw_stage_finished(stage: str, key: str, reused: bool, summary: dict[str, Any]) -> None:
    """A stage (index, extract, pretrain, validate, baselines) has its result.

    ``key`` is the stage's key, ``reused`` is true if nothing was computed, ``summary`` holds ``parts``, ``reused`` and ``note``.
    """


@hookspec
def vsslfw_report_sections(folder: Path, metrics: dict[str, Any]) -> list[Section]:
    """Add sections to the report of a run, behind its own: a list of `vsslfw.sections.Section`, plain text and tables.

    ``folder`` is the run folder, in which predictions.csv, windows.csv and metrics.json are written already; ``metrics`` is the content
    of metrics.json. Names are pseudonyms, unless the run was asked to identify.
    """
    raise NotImplementedError  # pluggy calls implementations alone


@hookspec
def vsslfw_run_finished(folder: Path, metrics: dict[str, Any]) -> None:
    """A run has ended well; ``metrics`` is the content of metrics.json."""


@hookspec
def vsslfw_run_failed(folder: Path, error: BaseException) -> None:
    """A run has ended in ``error``, or was interrupted; what it had finished is in the cache."""
