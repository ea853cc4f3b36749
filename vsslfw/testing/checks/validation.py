"""Validation schemes: never a subject on both sides, whatever the hospital looks like."""

from __future__ import annotations

from typing import Any

import numpy as np

from vsslfw.testing.compare import EXACT, difference, shown
from vsslfw.testing.layouts import AWKWARD, ORDINARY, Layout
from vsslfw.testing.outcomes import in_words, require
from vsslfw.testing.subjects import Subject

REFUSE = "raise ValueError with words that say what these videos lack"


def check_splits(subject: Subject) -> None:
    """It splits at least one ordinary hospital, into (train, test) arrays of indices: valid, disjoint, none of them empty."""
    worked = [layout for layout in ORDINARY + AWKWARD if _indices(subject, layout)]
    did = "splitting 4 ordinary hospitals, of 12 to 20 subjects at 3 or 4 sites"
    todo = "declare check_with with parameters that suit 12 subjects; a file of splits can name V01, V02, ... and S01, S02, ..."
    require(any(layout in ORDINARY for layout in worked), did, f"it split none of them ({_refusal(subject, ORDINARY[0])})", todo)


def check_subjects_apart(subject: Subject) -> None:
    """No subject ever stands on both sides of a split."""
    for layout in ORDINARY + AWKWARD:
        groups = layout.arguments()[2]
        for number, (train, test) in enumerate(_parts(subject, layout) or [], start=1):
            both = sorted(set(groups[train]) & set(groups[test]))
            todo = "split subjects (`groups`), not videos; if that cannot be done, raise ValueError"
            require(not both, f"splitting {layout.said}", f"in split {number}, {', '.join(both[:3])} is trained on and tested", todo)


def check_same_splits(subject: Subject) -> None:
    """The same videos give the same splits each time."""
    for layout in ORDINARY:
        one = subject.build()
        first, again, other = _parts(subject, layout, one), _parts(subject, layout, one), _parts(subject, layout)
        for who, parts in (("twice", again), ("with it and with one that is built alike", other)):
            said = difference(first, parts, EXACT, "a split")
            require(not said, f"splitting {layout.said} {who}", said, "take a random_state parameter, an integer; never None")


def check_refusals(subject: Subject) -> None:
    """What it cannot split it refuses with a ValueError, and with no other error; one subject alone is never split."""
    for layout in ORDINARY + AWKWARD:
        did = f"splitting {layout.said}"
        try:
            parts = list(subject.build().split(*layout.arguments()))
        except ValueError as error:
            require(str(error).strip(), did, "a ValueError without words", REFUSE)
            continue
        except Exception as error:
            require(False, did, in_words(error), REFUSE)
        require(parts, did, "no split at all, and no error", REFUSE)
        alone = len(set(layout.arguments()[2])) == 1
        require(not alone, did, f"{len(parts)} splits of a single subject", REFUSE)


def _indices(subject: Subject, layout: Layout) -> bool:
    """True if it splits this layout; ContractError if into something else than indices."""
    parts, count = _parts(subject, layout), len(layout.videos)
    did = f"splitting {layout.said}"
    for number, part in enumerate(parts or [], start=1):
        for name, indices in zip(("train", "test"), part, strict=True):
            right = isinstance(indices, np.ndarray) and indices.ndim == 1 and np.issubdtype(indices.dtype, np.integer)
            require(right, did, f"the {name} part of split {number} is {shown(indices)}", "give arrays of integers, not masks or lists")
            valid = len(indices) and indices.min() >= 0 and indices.max() < count and len(set(indices.tolist())) == len(indices)
            require(
                valid,
                did,
                f"the {name} part of split {number} is {indices.tolist()[:12]} of {count} videos",
                "indices into X, each once, at least one",
            )
        shared = set(part[0].tolist()) & set(part[1].tolist())
        require(not shared, did, f"video {sorted(shared)[:3]} is on both sides of split {number}", "train and test are apart")
    return bool(parts)


def _parts(subject: Subject, layout: Layout, scheme: Any = None) -> list[tuple[Any, Any]] | None:
    """The splits; none if it cannot split these (`check_refusals` looks at how it says so)."""
    scheme = subject.build() if scheme is None else scheme
    try:
        return [(train, test) for train, test in scheme.split(*layout.arguments())]
    except Exception:
        return None


def _refusal(subject: Subject, layout: Layout) -> str:
    try:
        parts = list(subject.build().split(*layout.arguments()))
    except Exception as error:
        return in_words(error)
    return f"{len(parts)} splits"
