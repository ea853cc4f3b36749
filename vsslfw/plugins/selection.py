"""Which plugins a process uses: all that are installed, less some, plus files and modules that are named."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.utils import canonicalize_name

from vsslfw.digest import digest_of_file
from vsslfw.errors import Problem, UserError, did_you_mean

ONLY = "VSSLFW_PLUGINS"
STRICT = "VSSLFW_STRICT_PLUGINS"
OPTION = "--plugin"


@dataclass(frozen=True)
class Extra:
    """A plugin that was named: a file (absolute path, with the digest of its content), or a module or installed plugin by name."""

    name: str
    digest: str = ""

    @property
    def is_file(self) -> bool:
        """True for a file."""
        return bool(self.digest)


@dataclass(frozen=True)
class Selection:
    """Plain data, so that it travels to worker processes with a recipe: equal selections load equal plugins.

    only: of the installed plugins, these alone; none means all. without: names that are left out, whatever else says.
    extra: what is loaded besides. strict: a broken plugin is an error. A name is a plugin's, or its distribution's; ``my_plugin``
    and ``my-plugin`` are one name, as they are to pip.
    """

    only: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()
    extra: tuple[Extra, ...] = ()
    strict: bool = False

    def adding(self, extra: Iterable[Extra]) -> Selection:
        """This one, with more that is named."""
        return replace(self, extra=tuple(dict.fromkeys([*self.extra, *extra])))

    def why_not(self, name: str, distribution: str) -> str:
        """What leaves an installed plugin out, as whoever did it knows it; nothing if it is in."""
        if left_out := self.left_out(name, distribution):
            return left_out
        wanted = {normal(entry.name) for entry in self.extra if not entry.is_file} | set(map(normal, self.only or ()))
        if self.only is not None and not wanted & {normal(name), normal(distribution)}:
            return f"{ONLY}={','.join(self.only)}"
        return ""

    def left_out(self, *names: str) -> str:
        """The -p no:NAME that leaves out what bears these names; nothing if there is none."""
        return next((f"-p no:{name}" for name in self.without if normal(name) in map(normal, names)), "")


def from_environment(environment: Mapping[str, str] = os.environ) -> Selection:
    """VSSLFW_PLUGINS=a,b loads only these (files and modules too); VSSLFW_STRICT_PLUGINS=1 makes a broken plugin an error."""
    only = environment.get(ONLY)
    names = None if only is None else [name.strip() for name in only.split(",") if name.strip()]
    extra = [named(name, where=ONLY) for name in names or [] if looks_like_a_file(name)]
    strict = environment.get(STRICT, "0") not in ("", "0")
    return Selection(None if names is None else tuple(n for n in names if not looks_like_a_file(n)), (), tuple(extra), strict)


def with_options(selection: Selection, options: Iterable[str]) -> Selection:
    """``-p no:NAME`` leaves a plugin out; ``-p FILE.py`` or ``-p NAME`` adds one. UserError for a file that is not there."""
    options = list(options)
    without = tuple(option.removeprefix("no:") for option in options if option.startswith("no:"))
    extra = [named(option) for option in options if not option.startswith("no:")]
    return replace(selection, without=(*selection.without, *without)).adding(extra)


def normal(name: str) -> str:
    """A name as pip compares it."""
    return str(canonicalize_name(name))


def looks_like_a_file(name: str) -> bool:
    """True for what can only be meant as a path."""
    return name.endswith(".py") or "/" in name or os.sep in name


def named(name: str, *, where: str = OPTION, folder: Path | None = None) -> Extra:
    """What a person means by a plugin's name: a file, relative to ``folder`` (none: the current one), or a module or installed plugin.

    UserError if it can only be a file, and there is none.
    """
    if not looks_like_a_file(name):
        return Extra(name)
    path = Path(os.path.abspath((folder or Path()) / Path(name).expanduser()))
    if not path.is_file():
        hint = did_you_mean(path.name, (file.name for file in path.parent.glob("*.py")))
        what = f"{path} is a folder; a plugin is a file, or an installed package" if path.is_dir() else f"there is no plugin file {path}"
        raise UserError(Problem(what, f"{where} {name}".strip(), hint))
    return Extra(str(path), digest_of_file(path))
