"""docs/statistics.md: its tables are those of the committed simulations, and small simulations show what it claims."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
RECORD = json.loads((ROOT / "benchmarks" / "results" / "statistics.json").read_text())
NAMES = ("made", "learners", "simulations", "differences", "tables")


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    """The modules of the benchmark, under the short names by which they know each other."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks" / "statistics")
    kept = {name: sys.modules.pop(name, None) for name in NAMES}
    yield {name: importlib.import_module(name) for name in NAMES}
    for name, module in kept.items():
        sys.modules.pop(name, None)
        if module is not None:
            sys.modules[name] = module


def test_the_tables_on_the_page_are_those_of_the_record(script: dict[str, ModuleType]) -> None:
    page = (ROOT / "docs" / "statistics.md").read_text()
    for name, table in script["tables"].tables(RECORD).items():
        assert f"<!-- table {name} -->\n{table}\n<!-- /table -->" in page


def of(interval: str, size: int, part: str) -> float:
    return next(r["coverage"] for r in RECORD[part] if (r["interval"], r["subjects"]) == (interval, size))


@pytest.mark.parametrize("size", [12, 24, 80])
def test_what_the_page_says_of_intervals_is_what_was_measured(size: int) -> None:
    assert of("ours", size, "of_predictions") >= 0.92
    assert of("videos, percentile", size, "of_predictions") < 0.9
    assert of("ours, seeds as n", size, "of_predictions") < 0.75
    assert of("naive t over folds", size, "of_methods") < 0.7
    assert of("Nadeau-Bengio over folds", size, "of_methods") > of("naive t over folds", size, "of_methods") + 0.2


def test_and_of_chance() -> None:
    nulls = {(r["learner"], r["scheme"], r["subjects"], r["metric"]): r for r in RECORD["nulls"]}
    for size in (12, 24, 80):
        assert nulls["the class prior alone", "LOSO", size, "AUROC, pooled"]["mean"] == 0.0
        assert nulls["logistic regression", "LOSO", size, "AUROC, pooled"]["mean"] < 0.5
        within = nulls["logistic regression", "repeated StratifiedGroupKFold", size, "AUROC, within folds"]
        assert within["mean"] == pytest.approx(0.5, abs=0.02)
    assert all(r["found"] == 0 for r in RECORD["permutations"] if "scikit" in r["permuted"])


@pytest.mark.parametrize("size", [24, 80])
def test_and_of_differences(size: int) -> None:
    rows = {(r["difference"], r["method"]): r for r in RECORD["differences"] if r["subjects"] == size}
    naive = "videos, paired z"
    for kind in ("none", "none, recalls differ", "the margin"):
        ours = rows[kind, "subjects (ours)"]
        assert ours["coverage"]["low"] < 0.95 < ours["coverage"]["high"]
        assert rows[kind, naive]["coverage"]["high"] < 0.92
        if kind == "the margin":
            assert ours["equivalent"]["low"] < 0.05
            assert rows[kind, naive]["equivalent"]["low"] > 0.05
            assert rows[kind, naive]["found"]["share"] > ours["found"]["share"], "the power that false alarms seem to buy"
        else:
            assert ours["found"]["low"] < 0.05
            assert rows[kind, naive]["found"]["low"] > 0.1
            assert rows[kind, "videos, McNemar"]["found"]["low"] > 0.06
    power = {24: (0.35, 0.45), 80: (0.8, 0.95)}[size]
    assert power[0] < rows["the margin", "subjects (ours)"]["found"]["share"] < power[1]


def test_a_small_simulation_shows_the_traps(script: dict[str, ModuleType]) -> None:
    rows = {(r["learner"], r["scheme"], r["metric"]): r for r in script["simulations"].nulls(5, sizes=(12,))}
    assert rows["the class prior alone", "LOSO", "AUROC, pooled"]["mean"] == 0.0
    assert rows["logistic regression", "LOSO", "AUROC, within folds"]["mean"] is None
    assert rows["the class prior alone", "repeated StratifiedGroupKFold", "AUROC, within folds"]["mean"] == 0.5


def test_small_simulations_of_coverage_and_permutation_run(script: dict[str, ModuleType]) -> None:
    simulations = script["simulations"]
    widths = {r["interval"]: r["width"] for r in simulations.of_predictions(15, sizes=(12,), resamples=50)}
    assert widths["ours, seeds as n"] < widths["videos, percentile"] < widths["ours"]
    widths = {r["interval"]: r["width"] for r in simulations.of_methods(3, sizes=(12,), resamples=30)}
    assert widths["naive t over folds"] < widths["Nadeau-Bengio over folds"]
    found = {(r["permuted"], r["signal"]): r["found"] for r in simulations.permutations(1, subjects=8, m=3)}
    assert found["scikit-learn's groups", 4.0] == 0.0


def test_a_made_study_of_two_arms_has_the_difference_that_it_is_said_to_have(script: dict[str, ModuleType]) -> None:
    made = script["differences"]
    for gains in made.GAINS.values():
        answers = made.answered(np.random.default_rng(0), 6000, gains)
        for label, (recall, gain) in enumerate(zip(made.RECALLS, gains, strict=True)):
            found = answers.right[:, answers.labels == label].mean(axis=1)
            assert found == pytest.approx([recall, recall + gain], abs=0.02)


def test_the_quick_balanced_accuracy_changes_nothing(script: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch) -> None:
    made = script["differences"]
    answers = made.answered(np.random.default_rng(0), 24, made.GAINS["the margin"])
    options = made.Options(resamples=30, permutations=50, margin=made.MARGIN)
    by_scikit_learn = made.ours(answers, 0.1, options)
    monkeypatch.setitem(made.METRICS, "balanced_accuracy", ("balanced accuracy", made.quick_balanced_accuracy))
    assert made.ours(answers, 0.1, options) == pytest.approx(by_scikit_learn)


def test_a_small_simulation_of_differences_runs(script: dict[str, ModuleType]) -> None:
    made = script["differences"]
    rows = {(r["difference"], r["method"]): r for r in made.differences(4, sizes=(24,), resamples=30, permutations=19)}
    assert len(rows) == 9
    for name in made.GAINS:
        assert rows[name, "subjects (ours)"]["width"] > rows[name, "videos, paired z"]["width"]
        assert rows[name, "videos, McNemar"]["coverage"] is None
