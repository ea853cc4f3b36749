"""Fewer labels: a share of a fold's training subjects, of each class alike."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from vsslfw.pipeline.folds import Case, Fold
from vsslfw.seeds import Stream


def labelled_part(fold: Fold, fraction: float, seed: int) -> Fold:
    """The fold with the labels of ``fraction`` of its training subjects, at least one of those who bear the same labels.

    Who comes first is drawn once for the whole set: a smaller share lies within a larger one, and it is the same subjects in every
    fold and whatever the backbone.
    """
    if fraction == 1:
        return fold
    subjects: dict[str, list[Case]] = defaultdict(list)
    for case in fold.train:
        subjects[case.subject_id].append(case)
    strata: dict[frozenset[str], list[str]] = defaultdict(list)
    for subject, cases in subjects.items():
        strata[frozenset(case.label for case in cases)].append(subject)

    def drawn(subject: str) -> tuple[int, str]:
        content = min(case.content for case in subjects[subject])  # not the id: a pseudonym must draw the same
        return (Stream(seed, "label fraction", content)).seed(), content

    kept = {s for members in strata.values() for s in sorted(members, key=drawn)[: max(1, round(fraction * len(members)))]}
    return replace(fold, train=tuple(case for case in fold.train if case.subject_id in kept))
