"""Folds of a scheme: names that are unique and pseudonymous, and splits that are refused before any file is opened."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from vsslfw.data.manifest import VideoRow
from vsslfw.pipeline.folds import Case, Fold
from vsslfw.pipeline.names import Names
from vsslfw.pipeline.splits import split

SUBJECTS = ["A", "A", "A-01", "A-01", "fold-04", "fold-04", "B", "B"]
LABELS = ["ES", "PNES"] * 4
EACH_ALONE = [[0, 1], [2, 3], [4, 5], [6, 7]]


class Given:
    """A scheme that tests these videos, fold by fold, and trains on the others."""

    def __init__(self, *tested: list[int]) -> None:
        self.tested = tested

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[list[int], list[int]]]:
        for test in self.tested:
            yield [i for i in range(len(X)) if i not in test], test


def parts(scheme: Given) -> tuple[list[Any], list[str]]:
    recipe: Any = SimpleNamespace(
        settings=SimpleNamespace(validation={"type": "given"}), registries=SimpleNamespace(build=lambda *_: scheme)
    )
    rows = [VideoRow(f"v{n}", Path("v.mp4"), s, "labelled", label) for n, (s, label) in enumerate(zip(SUBJECTS, LABELS, strict=True))]
    splits, problems = split(recipe, rows, ["ES", "PNES"])
    return splits, [str(problem) for problem in problems]


def test_a_fold_of_one_subject_bears_its_id_and_others_a_number() -> None:
    splits, problems = parts(Given([0, 1, 2, 3], [4, 5], [6, 7]))
    assert ([part.name for part in splits], problems) == (["fold-01", "fold-04", "B"], [])


def test_names_stay_unique_over_repeats_whatever_the_ids_look_like() -> None:
    """Subject A is tested twice, in folds 1 and 5; another subject is called A-01, a third fold-04."""
    splits, problems = parts(Given(*EACH_ALONE, *EACH_ALONE, [0, 1, 2, 3], [4, 5, 6, 7]))
    names = [part.name for part in splits]
    assert problems == []
    assert len(set(names)) == 10
    pseudonyms = {"A": "P2", "A-01": "P1", "fold-04": "P4", "B": "P3"}
    shown = Names(pseudonyms.__getitem__, str)
    cases = [Case(f"v{n}", subject, "ES", 1.0, "", None) for n, subject in enumerate(SUBJECTS)]  # type: ignore[arg-type]
    folds = [shown.fold(Fold(part.name, (), tuple(cases[i] for i in part.test))) for part in splits]
    assert len(set(folds)) == 10
    assert all(name.startswith(("P1-", "P2-", "P3-", "P4-", "fold-")) for name in folds)
    assert [name for name in folds if name.startswith("fold-")] == ["fold-09", "fold-10"]


def test_a_subject_on_both_sides_is_refused_at_once() -> None:
    problems = parts(Given([0], [1], *EACH_ALONE[1:]))[1]
    assert len(problems) == 2
    assert all(": subject A is in training and in test" in problem for problem in problems)


def test_a_fold_that_tests_nothing_is_refused() -> None:
    problems = parts(Given([0, 1, 2, 3], [], [4, 5, 6, 7]))[1]
    assert len(problems) == 1
    assert problems[0].startswith("fold fold-02: no video is tested")


def test_folds_that_do_not_test_every_video_once_are_refused() -> None:
    assert "validation given: video v6 is never tested; video v7 is never tested" in parts(Given(*EACH_ALONE[:3]))[1]
    assert "validation given: video v0 is tested 2 times; video v1 is tested 2 times" in parts(Given(*EACH_ALONE, EACH_ALONE[0]))[1]
    pairs = [a + b for a, b in combinations(EACH_ALONE, 2)]
    assert parts(Given(*pairs))[1][0].startswith("validation given: every video is tested 3 times, in folds that overlap")
    (problem,) = parts(Given())[1]
    assert problem.startswith("validation given: video v0 is never tested; ")
    assert problem.endswith("; and 3 more")
