"""Every definition of "the result", by video, each beside what always giving one answer would score. Built on scikit-learn."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vsslfw.errors import Problem, RunError, UserError, did_you_mean
from vsslfw.evaluation.levels import Level, Weights, by_subject, by_window
from vsslfw.evaluation.measures import Measures
from vsslfw.evaluation.options import StatisticsOptions
from vsslfw.evaluation.predictions import Prediction, WindowAnswer
from vsslfw.evaluation.repeats import REPEATS_MEANING, by_repeat, mean_auroc, mean_counts
from vsslfw.evaluation.scores import method_of, probabilities_of, within_folds

AUROC_CAVEAT = (
    "Pooled over folds: scores of different models are ranked together. Leaving a subject out lowers the share of that subject's "
    "class in training, so with single-class subjects a learner that knows nothing but the class prior ranks every pair the wrong way "
    "round and scores 0.0, not 0.5. Do not read this value against 0.5."
)
PRIOR_MEANING = "What a learner scores that knows nothing but the share of the positive class in its own training fold."


def compute_metrics(
    predictions: Sequence[Prediction],
    classes: Sequence[str],
    positive: str,
    *,
    windows: Sequence[WindowAnswer] = (),
    class_weights: Weights | None = None,
    options: StatisticsOptions | None = None,
) -> dict[str, Any]:
    """The content of metrics.json: plain data, keys in a stable order, never NaN (a figure is null with its reason).

    ``classes`` gives the order of the K classes, ``positive`` the one that sensitivity, specificity and AUROC are about.
    Every figure of ``definitions`` has its ``value``, its ``interval`` and its ``constant``: the same definition for answering the
    most frequent true class always (ties: the first class). Where the split is repeated, each figure is computed in each repeat
    (``by_repeat``) and averaged, and so are the counts of answers: a video counts once, however often it was answered.
    ``windows`` are for the level of windows, ``class_weights`` (fold -> class -> weight in training) for calibration, ``options`` for
    the intervals: without them there are none. docs/metrics.md and docs/statistics.md say what each figure is.
    Raises UserError if ``positive`` is no class, RunError if there is nothing to measure, a label is no class, a
    probability is missing or not finite, or the repeats do not answer the same videos once each.
    """
    classes, weights, options = list(classes), class_weights or {}, options or StatisticsOptions(resamples=0)
    _check(predictions, classes, positive)
    repeats = by_repeat(predictions)
    first = repeats[0]
    counts = Counter(p.label for p in first)
    constant = max(classes, key=lambda name: counts[name])
    subjects = _subjects(repeats, classes)
    measures = Measures(classes, positive, counts[positive] / len(first), options.prevalence)
    video = Level.of("video", repeats, measures, weights, options)
    levels = {
        "window": Level.of("window", by_window(windows), measures, weights, options).record() if windows else None,
        "video": video.record(),
        "subject": Level.of("subject", by_subject(repeats, positive), measures, weights, options).record(),
    }
    auroc = mean_auroc([_auroc(own, positive) for own in repeats])
    return {
        "level": "video",
        "n_videos": len(first),
        "n_predictions": len(predictions),
        "n_subjects": len(subjects),
        "n_folds": len({p.fold for p in predictions}),
        "n_repeats": len(repeats),
        "repeats_meaning": REPEATS_MEANING if len(repeats) > 1 else None,
        "single_class_subjects": sum(len(s["labels"]) == 1 for s in subjects),
        "classes": classes,
        "positive": positive,
        "videos_by_class": {name: counts[name] for name in classes},
        "subjects_by_class": {name: sum(name in s["labels"] for s in subjects) for name in classes},
        "constant_answer": constant,
        "confusion": {
            "rows": "true",
            "columns": "predicted",
            "classes": classes,
            "matrix": mean_counts([_confusion(own, classes) for own in repeats]),
        },
        "definitions": levels["video"]["definitions"],  # type: ignore[index]
        "levels": levels,
        "uncertainty": video.bootstrap.record(),
        "auroc": auroc | {"within_folds": within_folds(repeats, positive), "permutation": None},
        **method_of(repeats, positive, options),
        **probabilities_of(video),
        "subjects": subjects,
    }


def _check(predictions: Sequence[Prediction], classes: Sequence[str], positive: str) -> None:
    if positive not in classes:
        raise UserError(Problem(f'"{positive}" is none of the classes', "labels.positive", did_you_mean(positive, classes)))
    if not predictions:
        raise RunError("there is no prediction to measure")
    problems = []
    for p in predictions:
        for name in sorted({p.label, p.predicted} - set(classes)):
            problems.append(Problem(f'"{name}" is none of the classes {", ".join(classes)}', p.video))
        if not all(math.isfinite(p.probabilities.get(name, math.nan)) for name in classes):
            problems.append(Problem("a probability is missing or not finite", p.video))
    if problems:
        raise RunError(*problems, title="These predictions cannot be measured:")


def _confusion(predictions: Sequence[Prediction], classes: Sequence[str]) -> list[list[int]]:
    """(K, K) counts, rows true, columns predicted."""
    from sklearn.metrics import confusion_matrix

    matrix: list[list[int]] = confusion_matrix([p.label for p in predictions], [p.predicted for p in predictions], labels=classes).tolist()
    return matrix


def _auroc(predictions: Sequence[Prediction], positive: str) -> dict[str, Any]:
    from sklearn.metrics import roc_auc_score

    true = np.array([p.label == positive for p in predictions])
    reason = None if 0 < true.sum() < len(true) else f"Needs videos that are {positive} and videos that are not."

    def auroc(scores: Sequence[float] | None) -> float | None:
        return None if reason or scores is None else float(roc_auc_score(true, scores))

    prior = _prior_scores(predictions, true)
    return {
        "name": "AUROC, pooled over folds",
        "positive": positive,
        "value": auroc([p.probabilities[positive] for p in predictions]),
        "constant": None if reason else 0.5,
        "prior_only": auroc(prior),
        "reason": reason,
        "prior_only_reason": reason or (None if prior else "A fold tests every video, so nothing is left to know a prior from."),
        "prior_only_meaning": PRIOR_MEANING,
        "caveat": AUROC_CAVEAT,
    }


def _prior_scores(predictions: Sequence[Prediction], true: Any) -> list[float] | None:
    """Share of the positive class among the videos that a fold does not test; none if a fold tests them all."""
    videos: dict[str, bool] = {p.video: bool(positive) for p, positive in zip(predictions, true, strict=True)}
    tested: dict[str, set[str]] = {}
    for p in predictions:
        tested.setdefault(p.fold, set()).add(p.video)
    priors = {}
    for fold, names in tested.items():
        left = len(videos) - len(names)
        if not left:
            return None
        priors[fold] = (sum(videos.values()) - sum(videos[name] for name in names)) / left
    return [priors[p.fold] for p in predictions]


def _subjects(repeats: Sequence[Sequence[Prediction]], classes: Sequence[str]) -> list[dict[str, Any]]:
    """A row for each subject, sorted: its videos by true and by predicted class, and how many were answered rightly.

    Answers are the mean over repeats, and whole numbers if there is one.
    """
    rows: dict[str, list[Prediction]] = {}
    for p in (p for own in repeats for p in own):
        rows.setdefault(p.subject, []).append(p)
    n = len(repeats)

    def mean(total: int) -> float:
        return total if n == 1 else total / n

    def count(names: Sequence[str]) -> Mapping[str, float]:
        counts = Counter(names)
        return {name: mean(counts[name]) for name in classes if counts[name]}

    return [
        {
            "subject": subject,
            "videos": len(own) // n,
            "labels": {name: int(number) for name, number in count([p.label for p in own]).items()},
            "predicted": count([p.predicted for p in own]),
            "correct": mean(sum(p.label == p.predicted for p in own)),
        }
        for subject, own in sorted(rows.items())
    ]
