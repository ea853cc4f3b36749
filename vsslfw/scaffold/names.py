"""The names of a new plugin: of its distribution, its module, its component and its class; and which are not to be had."""

from __future__ import annotations

import builtins
import importlib.util
import keyword
import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import PurePath

from vsslfw.errors import Problem, UserError
from vsslfw.known_plugins import COMPONENTS
from vsslfw.scaffold.variants import WHERE

_DISTRIBUTION = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_COMPONENT = re.compile(r"[a-z][a-z0-9_]*")
_LONGEST = 40


@dataclass(frozen=True)
class Names:
    """What a plugin and its one component are called. A plugin that is a single file has the file's name for a distribution."""

    distribution: str
    component: str

    @property
    def single(self) -> bool:
        """True for a plugin that is a single file."""
        return self.distribution.endswith(".py")

    @property
    def module(self) -> str:
        """The package, or the file without its ending."""
        return self.distribution.removesuffix(".py").replace("-", "_")

    def cls(self, kind: str, taken: frozenset[str]) -> str:
        """The name of the class, in capitals: with the kind behind it if a module of that kind uses the name for something else."""
        name = "".join(word[:1].upper() + word[1:] for word in self.component.split("_"))
        return f"{name}{kind.capitalize()}" if name in taken or hasattr(builtins, name) else name


def checked(distribution: str, kind: str, component: str) -> Names:
    """The names. UserError holds all that is wrong with them."""
    names = Names(distribution, component)
    where = f"{WHERE} {distribution}"
    problems = [
        Problem(problem.what, place, problem.hint)
        for place, problem in (
            (where, _wrong_file(distribution) if names.single else _wrong_distribution(distribution)),
            (f"{where} --name", _wrong_component(kind, component)),
        )
        if problem
    ]
    if problems:
        raise UserError(*problems)
    return names


def _wrong_distribution(name: str) -> Problem | None:
    if not _DISTRIBUTION.fullmatch(name) or len(name) > _LONGEST:
        fitting = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-0123456789")[:_LONGEST].rstrip("-")
        what = f"{name!r} cannot be the name of a package; expected lower-case letters, digits and hyphens, from a letter on"
        return Problem(f"{what}, {_LONGEST} at most", hint=f"write {fitting}" if fitting else "vsslfw-NAME is a good form")
    module = name.replace("-", "_")
    if keyword.iskeyword(module):
        return Problem(f'"{module}" is a word of Python\'s own, and no module can be called so', hint=f"write vsslfw-{name}")
    if name in COMPONENTS:
        return Problem(f"{name} is a plugin that is made beside vsslfw", hint="choose another name: two plugins cannot share one")
    if installed := _installed(name):
        return Problem(f"{name} {installed} is installed already", hint=f"choose another name, or pip uninstall {name}")
    spec = importlib.util.find_spec(module)
    if spec is not None and spec.origin is not None:
        return Problem(f'there is a module "{module}" already, which this package would hide', hint="choose another name")
    return None


def _installed(distribution: str) -> str:
    """The version of a distribution that is installed, or nothing."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def _wrong_file(name: str) -> Problem | None:
    stem = name.removesuffix(".py")
    if PurePath(name).name != name:
        return Problem("a name is expected, not a path", hint=f"write {PurePath(name).name}, and --out {PurePath(name).parent}")
    if not _COMPONENT.fullmatch(stem) or keyword.iskeyword(stem) or len(stem) > _LONGEST:
        return Problem(f"{name!r} cannot be the name of a plugin file; expected lower-case letters, digits and underscores, and .py")
    return None


def _wrong_component(kind: str, name: str) -> Problem | None:
    if not _COMPONENT.fullmatch(name) or len(name) > _LONGEST:
        fitting = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_0123456789")[:_LONGEST]
        what = f"{name!r} cannot be the name of a {kind}; expected lower-case letters, digits and underscores, from a letter on"
        return Problem(f"{what}, {_LONGEST} at most", hint=f"write {fitting}" if fitting else "")
    if keyword.iskeyword(name):
        return Problem(f'"{name}" is a word of Python\'s own, and no module can be called so', hint=f"write {name}_{kind}")
    if name in _builtin(kind):
        return Problem(f'{kind} "{name}" is built in, and nobody else can have its name', hint=f"write {name}_2, or what differs in yours")
    return None


def _builtin(wanted: str) -> set[str]:
    """The names of the built-in components of a kind."""
    from vsslfw import builtin

    found: set[str] = set()

    def register(kind: str, name: str, target: str | type, summary: str = "") -> None:
        if kind == wanted:
            found.add(name)

    builtin.vsslfw_register(register)
    return found
