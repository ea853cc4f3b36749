"""The definitions: what each figure of a result is, from labels, answers and probabilities. Built on scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsslfw.evaluation.repeats import Value

RANGES = {"mcc": (-1.0, 1.0), "brier_skill": (-math.inf, 1.0)}
"""Where a figure can lie, if not between 0 and 1."""


@dataclass(frozen=True)
class Answers:
    """N answers: true class, given class (indices of the K classes), probabilities (N, K), and the same at the true class shares."""

    true: NDArray[np.int64]
    said: NDArray[np.int64]
    shares: NDArray[np.float64]
    fair: NDArray[np.float64]
    """Probabilities with the class weights of training taken back: what they are where the classes are as frequent as in training."""

    def __getitem__(self, rows: NDArray[np.intp]) -> Answers:
        return Answers(self.true[rows], self.said[rows], self.shares[rows], self.fair[rows])

    def __len__(self) -> int:
        return len(self.true)


@dataclass(frozen=True)
class Measures:
    """The figures of answers: for which classes, which of them is positive, and how frequent it is among all that was tested."""

    classes: Sequence[str]
    positive: str
    share: float
    """Of the positive class in the whole tested set: the constant answer's probability."""
    prevalence: float | None = None
    """Where PPV and NPV are stated too."""

    def meanings(self) -> dict[str, tuple[str, str]]:
        """Definition -> its name and what it means, in the order in which they are shown."""
        positive = self.positive
        rest = next(name for name in self.classes if name != positive) if len(self.classes) == 2 else "the other"
        shrunk = "Probabilities are those at the training fold's class shares."
        at = f"{self.prevalence:.0%}" if self.prevalence is not None else ""
        stated = {
            "ppv_at": (f"PPV at {at} {positive}", f"The same where {at} are {positive}: from sensitivity and specificity, by Bayes' rule."),
            "npv_at": (f"NPV at {at} {positive}", f"The same where {at} are {positive}: from sensitivity and specificity, by Bayes' rule."),
        }
        return {
            "accuracy": ("accuracy", "Share of videos that are answered rightly."),
            **{f"f1:{c}": (f"{c}-F1", f"Harmonic mean of precision and recall of {c}.") for c in self.classes},
            "f1_macro": ("macro F1", "Mean of the F1 of the classes, each counting the same."),
            "f1_weighted": ("weighted F1", "Mean of the F1 of the classes, each counting by its number of videos."),
            "balanced_accuracy": ("balanced accuracy", "Mean over the classes of the share of their videos that are answered rightly."),
            "mcc": ("MCC", "Matthews correlation coefficient: 1 is perfect, 0 is no relation between answer and truth."),
            "sensitivity": (f"sensitivity ({positive})", f"Share of {positive} videos that are answered {positive}."),
            "specificity": (f"specificity ({positive})", f"Share of {rest} videos that are not answered {positive}."),
            "ppv": (f"PPV ({positive})", f"Share of the answers {positive} that are right, where {self.share:.0%} are {positive} as here."),
            "npv": (f"NPV ({positive})", f"Share of the other answers that are right, where {self.share:.0%} are {positive} as here."),
            **(stated if self.prevalence is not None else {}),
            "average_precision": (
                f"average precision ({positive})",
                "Area under precision by recall; pooled over folds, so with the caveat of the AUROC.",
            ),
            "brier": ("Brier score", f"Mean squared error of the probability of {positive}: 0 is perfect. {shrunk}"),
            "brier_skill": ("Brier skill", f"1 - Brier score / that of always saying {self.share:.0%}: above 0 is of use. {shrunk}"),
        }

    def figures(self, answers: Answers) -> dict[str, Value]:
        """Each definition: its value, or none and why it is not defined, where scikit-learn would warn and answer 0."""
        from sklearn.metrics import average_precision_score, brier_score_loss, matthews_corrcoef, precision_recall_fscore_support

        true, said, classes, positive = answers.true, answers.said, list(self.classes), self.positive
        index = classes.index(positive)
        _, recall, f1, support = precision_recall_fscore_support(true, said, labels=range(len(classes)), zero_division=0.0)
        is_true, is_said = true == index, said == index
        values = precision_recall_fscore_support(is_true, is_said, labels=[True, False], zero_division=0.0)
        (ppv, npv), (sensitivity, specificity) = values[0], values[1]
        seen = set(true.tolist()) | set(said.tolist())
        absent = [name for k, name in enumerate(classes) if k not in seen]
        untested = [name for name, n in zip(classes, support, strict=True) if not n]
        no_class = f"No video is, or is answered, {', '.join(absent)}." if absent else None
        no_truth = f"No video is {', '.join(untested)}." if untested else None
        no_mcc = undefined_mcc(true, said)
        no_positive = None if is_true.any() else f"No video is {positive}."
        no_negative = None if not is_true.all() else f"Every video is {positive}."
        never = None if is_said.any() else f"No video is answered {positive}."
        always = None if not is_said.all() else f"Every video is answered {positive}."
        fair = answers.fair[:, index]
        brier = float(brier_score_loss(is_true, fair)) if len(true) else math.nan
        ground = self.share * (1 - self.share)

        def unless(reason: str | None, value: Any) -> Value:
            return (None, reason) if reason else (float(value), None)

        both = no_positive or no_negative
        return {
            "accuracy": unless(None, (true == said).mean()),
            **{f"f1:{c}": unless(None if k in seen else f"No video is, or is answered, {c}.", f1[k]) for k, c in enumerate(classes)},
            "f1_macro": unless(no_class, f1.mean()),
            "f1_weighted": unless(None, np.average(f1, weights=support)),
            "balanced_accuracy": unless(no_truth, recall.mean()),
            "mcc": unless(no_mcc, 0.0 if no_mcc else matthews_corrcoef(true, said)),
            "sensitivity": unless(no_positive, sensitivity),
            "specificity": unless(no_negative, specificity),
            "ppv": unless(never, ppv),
            "npv": unless(always, npv),
            **(self._at(sensitivity, specificity, both) if self.prevalence is not None else {}),
            "average_precision": unless(no_positive, 0.0 if no_positive else average_precision_score(is_true, answers.shares[:, index])),
            "brier": unless(None, brier),
            "brier_skill": unless(None if ground else "Not defined where only one class is true.", 1 - brier / ground if ground else 0.0),
        }

    def _at(self, sensitivity: float, specificity: float, reason: str | None) -> dict[str, Value]:
        assert self.prevalence is not None
        p = self.prevalence
        said, not_said = p * sensitivity + (1 - p) * (1 - specificity), p * (1 - sensitivity) + (1 - p) * specificity
        if reason:
            return {"ppv_at": (None, reason), "npv_at": (None, reason)}
        return {
            "ppv_at": (p * sensitivity / said, None) if said else (None, f"{self.positive} is never answered."),
            "npv_at": ((1 - p) * specificity / not_said, None) if not_said else (None, f"{self.positive} is always answered."),
        }


def undefined_mcc(true: NDArray[np.int64], said: NDArray[np.int64]) -> str | None:
    """Why there is no MCC, where scikit-learn answers 0; none if there is one."""
    if len(set(true.tolist())) == 1:
        return "Not defined (0 / 0) where only one class is true."
    return "Not defined (0 / 0) where only one class is ever answered." if len(set(said.tolist())) == 1 else None


def constant_answers(true: NDArray[np.int64], classes: int) -> Answers:
    """Always the most frequent true class (ties: the first), with the shares of the classes as probabilities."""
    counts = np.bincount(true, minlength=classes)
    shares = np.tile(counts / len(true), (len(true), 1))
    return Answers(true, np.full(len(true), int(counts.argmax())), shares, shares)
