"""The recipe: read, merged, checked, resolved."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from vsslfw._mmengine import Config
from vsslfw.digest import digest_of
from vsslfw.errors import Problem, UserError, did_you_mean
from vsslfw.locations import KeyPath, file_name, replaced
from vsslfw.plugins import Plugins, Selection, load_plugins, plugins
from vsslfw.plugins import selection as selection_of_process
from vsslfw.plugins.selection import looks_like_a_file
from vsslfw.recipe.check import check
from vsslfw.recipe.files import Source, Sources
from vsslfw.recipe.needs import load_needed, plugins_used
from vsslfw.recipe.overrides import apply_overrides
from vsslfw.recipe.schema import Settings
from vsslfw.recipe.text import to_text
from vsslfw.recipe.tree import Node, Place, dotted, merge
from vsslfw.registry import Registries

AS_WRITTEN = "as written"
"""The profile of a recipe that has no profiles."""


@dataclass(frozen=True)
class Recipe:
    """A resolved recipe: every value checked, every default of every component filled in."""

    settings: Settings
    """Typed: ``recipe.settings.pretrain.epochs``. Components are plain dicts with ``type`` and all parameters."""
    source: str
    """The path or name it was loaded by."""
    profile: str
    """The profile that was chosen."""
    notes: tuple[str, ...] = ()
    """What is right and still worth knowing before a run."""
    locations: tuple[KeyPath, ...] = ()
    """Which values are paths, such as ``("data", "path")``."""
    selection: Selection = field(default_factory=selection_of_process)
    """The plugins that it was checked with, and runs with: in worker processes too."""

    @property
    def plugins(self) -> Plugins:
        """Those plugins, loaded."""
        return load_plugins(self.selection)

    @property
    def registries(self) -> Registries:
        """What they contribute."""
        return self.plugins.registries

    @cached_property
    def digest(self) -> str:
        """SHA-256 (64 hexadecimal digits) of the resolved settings, of paths the file names alone."""
        return digest_of(self.portable())

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain data: dicts, lists, tuples, text, numbers, booleans, None."""
        return self.settings.model_dump()

    def portable(self) -> dict[str, Any]:
        """`to_dict` with each path shortened to its file name: all that a run records, as a folder may bear a patient's name."""
        portable: dict[str, Any] = replaced(self.to_dict(), self.locations, file_name)
        return portable

    def paths(self) -> dict[str, str]:
        """Key -> path of each value that is one, such as ``{"data.path": "/.../videos.csv"}``."""
        paths = {}
        for path in self.locations:
            value: Any = self.to_dict()
            for key in path:
                value = value[key]
            paths[dotted(path)] = value
        return paths

    def to_text(self, *, portable: bool = False) -> str:
        """A recipe file that loads back to the same digest; its first lines say profile, source and digest.

        portable: with paths shortened to file names, and a line that says how to give them again.
        """
        header = [
            f"resolved from {file_name(self.source) if portable else self.source}, profile {self.profile}",
            f"digest {self.digest}",
            *(f"{key} is shortened to its file name: {_again(key)}" for key in (self.paths() if portable else ())),
            *(f"note: {note}" for note in self.notes),
        ]
        return "".join(f"# {' '.join(line.split())}\n" for line in header) + "\n" + to_text(self.portable() if portable else self.to_dict())

    def config(self) -> Config:
        """The settings as an mmengine Config."""
        return Config(self.to_dict())


def load_recipe(
    source: str | Path,
    *,
    profile: str | None = None,
    overrides: Sequence[str] = (),
    data: str | Path | None = None,
    changes: Sequence[Node] = (),
    last: Sequence[Node] = (),
    registries: Registries | None = None,
) -> Recipe:
    """Load a recipe file, or a shipped recipe by its name (``"seizure_bart"``).

    profile: none means ``demo`` if the data are synthetic, else ``paper``.
    overrides: ``KEY=VALUE`` each, above everything else. data: a manifest, for ``dict(type="videos_csv", path=data)``.
    changes, last: trees of settings, the later above the earlier, below and above ``overrides``: what a study changes, and a variant of it.
    registries: the components to choose from; none means those of the installed plugins and of the recipe's own ``plugins``.

    Raises UserError with every problem at once, each with its place and key: Python that is not data, unknown keys,
    wrong types, unknown components or parameters, shapes that do not fit.
    """
    return _Loader(registries, changes, last).load(source, profile, overrides, None if data is None else Path(data))


@dataclass
class _Loader:
    given: Registries | None
    changes: Sequence[Node]
    last: Sequence[Node]
    plugins: Plugins = field(init=False, default_factory=plugins)

    @property
    def registries(self) -> Registries:
        return self.plugins.registries if self.given is None else self.given

    def load(self, name: str | Path, profile: str | None, overrides: Sequence[str], data: Path | None) -> Recipe:
        sources = Sources()
        source = sources.open(name)
        if source is None:
            raise _error(name, sources.problems)
        # Once without a profile, since a plugin's data set may decide which profile is the usual one.
        self.plugins, _ = load_needed(self._resolved(source, profile or "", overrides, data)[0], selection_of_process())
        chosen, problems = self._profile(source, profile, overrides, data)
        tree, refused = self._resolved(source, chosen, overrides, data)
        self.plugins, lacking = load_needed(tree, selection_of_process())
        problems += refused + lacking
        if data is not None and not os.path.isfile(data):
            what = "this is a folder; a manifest is expected" if os.path.isdir(data) else "there is no such file"
            problems.append(Problem(what, f"--data {data}", "a manifest is a CSV file, one video a row (docs/data.md)"))
        findings, filled, notes, paths = check(tree.plain(), list(tree.unreadable()), self.registries)
        located = [finding.located(tree) for finding in findings if source.complete or tree.holds(finding.path)]
        problems = sources.problems + problems + [problem for _, problem in sorted(located, key=lambda pair: pair[0])]
        if problems:
            raise _error(name, problems, chosen if profile is None and chosen == "demo" else "")
        filled["plugins"] = plugins_used(filled, filled["plugins"], self.plugins)
        paths += [("plugins", index) for index, entry in enumerate(filled["plugins"]) if looks_like_a_file(entry)]
        return Recipe(Settings.model_validate(filled), str(name), chosen, tuple(notes), tuple(paths), self.plugins.selection)

    def _resolved(self, source: Source, profile: str, overrides: Sequence[str], data: Path | None) -> tuple[Node, list[Problem]]:
        tree = source.resolve(profile)
        if data is not None:
            place = Place(f"--data {data}")
            own = {"type": Node("videos_csv", place), "path": Node(str(data.absolute()), place)}
            tree = merge(tree, Node({"data": Node(own, place)}, tree.place))
        tree, problems = apply_overrides(_with(tree, self.changes), overrides)
        return _with(tree, self.last), problems

    def _profile(self, source: Source, wanted: str | None, overrides: Sequence[str], data: Path | None) -> tuple[str, list[Problem]]:
        known = source.profiles()
        if wanted is None:
            usual = "demo" if data is None and self._is_synthetic(self._resolved(source, "", overrides, None)[0]) else "paper"
            return (usual if usual in known else AS_WRITTEN), []
        if wanted in known:
            return wanted, []
        hint = did_you_mean(wanted, known) or "this recipe has no profiles: leave --profile out"
        return wanted, [Problem(f'there is no profile "{wanted}"', "--profile", hint)]

    def _is_synthetic(self, tree: Node) -> bool:
        name = tree.value["data"].plain() if "data" in tree.value else None
        name = name.get("type") if isinstance(name, dict) else None
        if name not in self.registries.names("dataset"):
            return False
        try:
            return bool(getattr(self.registries.find("dataset", str(name)).load(), "synthetic", False))
        except UserError:
            return False  # the check of components tells it


def _with(tree: Node, changes: Sequence[Node]) -> Node:
    for change in changes:
        tree = Node(merge(tree, change).value, tree.place)
    return tree


def _again(key: str) -> str:
    """How to give a path that was shortened."""
    option = "--data PATH" if key == "data.path" else "--plugin PATH" if key.startswith("plugins.") else f"--set {key}=PATH"
    return f"give the path with {option}, or run where the file lies"


def _error(name: str | Path, problems: Sequence[Problem], implied: str = "") -> UserError:
    """``implied`` is a profile that the person did not name: what is wrong may be wrong under that one alone."""
    said = f" (profile {implied}, since no --data is given; --profile names another)" if implied else ""
    title = f"{name}{said}: {len(problems)} problems" if len(problems) > 1 else f"{name}{said}:" if said else ""
    return UserError(*problems, title=title)
