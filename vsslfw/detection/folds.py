"""Who trains a detector and who tests it: split by subject, so that nobody is on both sides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vsslfw.errors import Problem, UserError, did_you_mean
from vsslfw.seeds import Stream

TEST_SHARE = 0.25
FEWER = "name fewer subjects"


@dataclass(frozen=True)
class Fold:
    """One training: the subjects that it learns from, and those that it must never see."""

    train: tuple[str, ...]
    test: tuple[str, ...]


def held_out(subjects: Sequence[str], *, test: Iterable[str], exclude: Iterable[str], seed: int) -> Fold:
    """One fold: the named test subjects, or a quarter of all, drawn; ``exclude`` are in neither part.

    UserError for a subject that has no boxes, and where nobody is left on a side.
    """
    test, exclude = list(test), list(exclude)
    _require_known(subjects, [*test, *exclude])
    left = [subject for subject in sorted(set(subjects)) if subject not in exclude]
    if not test and len(left) > 1:
        order = (Stream(seed, "detector") / "split").generator().permutation(len(left))
        test = [left[i] for i in order[: max(round(TEST_SHARE * len(left)), 1)]]
    train = tuple(subject for subject in left if subject not in test)
    if not train and left:
        what = f"all {len(left)} subjects with boxes are to be tested on: nobody is left to train on"
        raise UserError(Problem(what, "--test-subjects", FEWER))
    if not train or not test:
        raise UserError(Problem(f"{len(left)} subjects with boxes are too few to train on some and test on others", hint="label more"))
    return Fold(train, tuple(sorted(subject for subject in test if subject in left)))


def crossed(subjects: Sequence[str], *, folds: int | None, exclude: Iterable[str], seed: int) -> list[Fold]:
    """Every subject is tested once, by a detector that has not seen them: ``folds`` groups of subjects, or one a subject.

    UserError for an unknown subject, and where there are fewer subjects than folds.
    """
    exclude = list(exclude)
    _require_known(subjects, exclude)
    left = [subject for subject in sorted(set(subjects)) if subject not in exclude]
    count = len(left) if folds is None else folds
    if not 2 <= count <= len(left):
        raise UserError(Problem(f"{count} folds of {len(left)} subjects; from 2 folds to one a subject are possible", "--folds"))
    order = (Stream(seed, "detector") / "folds").generator().permutation(len(left))
    groups = [tuple(sorted(left[i] for i in order[k::count])) for k in range(count)]
    return [Fold(tuple(subject for subject in left if subject not in group), group) for group in groups]


def _require_known(subjects: Sequence[str], named: Iterable[str]) -> None:
    problems = [
        Problem(f'no subject "{name}" has boxes', "--test-subjects, --exclude-subjects", did_you_mean(name, subjects))
        for name in dict.fromkeys(named)
        if name not in subjects
    ]
    if problems:
        raise UserError(*problems)
