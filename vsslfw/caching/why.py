"""Why a result is in the cache: what made it, what would change it, and what differs from another one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vsslfw.caching.contents import Contents, Result
from vsslfw.caching.facts import Component, Fact, MadeOf, Note, Setting, Unexplained, as_mapping
from vsslfw.caching.inputs import facts_of
from vsslfw.caching.lookup import SHOWN
from vsslfw.caching.origins import Origin, read_origin
from vsslfw.caching.uses import RECORDED, runs_using
from vsslfw.comparison import Difference, differences
from vsslfw.errors import Problem, UserError


@dataclass(frozen=True)
class Made:
    """A component that made the result: where the recipe names it, and its version and ``cache_version`` then."""

    key: str
    kind: str
    name: str
    distribution: str
    version: str
    """Nothing if it was not noted."""
    cache_version: Any


@dataclass(frozen=True)
class Explanation:
    """All that is known of a result."""

    result: Result
    origin: Origin
    facts: list[Fact]
    runs: list[Path] | None
    """Folders of runs that used it; none: run folders do not tell."""
    missing: frozenset[str]
    """Keys of what it was made of that the cache no longer holds."""

    @property
    def settings(self) -> dict[str, Any]:
        """Dotted key of the recipe -> value, those of components too."""
        found: dict[str, Any] = {}
        for fact in self.facts:
            if isinstance(fact, Setting):
                found[fact.key] = fact.value
            elif isinstance(fact, Component):
                found |= {f"{fact.key}.{name}": value for name, value in fact.config.items()}
        return found

    @property
    def components(self) -> list[Made]:
        """Those whose ``cache_version`` the key holds."""
        version = self.origin.version_of
        own = [fact for fact in self.facts if isinstance(fact, Component)]
        return [Made(c.key, c.kind, c.name, c.distribution, version(c.kind, c.name, c.distribution), c.cache_version) for c in own]

    @property
    def notes(self) -> dict[str, Any]:
        """What is no value of the recipe."""
        noted = {fact.what: fact.value for fact in self.facts if isinstance(fact, Note)}
        return noted | {f"{fact.name} (not known to this version)": fact.value for fact in self.facts if isinstance(fact, Unexplained)}

    @property
    def made_of(self) -> list[MadeOf]:
        """Other results that went into it."""
        return [fact for fact in self.facts if isinstance(fact, MadeOf)]

    def changes(self) -> list[str]:
        """What would give another key, in sentences without an end."""
        keys = [*self.settings, *(key for fact in self.facts if isinstance(fact, Note) for key in fact.keys)]
        own = dict.fromkeys(f"{made.kind} {made.name} ({made.distribution})" for made in self.components)
        found = [f"another value of {', '.join(dict.fromkeys(keys))}"] if keys else []
        found += [f"a raised cache_version of {', '.join(own)}"] if own else []
        return found + list(dict.fromkeys(fact.otherwise for fact in self.facts if isinstance(fact, MadeOf | Note) and fact.otherwise))

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        result = self.result
        return {
            "stage": result.stage,
            "key": result.key,
            "whole": result.head is not None,
            "made": result.made,
            "last_used": result.last_used,
            "bytes": result.bytes,
            "freeable": result.freeable,
            "recorded": self.origin.inputs is not None,
            "recipe": self.settings,
            "components": [asdict(made) for made in self.components],
            "notes": self.notes,
            "made_of": [{"stage": of.stage, "role": of.role, "keys": list(of.keys)} for of in self.made_of],
            "missing": sorted(self.missing),
            "changes": self.changes(),
            "runs": None if self.runs is None else [str(run) for run in self.runs],
        }


def explain(contents: Contents, result: Result) -> Explanation:
    """All that is known of a result of the cache."""
    origin = read_origin(result)
    facts = [] if origin.inputs is None else facts_of(result.stage, origin.inputs)
    runs = runs_using(result, origin.inputs, contents.folder) if result.stage in RECORDED else None
    there = {one.key for one in contents.results if one.head is not None}
    of = {key for fact in facts if isinstance(fact, MadeOf) and "online" not in fact.role for key in fact.keys}
    return Explanation(result, origin, facts, runs, frozenset(of - there))


def compare(a: Result, b: Result) -> list[Difference]:
    """What differs between the inputs of two results. UserError if they are of different stages, or if one's inputs were not noted."""
    if a.stage != b.stage:
        hint = "Compare two results of the same stage"
        raise UserError(Problem(f"is a result of {b.stage}, and {a.key[:SHOWN]} one of {a.stage}", b.key[:SHOWN], hint))
    inputs = [read_origin(one).inputs for one in (a, b)]
    lacking = [one for one, noted in zip((a, b), inputs, strict=True) if noted is None]
    if lacking:
        raise UserError(
            *(Problem("what it was made of is not recorded", one.key[:SHOWN], "Nothing can be compared with it") for one in lacking)
        )
    one, other = (facts_of(a.stage, noted or {}) for noted in inputs)
    return [*differences(as_mapping(one), as_mapping(other)), *_other_parts(one, other)]


def _other_parts(a: list[Fact], b: list[Fact]) -> Iterator[Difference]:
    """What they were made of, by number: nobody reads thousands of keys."""
    left, right = ({(f.role, f.stage): f.keys for f in facts if isinstance(f, MadeOf)} for facts in (a, b))
    for role, stage in dict.fromkeys([*left, *right]):
        one, other = left.get((role, stage), ()), right.get((role, stage), ())
        if one == other:
            continue
        same_set = set(one) == set(other)
        said = ["the same, in another order"] * 2 if same_set else [_against(one, other), _against(other, one)]
        yield Difference(f"{role} ({stage})", said[0], said[1])


def _against(own: tuple[str, ...], other: tuple[str, ...]) -> str:
    """``8, of which 2 are not in the other``; few are named."""
    alone = [key for key in own if key not in set(other)]
    if not own:
        return "none"
    named = f": {', '.join(key[:SHOWN] for key in alone)}" if 0 < len(alone) <= 2 else ""
    return f"{len(own)}, {len(alone)} of them not in the other{named}"
