"""Which file a recipe is, what it is based on, and how bases, profiles and own values come together."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from vsslfw.errors import Problem, UserError, did_you_mean
from vsslfw.recipe.parse import Parsed, parse_file
from vsslfw.recipe.tree import UNREADABLE, Node, Place, merge


def shipped() -> dict[str, Path]:
    """Name -> file of the recipes that come with vsslfw."""
    package = Path(__file__).parents[1]
    folder = package / "recipes"  # in a wheel; in a checkout they lie beside the package, where a reader looks for them
    if not folder.is_dir():
        folder = package.parent / "recipes"
    return {path.stem: path for path in sorted(folder.glob("*.py")) if path.stem != "__init__"}


@dataclass
class Source:
    """A recipe file with what it is based on, parsed."""

    path: Path
    shown: str
    parsed: Parsed
    bases: list[Source] = field(default_factory=list)
    complete: bool = True
    """False if a base could not be read: then it cannot be said what is missing."""

    def profiles(self) -> dict[str, Node]:
        """Every profile that this file or a base of it has."""
        found: dict[str, Node] = {}
        for base in self.bases:
            found |= base.profiles()
        own = self.parsed.profiles
        return found | (own.value if own and isinstance(own.value, dict) else {})

    def resolve(self, profile: str) -> Node:
        """The bases under the profile, then this file's own values, then this file's own profile: the later wins."""
        tree = Node({}, Place(self.shown))
        for base in self.bases:
            tree = merge(tree, base.resolve(profile))
        tree = merge(tree, self.parsed.settings)
        own = self.parsed.profiles
        if own and isinstance(own.value, dict) and profile in own.value and isinstance(own.value[profile].value, dict):
            tree = merge(tree, Node(own.value[profile].value, tree.place))
        return tree


class Sources:
    """Reads a recipe and its bases, each file once. All that is wrong is in ``problems``."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._read: dict[Path, Source] = {}

    def open(self, name: str | Path) -> Source | None:
        """The recipe of that name or path, or none if it cannot be read (then a problem says why)."""
        known = shipped()
        path = Path(name)
        if str(name) in known and not os.path.isfile(path):
            path = known[str(name)]
        elif not os.path.exists(path):  # unlike Path.exists, this never raises
            hint = f'did you mean the shipped recipe "{path.stem}"?' if path.stem in known else did_you_mean(path.stem, known)
            self.problems.append(Problem("there is no such recipe", str(name), hint))
            return None
        return self._source(path, ())

    def _source(self, path: Path, above: tuple[Path, ...]) -> Source | None:
        key = path.resolve()
        if key not in self._read:
            try:
                source = Source(path, _shown(path), parse_file(path, _shown(path)))
            except UserError as error:
                self.problems.extend(error.problems)
                return None
            self.problems.extend(source.parsed.problems)
            self._check_profiles(source)
            self._read[key] = source
            problems = len(self.problems)
            source.bases = self._bases(source, (*above, key))
            source.complete = len(self.problems) == problems and all(base.complete for base in source.bases)
        return self._read[key]

    def _bases(self, source: Source, above: tuple[Path, ...]) -> list[Source]:
        node = source.parsed.base
        if node is None or node.value is UNREADABLE:
            return []
        found = []
        for entry in node.value if isinstance(node.value, list | tuple) else [node]:
            if entry.value is UNREADABLE:
                continue
            if not isinstance(entry.value, str):
                self._refuse(entry, "expected the path or name of a recipe", f"found {entry.plain()!r}")
                continue
            path = self._base_path(entry, source)
            if path is None:
                continue
            if path.resolve() in above:
                chain = " -> ".join(_shown(step) for step in (*above[above.index(path.resolve()) :], path.resolve()))
                self._refuse(entry, "this recipe is based on itself", chain)
                continue
            base = self._source(path, above)
            if base is not None:
                found.append(base)
        return found

    def _base_path(self, entry: Node, source: Source) -> Path | None:
        name: str = entry.value
        path = source.path.parent / name
        if os.path.exists(path):
            return path
        known = shipped()
        if name in known:
            return known[name]
        self._refuse(
            entry, f'there is no recipe "{name}"', did_you_mean(name, known) or f"looked for {_shown(path)} and among the shipped recipes"
        )
        return None

    def _check_profiles(self, source: Source) -> None:
        node = source.parsed.profiles
        if node is None or node.value is UNREADABLE:
            return
        entries = list(node.value.items()) if isinstance(node.value, dict) else [("", node)]
        for name, entry in entries:
            if not isinstance(entry.value, dict) and entry.value is not UNREADABLE:
                what = f"expected a dict of settings, found {entry.plain()!r}"
                self.problems.append(Problem(what, f"{entry.place}  profiles.{name}".rstrip("."), "profiles = dict(NAME=dict(...), ...)"))

    def _refuse(self, entry: Node, what: str, hint: str) -> None:
        self.problems.append(Problem(what, f"{entry.place}  _base_", hint))


def _shown(path: Path) -> str:
    """The path as short as it can be said: below the current folder relative to it, else as it is."""
    full = os.path.abspath(path)
    relative = os.path.relpath(full)
    return full if relative.startswith("..") else relative
