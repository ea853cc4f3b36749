"""Labelled videos to split: ordinary hospitals, and awkward ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from vsslfw.testing.subjects import Subject


@dataclass(frozen=True)
class Layout:
    """Labelled videos: (subject, label, site) of each. The ids are V01, V02, ... in this order."""

    said: str
    videos: tuple[tuple[str, str, str], ...]

    def arguments(self) -> tuple[Any, Any, Any]:
        """X, y and groups as the framework hands them to ``split`` (`vsslfw.interfaces.ValidationScheme`)."""
        X = np.empty(len(self.videos), dtype=object)
        X[:] = [
            {"video_id": f"V{n:02d}", "subject_id": subject, "label": label, "site": site}
            for n, (subject, label, site) in enumerate(self.videos, start=1)
        ]
        labels = [label for _, label, _ in self.videos]
        classes = sorted(set(labels))
        y = np.array([classes.index(label) for label in labels], dtype=np.int64)
        return X, y, np.array([subject for subject, _, _ in self.videos], dtype=str)


def _made(subjects: int, videos: int, label: Any, site: Any) -> tuple[tuple[str, str, str], ...]:
    """``videos`` of each subject S01, S02, ..., in turn: the videos of a subject do not stand side by side."""
    return tuple((f"S{s + 1:02d}", label(s, v), site(s, v)) for v in range(videos) for s in range(subjects))


def _alternate(s: int, v: int) -> str:
    return "ES" if s % 2 else "PNES"


def _own_site(s: int, v: int) -> str:
    return f"site-{'abc'[(s // 2) % 3]}"


ORDINARY = (
    Layout("12 subjects of one class each, 3 videos a subject", _made(12, 3, _alternate, _own_site)),
    Layout(
        "12 subjects, some with videos of both classes",
        _made(12, 4, lambda s, v: "ES" if (s + (v if s % 3 == 0 else 0)) % 2 else "PNES", _own_site),
    ),
    Layout(
        "12 subjects, unbalanced: one has 20 videos, the others one or two",
        (*_made(12, 1, _alternate, _own_site), *_made(6, 1, _alternate, _own_site), *(("S01", "PNES", "site-a"),) * 19),
    ),
    Layout(
        "20 subjects of three classes, 2 videos each",
        _made(20, 2, lambda s, v: ("ES", "PNES", "syncope")[s % 3], lambda s, v: f"site-{s % 4}"),
    ),
)
"""Layouts that a scheme can split, most of them at least."""

AWKWARD = (
    Layout("one subject", _made(1, 6, lambda s, v: "ES" if v % 2 else "PNES", _own_site)),
    Layout("two subjects of one class each", _made(2, 2, _alternate, _own_site)),
    Layout("one video", (("S01", "ES", "site-a"),)),
    Layout("videos of one class alone", _made(6, 2, lambda s, v: "ES", _own_site)),
    Layout("one site", _made(6, 2, _alternate, lambda s, v: "site-a")),
    Layout("a subject with videos at two sites", _made(9, 2, _alternate, lambda s, v: f"site-{'abc'[(s + (v if s == 0 else 0)) % 3]}")),
    Layout("one subject of a class", _made(6, 2, lambda s, v: "PNES" if s == 0 else "ES", _own_site)),
)
"""Layouts that many a scheme cannot split: then it must say so."""


def splittable(subject: Subject) -> list[Layout]:
    """The ordinary layouts that this scheme does split."""
    found = []
    for layout in ORDINARY:
        try:
            if list(subject.build().split(*layout.arguments())):
                found.append(layout)
        except Exception:
            continue  # another check tells it
    return found
