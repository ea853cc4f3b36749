"""The simulations of docs/statistics.md. Each returns rows of plain values; ``times`` is how often each case is drawn."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from learners import SCHEMES, Study, validated
from made import study
from numpy.typing import NDArray
from scipy.stats import t as student
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score
from sklearn.model_selection import GroupKFold, permutation_test_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from vsslfw.evaluation.permutation import p_value
from vsslfw.evaluation.probes import Described, ProbeFold, null_of, probe, score
from vsslfw.evaluation.uncertainty import SubjectBootstrap, corrected_interval

Row = dict[str, Any]
SIZES = (12, 24, 80)
LIMITS = (0.025, 0.975)


def nulls(times: int, sizes: Sequence[int] = SIZES, share: float = 0.5) -> list[Row]:
    """Where each metric lies if there is nothing to find: mean and the middle 95%, by scheme and number of subjects."""
    rows = []
    for learner, schemes in (("logistic regression", SCHEMES), ("the class prior alone", SCHEMES), ("most frequent class", SCHEMES)):
        for scheme in schemes:
            for size in sizes:
                draws = times if learner == "logistic regression" else max(5, times // 10)
                found = []
                for number in range(draws):
                    data = study(np.random.default_rng([1, size, number]), size, share=share)
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        found.append(validated(learner, scheme, data, number)[0])
                for name in found[0]:
                    values = np.array([row[name] for row in found])
                    known = values[np.isfinite(values)]
                    low, high = np.quantile(known, LIMITS).tolist() if len(known) else (None, None)
                    mean = float(known.mean()) if len(known) else None
                    case = {"learner": learner, "scheme": scheme, "subjects": size, "metric": name, "times": draws}
                    rows.append({**case, "mean": mean, "low": low, "high": high})
    return rows


def permutations(times: int, subjects: int = 12, m: int = 19) -> list[Row]:
    """How often p is at most .05, without and with something to find, for three ways to permute (four folds of subjects each)."""
    rows = []
    for signal in (0.0, 4.0):
        hits: dict[str, list[bool]] = {"videos, freely": [], "scikit-learn's groups": [], "subjects (ours)": []}
        for number in range(times):
            data = study(np.random.default_rng([2, int(signal), number]), subjects, signal=signal)
            model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
            for name, groups in (("videos, freely", None), ("scikit-learn's groups", data.subjects)):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    cv = list(GroupKFold(4).split(data.X, data.y, data.subjects))
                    options = {"groups": groups, "cv": cv, "n_permutations": m, "scoring": "balanced_accuracy", "random_state": number}
                    p = permutation_test_score(model, data.X, data.y, **options)[2]
                hits[name].append(p <= 0.05 + 1e-9)
            folds = [ProbeFold(train, test) for train, test in GroupKFold(4).split(data.X, data.y, data.subjects)]
            of, names = Described("", "", "", data.X), data.subjects.tolist()
            own = score(data.y, probe(of, data.y, names, folds, classes=2, seed=number), folds)["balanced_accuracy"]
            null = null_of(of, data.y, names, folds, classes=2, m=m, seed=number)
            hits["subjects (ours)"].append(p_value(own, null.scores["balanced_accuracy"]) <= 0.05 + 1e-9)
        rows += [{"signal": signal, "permuted": name, "found": float(np.mean(values)), "times": times} for name, values in hits.items()]
    return rows


def of_predictions(times: int, sizes: Sequence[int] = SIZES, resamples: int = 200) -> list[Row]:
    """How often an interval of balanced accuracy holds the truth, for one fitted model and new subjects each time."""
    rows = []
    for size in sizes:
        truth = float(np.mean([_balanced(*_answered(np.random.default_rng([3, size, 0, k]), 400)) for k in range(40)]))
        held: dict[str, list[tuple[bool, float]]] = {
            "videos, percentile": [],
            "subjects, percentile": [],
            "ours": [],
            "ours, seeds as n": [],
        }
        for number in range(times):
            generator = np.random.default_rng([3, size, 1, number])
            y, right, subjects = _answered(generator, size)
            value = _balanced(y, right, subjects)
            free = [generator.integers(0, len(y), len(y)) for _ in range(resamples)]
            names = sorted(set(subjects))
            own = {name: np.flatnonzero(subjects == name) for name in names}
            whole = [np.concatenate([own[names[i]] for i in generator.integers(0, len(names), len(names))]) for _ in range(resamples)]
            for name, draws in (("videos, percentile", free), ("subjects, percentile", whole)):
                low, high = np.nanquantile([_balanced(y[d], right[d], subjects[d]) for d in draws], LIMITS)
                held[name].append((low <= truth <= high, high - low))
            bootstrap = SubjectBootstrap(subjects.tolist(), [str(label) for label in y], resamples, 0.95, number)
            scores = [_balanced(y[d], right[d], subjects[d]) for d in bootstrap.draws()]
            found = bootstrap.interval(value, scores)[0]
            if found is None:  # all answered alike: no interval is given, so there is none to hold the truth
                continue
            held["ours"].append((found["low"] <= truth <= found["high"], found["high"] - found["low"]))
            half = found["se"] / np.sqrt(5) * float(student.ppf(0.975, 5 * bootstrap.m - 1))
            held["ours, seeds as n"].append((value - half <= truth <= value + half, 2 * half))
        for name, results in held.items():
            share, width = float(np.mean([hit for hit, _ in results])), float(np.mean([width for _, width in results]))
            rows.append({"subjects": size, "interval": name, "coverage": share, "width": width, "times": times})
    return rows


def of_methods(times: int, sizes: Sequence[int] = SIZES, signal: float = 1.5, resamples: int = 200) -> list[Row]:
    """The same where the models are fitted anew on each study, and the truth is what the method gives on average over studies."""
    rows = []
    for size in sizes:
        found: dict[str, list[tuple[float, float, float]]] = {}
        for number in range(times):
            data = study(np.random.default_rng([4, size, number]), size, signal=signal)
            for name, entry in _intervals(data, number, resamples).items():
                found.setdefault(name, []).append(entry)
        for name, entries in found.items():
            truth = float(np.mean([value for value, _, _ in entries]))
            hits, widths = [low <= truth <= high for _, low, high in entries], [high - low for _, low, high in entries]
            case = {"subjects": size, "interval": name, "truth": truth, "times": times}
            rows.append({**case, "coverage": float(np.mean(hits)), "width": float(np.mean(widths))})
    return rows


def _intervals(data: Study, number: int, resamples: int) -> dict[str, tuple[float, float, float]]:
    """(value, low, high) of balanced accuracy: conditional over LOSO, and two over the folds of a repeated split."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loso = validated("logistic regression", "LOSO", data, number)
        repeated = validated("logistic regression", "repeated StratifiedGroupKFold", data, number)
    value, ((_, shares),) = loso[0]["balanced accuracy"], loso[1]
    right = (shares > 0.5) == data.y
    bootstrap = SubjectBootstrap(data.subjects.tolist(), [str(label) for label in data.y], resamples, 0.95, number)
    own = bootstrap.interval(value, [_balanced(data.y[d], right[d], data.subjects[d]) for d in bootstrap.draws()])[0]
    scores, tested = [], []
    for folds, said in repeated[1]:
        for _, test in folds:
            if len(set(data.y[test])) == 2:
                scores.append(float(recall_score(data.y[test], said[test] > 0.5, average="macro", zero_division=0.0)))
                tested.append(len(test))
    mean, spread = float(np.mean(scores)), float(np.std(scores, ddof=1)) / np.sqrt(len(scores))
    half = spread * float(student.ppf(0.975, len(scores) - 1))
    corrected = corrected_interval(scores, train=len(data.y) - float(np.mean(tested)), test=float(np.mean(tested)))
    entries = {
        "ours, LOSO, conditional": own and (value, own["low"], own["high"]),  # none as above
        "naive t over folds": (mean, mean - half, mean + half),
        "Nadeau-Bengio over folds": corrected and corrected["low"] is not None and (mean, corrected["low"], corrected["high"]),
    }
    return {name: entry for name, entry in entries.items() if entry}


def _answered(generator: np.random.Generator, subjects: int) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.str_]]:
    """Class, whether the answer is right, and subject of each video; some subjects are hard, and a third are of class 1."""
    y, right, names = [], [], []
    for number in range(subjects):
        hard = generator.normal(scale=1.5)
        for _ in range(int(generator.integers(1, 8))):
            y.append(int(number % 3 == 0))
            right.append(generator.random() < 1 / (1 + np.exp(-(1.0 - 0.6 * y[-1] + hard))))
            names.append(f"S{number:03d}")
    return np.array(y), np.array(right), np.array(names)


def _balanced(y: NDArray[np.int64], right: NDArray[np.bool_], subjects: NDArray[np.str_]) -> float:
    """Balanced accuracy from which answers are right; NaN without one of the classes."""
    parts = [right[y == label] for label in (0, 1)]
    return float(np.mean([part.mean() for part in parts])) if all(len(part) for part in parts) else float("nan")
