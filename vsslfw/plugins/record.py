"""What is known of a plugin: who it is, what it contributes, and whether it works."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from vsslfw.plugins.selection import normal
from vsslfw.registry import Absent, Component

Origin = Literal["built-in", "installed", "file", "module"]


@dataclass(frozen=True)
class Plugin:
    """A plugin that was found. ``error`` is empty if it works, else what is wrong with it, and ``place`` is where (file:line)."""

    name: str
    distribution: str
    version: str
    error: str = ""
    place: str = ""
    api: int | None = None
    """The API that it says it was written for; none if it was not asked."""
    origin: Origin = "installed"
    disabled: str = ""
    """What leaves it out ("-p no:NAME"), if it is left out: then nothing of it was imported."""
    components: tuple[Component, ...] = ()
    """What it contributes; of a broken plugin, what it would have contributed, as far as it came."""
    hooks: tuple[str, ...] = ()
    """The lifecycle hooks that it implements."""
    warnings: tuple[str, ...] = ()
    """What its author should know: the old things that it uses."""
    digest: str = ""
    """SHA-256 of the file, of a plugin that is one."""
    path: str = ""
    """The file, of a plugin that is one."""

    @property
    def state(self) -> Literal["ok", "disabled", "broken"]:
        """Whether its components can be used."""
        return "disabled" if self.disabled else "broken" if self.error else "ok"

    @property
    def trouble(self) -> str:
        """The error with its place."""
        return f"{self.error} ({self.place})" if self.place else self.error

    def answers_to(self, name: str) -> bool:
        """True for its name and for its distribution's."""
        return normal(name) in (normal(self.name), normal(self.distribution))

    def absent(self) -> Absent:
        """What whoever asks for one of its components is told."""
        why = f"is left out by {self.disabled}" if self.disabled else f"is broken: {self.trouble}"
        return Absent(self.name, self.distribution, why, self.components)

    def without_paths(self) -> Plugin:
        """The same without words that may hold a path of this machine: all that a run records of it."""
        kind = self.error.partition(":")[0]
        error = kind if not self.error or kind.isidentifier() else "refused"  # the type of an exception; other words may quote anything
        return replace(self, error=error, place="", path="", warnings=())
