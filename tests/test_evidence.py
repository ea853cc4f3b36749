"""A run shows what it can carry: baselines over the same folds, levels, timelines, audits, and what a plugin adds."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from vsslfw import load_recipe, run
from vsslfw.report import words
from vsslfw.testing.tiny import tiny_overrides


def metrics_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    return found


def again(tiny_run: Path, out: Path, *overrides: str) -> Any:
    """The tiny run with a few settings changed; features and pre-training are reused."""
    recipe = load_recipe("seizure_bart", profile="demo", overrides=[*tiny_overrides(), *overrides])
    return run(recipe, out=out, cache=tiny_run.parent / ".vsslfw-cache")


def test_the_model_stands_beside_chance_and_probes_over_the_same_folds(tiny_run: Path) -> None:
    rows = {row["key"]: row for row in metrics_of(tiny_run)["baselines"]["rows"]}
    assert list(rows) == ["constant", "metadata", "mean", "moments", "stft", "random_encoder", "pretrained_encoder", "model"]
    assert rows["constant"]["balanced_accuracy"] == 0.5
    assert rows["constant"]["brier_skill"] == 0.0
    for key in ("metadata", "mean", "moments", "stft", "random_encoder", "pretrained_encoder"):
        assert rows[key]["null"]["m"] == 2, "as many permutations as were asked for"
        assert 1 / 3 <= rows[key]["null"]["p"] <= 1
    assert rows["model"]["balanced_accuracy"] == metrics_of(tiny_run)["definitions"]["balanced_accuracy"]["value"]


def test_a_better_probe_is_the_first_thing_that_a_report_says(tiny_run: Path) -> None:
    metrics = metrics_of(tiny_run)
    probes = [row for row in metrics["baselines"]["rows"] if not row["name"].startswith("always ")]
    better = [row for row in probes if row["balanced_accuracy"] > metrics["definitions"]["balanced_accuracy"]["value"]]
    assert metrics["baselines"]["beaten_by"] == [row["name"] for row in better] != []
    first = words.headline(metrics)[0]
    assert first.startswith("A simpler probe beats the model")
    page = (tiny_run / "report.html").read_text()
    assert page.index("A simpler probe beats the model") < page.index("were tested in")
    metrics["baselines"]["beaten_by"] = []
    assert "probe" not in words.headline(metrics)[0]


def test_windows_and_timelines_cover_each_video(tiny_run: Path) -> None:
    with (tiny_run / "windows.csv").open() as file:
        windows = list(csv.DictReader(file))
    with (tiny_run / "predictions.csv").open() as file:
        predictions = {row["video"]: row for row in csv.DictReader(file)}
    assert {row["video"] for row in windows} == set(predictions)
    for row in windows:
        assert 0 <= float(row["start_s"]) < float(row["end_s"]) <= float(predictions[row["video"]]["seconds"]) + 0.2
    page = (tiny_run / "report.html").read_text()
    assert page.count('<figure class="timeline">') == len(predictions)
    assert "mattered" in page


def test_audits_of_the_result_follow_those_of_the_split(tiny_run: Path) -> None:
    lines = {line["check"]: line for line in json.loads((tiny_run / "audits.json").read_text())["lines"]}
    assert lines["Class weights know the training labels alone"]["outcome"] == "ok"
    assert lines["The model beats what is simpler"]["outcome"] == "warning"
    assert lines["Seeds"]["outcome"] == "noted"
    assert lines["Subjects of each class"]["outcome"] == "noted"


def test_seeds_are_averaged_and_shown_apart(tiny_run: Path, tmp_path: Path) -> None:
    two = again(tiny_run, tmp_path / "two", "finetune.seeds=2", "statistics.baselines=False")
    seeds = two.metrics["seeds"]
    assert seeds["n"] == len(seeds["balanced_accuracy"]) == 2
    assert two.metrics["n_predictions"] == 4, "a seed is no further observation"
    one = {p.video: p.probabilities["ES"] for p in _predictions(tiny_run)}
    assert any(p.probabilities["ES"] != one[p.video] for p in two.report.predictions)
    assert two.report.stages[3].detail == "4 of 8 reused", "the first seed is the run's own"
    audit = next(line for line in two.report.audits if line.check == "Seeds")
    assert audit.detail.startswith("2 seeds")


def _predictions(folder: Path) -> Any:
    from vsslfw.evaluation.predictions import read_predictions

    return read_predictions(folder / "predictions.csv")


@pytest.mark.slow
def test_a_threshold_comes_from_inner_folds_and_its_audit_has_looked(tmp_path: Path) -> None:
    sizes = ["data.subjects=6", "evaluate.threshold=inner-folds", "statistics.baselines=False", "pretrain.source=none", "finetune.epochs=2"]
    recipe = load_recipe("seizure_bart", profile="demo", overrides=[*tiny_overrides(), *sizes])
    found = run(recipe, out=tmp_path / "inner", cache=tmp_path / "cache")  # another data set: the shared cache holds one
    thresholds = {p.fold: p.threshold for p in found.report.predictions}
    assert all(t is not None and 0 < t < 1 for t in thresholds.values())
    for p in found.report.predictions:
        assert p.predicted == ("ES" if p.probabilities["ES"] >= thresholds[p.fold] else "PNES")
    audit = next(line for line in found.report.audits if line.check == "No threshold knows a tested video")
    assert (audit.outcome, "6 folds" in audit.detail) == ("ok", True)


def test_too_few_subjects_for_inner_folds_are_said_before_anything_is_computed(tmp_path: Path) -> None:
    from vsslfw.errors import UserError

    recipe = load_recipe("seizure_bart", profile="demo", overrides=[*tiny_overrides(), "evaluate.threshold=inner-folds"])
    with pytest.raises(UserError, match="inner folds need two of each") as caught:
        run(recipe, out=tmp_path / "inner", cache=tmp_path / "cache")
    assert len(caught.value.problems) == 4, "every fold at once"
    assert not (tmp_path / "cache" / "pretrain").exists()


def test_the_whole_model_is_permuted_on_request(tiny_run: Path, tmp_path: Path) -> None:
    found = again(tiny_run, tmp_path / "null", "statistics.model_permutations=2").metrics
    null = found["baselines"]["rows"][-1]["null"]
    assert null["m"] == 2
    assert null["p"] in (pytest.approx(1 / 3), pytest.approx(2 / 3), pytest.approx(1.0))
    assert found["auroc"]["permutation"]["m"] == 2


def test_baselines_can_be_left_out(tiny_run: Path, tmp_path: Path) -> None:
    found = again(tiny_run, tmp_path / "off", "statistics.baselines=False")
    assert found.metrics["baselines"] is None
    assert [stage.name for stage in found.report.stages] == ["index", "extract", "pretrain", "validate"]
    assert "Switched off" in (tmp_path / "off" / "report.html").read_text()


PLUGIN = """
from vsslfw.hookspecs import hookimpl
from vsslfw.sections import Section

VSSLFW_API = 1


@hookimpl
def vsslfw_report_sections(folder, metrics):
    assert (folder / "metrics.json").is_file() and (folder / "windows.csv").is_file()
    return [Section("Our <ward>", ["Beds & cameras."], ("Bed", "Videos"), [("1", str(metrics["n_videos"]))]), "not a section"]
"""


def test_a_plugin_adds_a_section_and_none_of_it_is_markup(tiny_run: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "ward.py").write_text(PLUGIN)
    again(tiny_run, tmp_path / "plugin", f'plugins=["{tmp_path}/ward.py"]')
    page = (tmp_path / "plugin" / "report.html").read_text()
    assert "<h2>Our &lt;ward&gt;</h2>" in page
    assert '<a href="#plugin-1">Our &lt;ward&gt;</a>' in page
    assert "Beds &amp; cameras." in page
    assert "a plugin added a str to the report" in caplog.text


def test_hiding_the_moments_of_a_long_video_makes_its_windows_one_group_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of an hour of video would not fit in memory at once."""
    from vsslfw.pipeline import answers

    made: list[int] = []
    monkeypatch.setattr(answers, "collate", lambda group: len(group))
    groups = answers._grouped(made.append(n) or n for n in range(1000))  # type: ignore[func-returns-value,misc]
    assert next(groups) == answers.TOGETHER
    assert len(made) == answers.TOGETHER
