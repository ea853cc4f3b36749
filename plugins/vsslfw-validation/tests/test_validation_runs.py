"""Each scheme in a whole tiny run on made video: it finishes, its audits pass, and a video counts once."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from vsslfw import RunResult, load_recipe, run
from vsslfw.testing import tiny_overrides


@pytest.fixture(scope="module")
def sites(vsslfw_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny data set again, with a column "site": two subjects at each, one of each class."""
    with vsslfw_dataset.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = {row["subject_id"]: row["label"] for row in rows if row["role"] == "labelled"}
    number = {subject: list(group).index(subject) for group in _by_label(labels) for subject in group}
    path = tmp_path_factory.mktemp("sites") / "videos.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "site"])
        writer.writeheader()
        for row in rows:
            writer.writerow(row | {"path": str(vsslfw_dataset.parent / row["path"]), "site": f"site {number.get(row['subject_id'], 0)}"})
    return path


def _by_label(labels: dict[str, str]) -> list[list[str]]:
    return [[s for s, label in sorted(labels.items()) if label == name] for name in sorted(set(labels.values()))]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all runs: they share features and pre-training."""
    return tmp_path_factory.mktemp("cache")


def run_with(validation: str, sites: Path, cache: Path, out: Path) -> RunResult:
    sizes = [override for override in tiny_overrides() if not override.startswith("data.")]
    recipe = load_recipe("validation_schemes", profile="demo", data=sites, overrides=[*sizes, f"validation={validation}"])
    return run(recipe, out=out, cache=cache)


@pytest.mark.slow
def test_the_recipe_runs_on_made_video(vsslfw_run: Any) -> None:
    result = vsslfw_run("validation.n_splits=2", recipe="validation_schemes")
    assert (result.metrics["n_videos"], result.metrics["n_folds"]) == (4, 2)


SCHEMES = {
    "group_kfold": 'dict(type="group_kfold", n_splits=4)',
    "leave_one_site_out": 'dict(type="leave_one_site_out")',
    "split_file": 'dict(type="split_file", path="{folds}")',
}


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_scheme_runs(scheme: str, sites: Path, cache: Path, tmp_path: Path) -> None:
    with sites.open(encoding="utf-8", newline="") as file:
        fold_of = {row["subject_id"]: row["site"] for row in csv.DictReader(file) if row["role"] == "labelled"}
    folds = tmp_path / "folds.csv"
    folds.write_text("subject_id,fold\n" + "".join(f"{subject},{fold}\n" for subject, fold in fold_of.items()))
    result = run_with(SCHEMES[scheme].format(folds=folds), sites, cache, tmp_path / "run")
    assert (result.metrics["n_videos"], result.metrics["n_repeats"]) == (4, 1)
    assert result.metrics["n_folds"] == (4 if scheme == "group_kfold" else 2)
    assert {line.outcome for line in result.report.audits} <= {"ok", "noted", "warning"}
    if scheme == "split_file":
        assert "folds.csv" in (tmp_path / "run" / "recipe.py").read_text()
        assert str(tmp_path) not in (tmp_path / "run" / "recipe.py").read_text()


def test_a_repeated_run_counts_a_video_once_and_says_so(sites: Path, cache: Path, tmp_path: Path) -> None:
    validation = 'dict(type="repeated_stratified_group_kfold", n_splits=2, n_repeats=2)'
    result = run_with(validation, sites, cache, tmp_path / "run")
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert (metrics["n_videos"], metrics["n_predictions"], metrics["n_repeats"], metrics["n_folds"]) == (4, 8, 2, 4)
    assert sum(metrics["videos_by_class"].values()) == 4
    assert sum(map(sum, metrics["confusion"]["matrix"])) == 4
    assert sum(row["videos"] for row in metrics["subjects"]) == 4
    accuracy = metrics["definitions"]["accuracy"]
    assert accuracy["value"] == pytest.approx(sum(accuracy["by_repeat"]) / 2)
    (audit,) = (line for line in result.report.audits if "exactly once" in line.check)
    assert (audit.outcome, audit.detail) == ("ok", "4 labelled videos, 4 folds, 2 repeats")
    with (tmp_path / "run" / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert Counter((row["repeat"], row["video"]) for row in rows).most_common(1)[0][1] == 1
    assert Counter(row["repeat"] for row in rows) == {"1": 4, "2": 4}
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "The split was made 2 times." in page
    assert "mean of 2 repeats" in page
    assert all(re.fullmatch(r"fold-\d\d", row["fold"]) for row in rows)
