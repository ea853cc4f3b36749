"""``vsslfw ablate``: each stage once for all variants, the results of single runs, and a study that goes on where it stopped."""

from __future__ import annotations

import contextlib
import csv
import html
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from vsslfw.ablation import vary
from vsslfw.ablation.execute import Attempt, Computing, Failed, reason_of
from vsslfw.ablation.forecast import STAGES, Forecast
from vsslfw.ablation.record import StudyRecord
from vsslfw.ablation.running import Planned, plan
from vsslfw.ablation.study import Study
from vsslfw.ablation.view import OneView
from vsslfw.cli import main
from vsslfw.errors import Problem, RunError, UserError, VsslfwError, WorkerError
from vsslfw.interfaces import Executor
from vsslfw.pipeline.progress import Silent
from vsslfw.plugins import registries
from vsslfw.recipe import load_recipe
from vsslfw.testing.tiny import tiny_overrides

NOISES = "corruption=permute_span+mask_frames,none"
SOURCES = "pretrain.source=contextual,none"
NAMES = [f"corruption={noise}, source={source}" for noise in ("permute_span+mask_frames", "none") for source in ("contextual", "none")]
WHOLE, SCRATCH, UNDISTURBED, SCRATCH_AGAIN = NAMES
VIDEOS, CLIPS, FOLDS = 4, 8, 4
"""Of the tiny data: a video a subject, and 20 s of contextual video of each in clips of 10 s."""

OWN = ("log.txt", "run.json", "stages.json", "report.html", ".lock")
"""Files of a run that hold times, and what it reused."""


@dataclass(frozen=True)
class Studied:
    """A finished study and its cache."""

    folder: Path
    cache: Path

    @property
    def record(self) -> Any:
        return read(self.folder / "study.json")

    @property
    def comparison(self) -> Any:
        return read(self.folder / "comparison.json")

    def run_of(self, name: str) -> Path:
        (row,) = [row for row in self.comparison["rows"] if row["name"] == name]
        return self.folder / str(row["run"])

    def copied(self, folder: Path) -> Studied:
        return Studied(shutil.copytree(self.folder, folder / "study"), shutil.copytree(self.cache, folder / "cache"))


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def command(study: Studied, *texts: str, more: Sequence[str] = ()) -> list[str]:
    """``vsslfw ablate`` of the tiny recipe, all combinations of what is varied."""
    sets = [word for override in tiny_overrides() for word in ("--set", override)]
    varied = [word for text in texts for word in ("--vary", text)]
    places = ["--out", str(study.folder), "--cache", str(study.cache)]
    return ["ablate", "seizure_bart", "--profile", "demo", "--grid", "--quiet", *sets, *varied, *places, *more]


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Studied:
    """Two noises, with pre-training and without. Do not change it."""
    folder = tmp_path_factory.mktemp("ablate")
    study = Studied(folder / "study", folder / "cache")
    assert main(command(study, NOISES, SOURCES)) == 0
    return study


def results(cache: Path) -> dict[str, int]:
    """Stage -> how many results a cache holds."""
    found = {stage: len(list((cache / stage).glob("*/result.json"))) for stage in ("pretrain", "folds", "baselines")}
    return {"extract": len(list(cache.glob("features/*/*.json"))), **found}


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def figures_of(study: Studied) -> dict[str, Any]:
    """What the study found, by file; of the runs, all that must not depend on how they were computed."""
    found = {name: content for name, content in files(study.folder).items() if Path(name).suffix in (".csv", ".json", ".md", ".tex")}
    return {name: content for name, content in found.items() if Path(name).name not in (*OWN, "study.json")}


def ahead(cache: Path, *texts: str, overrides: Sequence[str] = (), grid: bool = False) -> Planned:
    """The plan of variants; nothing is computed."""
    sets = [*tiny_overrides(), *overrides]
    base = load_recipe("seizure_bart", profile="demo", overrides=sets)
    read = vary.varied(texts, base)
    variants = vary.grid(read) if grid else vary.one_at_a_time(read)
    return plan(Study("seizure_bart", variants, [], profile="demo", overrides=sets), cache=cache)


def to_compute(planned: Planned) -> tuple[int, ...]:
    """Extractions, pre-trainings, fine-tunings and probes that the cache lacks."""
    return tuple(sum(not piece.there for piece in planned.forecast.of(stage)) for stage in STAGES)


def test_each_result_is_made_once_whoever_needs_it(studied: Studied) -> None:
    pretrainings = len({noise for noise in ("two", "none") for _ in range(FOLDS)})  # all folds may see the same clips
    fine_tunings = (pretrainings + 1) * FOLDS  # from scratch no noise is met: both variants are the same there
    made = {"extract": VIDEOS + CLIPS, "pretrain": pretrainings, "folds": fine_tunings}
    counts = studied.record["stages"]
    for stage, count in made.items():
        assert counts[stage]["results"] == counts[stage]["computed"] == count, stage
        assert counts[stage]["reused"] == 0
    assert {stage: count["uses"] for stage, count in counts.items()} == {
        "extract": 2 * (VIDEOS + CLIPS) + 2 * VIDEOS,
        "pretrain": 2,
        "folds": 4 * FOLDS,
        "baselines": 4 * 5 + 2,
    }
    there = results(studied.cache)
    assert there == made | {"baselines": counts["baselines"]["results"]}


def test_what_one_variant_had_computed_the_others_found(studied: Studied) -> None:
    rows = {name: {row["stage"]: row for row in read(studied.run_of(name) / "stages.json")["stages"]} for name in NAMES}
    computed = {name: row["extract"]["parts"] - row["extract"]["reused"] for name, row in rows.items()}
    assert computed == {WHOLE: VIDEOS + CLIPS, SCRATCH: 0, UNDISTURBED: 0, SCRATCH_AGAIN: 0}
    keys = {name: [read(path)["key"] for path in sorted((studied.run_of(name) / "folds").glob("*/training.json"))] for name in NAMES}
    assert keys[SCRATCH] == keys[SCRATCH_AGAIN]
    assert len({key for own in keys.values() for key in own}) == 3 * FOLDS


def test_a_study_leaves_a_run_for_each_variant_and_a_page_that_links_them(studied: Studied) -> None:
    record, comparison = studied.record, studied.comparison
    assert (record["state"], record["failed"], [v["name"] for v in record["variants"]]) == ("finished", {}, NAMES)
    assert [v["changes"] for v in record["variants"]] == [
        "",
        "pretrain.source: 'none'",
        "corruption: []",
        "corruption: []; pretrain.source: 'none'",
    ]
    assert [(c["arm"], c["against"]) for c in comparison["contrasts"]] == [(name, WHOLE) for name in NAMES[1:]]
    page = (studied.folder / "comparison.html").read_text(encoding="utf-8")
    for row in comparison["rows"]:
        run = studied.folder / row["run"]
        assert f'href="{row["run"]}/report.html"' in html.unescape(page)
        assert (run / "report.html").is_file()
        assert read(run / "run.json")["recipe"] == row["digest"]
        metrics = read(run / "metrics.json")["definitions"]
        assert row["figures"]["balanced_accuracy"]["value"] == pytest.approx(metrics["balanced_accuracy"]["value"])
    assert {path.name for path in (studied.folder / "runs").iterdir()} == {Path(row["run"]).name for row in comparison["rows"]}


FURTHER = {
    # what is varied beside what is there -> extractions, pre-trainings, fine-tunings and probes still to be made
    "finetune.head=fc,attention_pooling": (0, 0, 4, 0),
    "finetune.trained=all,head": (0, 0, 4, 0),
    "finetune.seeds=1,2": (0, 0, 4, 0),
    "finetune.label_fraction=1.0,0.5": (0, 0, 4, 6),
    "corruption=permute_span+mask_frames,mask_frames": (0, 1, 4, 1),
    "pretrain.frame_order=kept,shuffled": (0, 1, 4, 1),
    "pretrain.epochs=2,3": (0, 1, 4, 1),
    "encoder.layers=2,1": (0, 1, 4, 2),
    "validation=loso,dict(type='group_kfold', n_splits=2)": (0, 0, 2, 6),
    "pretrain.subjects=all,exclude-test-subject": (0, 4, 4, 1),
    "pretrain.source=contextual,labelled-train-fold": (4, 4, 4, 1),
    "backbone.frame_size=32,48": (12, 1, 4, 6),
    "statistics.resamples=20,30": (0, 0, 0, 0),
}


@pytest.mark.parametrize("text", FURTHER)
def test_a_further_variant_costs_only_what_it_changes(text: str, studied: Studied) -> None:
    assert to_compute(ahead(studied.cache, text)) == FURTHER[text]


@pytest.mark.parametrize("seen", ["source=labelled-train-fold", "subjects=exclude-test-subject"])
def test_another_validation_pretrains_anew_only_where_other_clips_are_admitted(seen: str, studied: Studied, tmp_path: Path) -> None:
    any_of_them = ahead(studied.cache, "seed=0,1").pipelines["reference"]
    bearers = {row.subject_id: row.label for row in any_of_them.manifest.labelled}
    together = {label: subject for subject, label in bearers.items()}.values()  # one of each class: the others still show both
    tested = [{subject} for subject in bearers if subject not in together] + [set(together)]
    rows = [f"{subject},{number}" for number, subjects in enumerate(tested) for subject in subjects]
    (tmp_path / "folds.csv").write_text("\n".join(["subject_id,fold", *rows]) + "\n")
    schemes = f"validation=loso,dict(type='split_file', path=r'{tmp_path / 'folds.csv'}')"
    pieces = ahead(studied.cache, schemes, overrides=[f"pretrain.{seen}"]).forecast.of("pretrain")
    kept_out = {*map(frozenset, tested), *(frozenset({subject}) for subject in bearers)}
    assert len(pieces) == len(kept_out) == FOLDS + 1
    assert sorted(len(piece.variants) for piece in pieces) == [1, 1, 1, 2, 2]


VERSIONS = {
    # the component whose cache_version is raised -> extractions, pre-trainings, fine-tunings and probes that are made again
    ("backbone", "resnet18"): (12, 2, 12, 7),
    ("detector", "whole_frame"): (12, 2, 12, 7),
    ("encoder", "bert"): (0, 2, 12, 3),
    ("corruption", "permute_span"): (0, 1, 4, 1),
    ("corruption", "mask_frames"): (0, 1, 4, 1),
    ("head", "feature_regression"): (0, 2, 8, 2),
    ("head", "fc"): (0, 0, 12, 0),
    ("validation", "loso"): (0, 0, 0, 0),
    ("executor", "local"): (0, 0, 0, 0),
}


@pytest.mark.parametrize(("kind", "name"), VERSIONS)
def test_a_raised_cache_version_redoes_its_stage_and_what_follows(
    kind: str, name: str, studied: Studied, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registries().find(kind, name).load(), "cache_version", 99, raising=False)
    assert to_compute(ahead(studied.cache, NOISES, SOURCES, grid=True)) == VERSIONS[kind, name]


def test_a_plan_computes_nothing_and_says_what_is_there(studied: Studied, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = results(studied.cache)
    new = Studied(tmp_path / "study", studied.cache)
    assert main(command(new, NOISES, SOURCES, "encoder.layers=2,1", more=["--plan"])) == 0
    said = capsys.readouterr().out
    for row in (
        ("extract", "12 videos and clips", "64", "12", "0"),
        ("pretrain", "4 pre-trainings", "4", "2", "2"),
        ("validate", "24 fine-tunings", "32", "12", "12"),
    ):
        assert re.search(" +".join(row) + " ", said), (row, said)
    assert "8 variants, 8 of them run" in said
    assert "Primary contrast: none" in said
    assert not new.folder.exists()
    assert results(studied.cache) == before
    assert main(command(studied, NOISES, SOURCES, more=["--plan"])) == 0
    said = capsys.readouterr().out
    for row in (("extract", "12 videos and clips", "32", "12", "0"), ("pretrain", "2 pre-trainings", "2", "2", "0")):
        assert re.search(" +".join(row) + " ", said), (row, said)


def test_before_a_study_its_plan_is_as_wide_as_alone_and_ctrl_c_says_how_to_go_on(
    studied: Studied, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("vsslfw.ablation.running.run_study", stopped)
    words = [word for word in command(Studied(tmp_path / "study", studied.cache), NOISES, SOURCES) if word != "--quiet"]
    assert main([*words, "--plan"]) == 0
    alone = capsys.readouterr().out
    assert main(words) == 130
    said = capsys.readouterr()
    assert alone.splitlines()[1:-3] == said.out.splitlines()[-len(alone.splitlines()) :][1:-3]  # the last three hold times
    assert said.err.strip() == "interrupted\nWhat is done is kept: the same command goes on from there."


def test_a_plan_over_an_empty_cache_computes_nothing_either(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = Studied(tmp_path / "study", tmp_path / "cache")
    assert main(command(study, SOURCES, more=["--plan"])) == 0
    assert re.search(r"pretrain +1 pre-training +1 +0 +1 ", capsys.readouterr().out)
    assert set(results(study.cache).values()) == {0}
    assert not study.folder.exists()


FAILING = """
from torch import nn

from vsslfw.hookspecs import hookimpl
from vsslfw.heads import ClassificationHead
from vsslfw.interfaces import SequenceCorruption

VSSLFW_API = 1


class Unlucky(SequenceCorruption):
    '''plan -> nothing.'''

    def __call__(self, plan, generator):
        raise RuntimeError("no luck")


class Forgetful(ClassificationHead):
    '''hidden (B,T,E) -> nothing.'''

    def __init__(self, hidden_dim, output_dim):
        super().__init__()
        self.linear = nn.Linear(hidden_dim, output_dim)

    def forward(self, hidden, valid):
        return {}["forgotten"]


@hookimpl
def vsslfw_register(register):
    register("corruption", "unlucky", Unlucky)
    register("head", "forgetful", Forgetful)
"""
LIMPING = """
recipe = "seizure_bart"
profile = "demo"
variants = dict(
    whole=dict(),
    unlucky=dict(corruption="unlucky"),
    forgetful=dict(finetune=dict(head="forgetful")),
    diverging=dict(pretrain=dict(optimiser=dict(lr=1e30))),
    lost=dict(probe="mean", of="unlucky"),
    plain=dict(probe="mean"),
)
primary = ("forgetful", "whole")
contrasts = [("plain", "whole"), ("whole", "diverging")]
"""
ALL_FAIL = """
recipe = "seizure_bart"
profile = "demo"
variants = dict(unlucky=dict(corruption="unlucky"), diverging=dict(pretrain=dict(optimiser=dict(lr=1e30))))
"""
REASONS = {
    "unlucky": "RuntimeError: no luck",
    "forgetful": "KeyError: 'forgotten'",
    "diverging": "the loss is nan",
    "lost": "“unlucky” failed",
}


def of_file(study: Studied, text: str) -> list[str]:
    """``vsslfw ablate`` of a study file with this text, with the plugin whose parts fail."""
    folder = study.folder.parent
    (folder / "failing.py").write_text(FAILING)
    (folder / "limping.py").write_text(text)
    sets = [word for override in tiny_overrides() for word in ("--set", override)]
    places = ["--out", str(study.folder), "--cache", str(study.cache)]
    return ["ablate", str(folder / "limping.py"), "--plugin", str(folder / "failing.py"), "--quiet", *sets, *places]


@dataclass(frozen=True)
class Limping(Studied):
    """A study of which some variants failed, and what the command said of it."""

    said: str


@pytest.fixture(scope="module")
def limping(studied: Studied, tmp_path_factory: pytest.TempPathFactory) -> Limping:
    """Do not change it."""
    folder = tmp_path_factory.mktemp("limping")
    study = Studied(folder / "study", shutil.copytree(studied.cache, folder / "cache"))
    with contextlib.redirect_stdout(io.StringIO()) as said:
        assert main(of_file(study, LIMPING)) == 1
    return Limping(study.folder, study.cache, said.getvalue())


def test_a_failed_variant_is_a_row_with_its_reason(limping: Limping) -> None:
    record = limping.record
    assert (record["state"], record["failed"].keys()) == ("finished", REASONS.keys())
    page = html.unescape((limping.folder / "comparison.html").read_text(encoding="utf-8"))
    table = {row["variant"]: row for row in csv.DictReader((limping.folder / "variants.csv").open(encoding="utf-8"))}
    assert list(table) == ["whole", "unlucky", "forgetful", "diverging", "lost", "plain"]
    for name, reason in REASONS.items():
        told = record["failed"][name]
        assert reason in told
        assert (table[name]["state"], table[name]["reason"], table[name]["balanced_accuracy"]) == ("failed", told, "")
        assert told in page
        assert f"failed: {name}: " in limping.said or name == "lost"
    for name, line in (("unlucky", "raise RuntimeError"), ("forgetful", 'return {}["forgotten"]')):
        number = next(number for number, text in enumerate(FAILING.splitlines(), start=1) if line in text)
        place = f"failing.py:{number}: plugin failing"
        assert place in record["failed"][name]
        assert str(limping.folder.parent / place) in limping.said, "the person must find the file"
    for name in ("study.json", "variants.csv", "comparison.html"):
        assert str(limping.folder.parent) not in (limping.folder / name).read_text(encoding="utf-8"), "no path is kept"


def test_the_other_variants_have_their_results(limping: Limping, studied: Studied) -> None:
    rows = {row["name"]: row for row in limping.comparison["rows"]}
    (whole,) = [row for row in studied.comparison["rows"] if row["name"] == WHOLE]
    assert rows["whole"]["figures"] == whole["figures"]
    assert rows["plain"]["figures"].keys() == whole["figures"].keys()
    assert [(c["arm"], c["against"]) for c in limping.comparison["contrasts"]] == [("plain", "whole")]
    warned = "The primary contrast, forgetful against whole, has no result."
    assert warned in limping.comparison["warnings"]
    assert warned in limping.said


def test_what_failed_does_not_count_as_computed(limping: Limping) -> None:
    assert {stage: count["computed"] for stage, count in limping.record["stages"].items()} == dict.fromkeys(STAGES, 0)
    assert "the others were there or failed" in limping.said


def test_a_study_of_which_nothing_is_left_has_failed(studied: Studied, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = Studied(tmp_path / "study", studied.cache)
    assert main(of_file(study, ALL_FAIL)) == 1
    said = capsys.readouterr().err
    assert "Every variant failed:" in said
    for name in ("unlucky", "diverging"):
        assert re.search(f"variant {name}: .*{REASONS[name]}", said)
    assert (study.record["state"], study.record["error"]) == ("failed", "RunError")
    assert not (study.folder / "comparison.html").exists()


@dataclass(frozen=True)
class Task:
    """A fold of a variant, as far as an executor cares."""

    key: str


class Mortal(Executor):
    """Its worker is killed by some tasks; it notes what it was asked for."""

    def __init__(self, deadly: str, beside: str = "") -> None:
        """beside: tasks that kill it only where others are done with them."""
        self.deadly, self.beside = deadly, beside
        self.asked: list[str] = []

    def run(
        self, function: Callable[[Any], Any], tasks: Iterable[Any], *, jobs: int, total: int | None = None
    ) -> Iterator[tuple[Any, Any]]:
        assert (jobs, total) == (2, 9), "how a task is computed may depend on them"
        tasks = list(tasks)
        self.asked.append("".join(task.key for task in tasks))
        for task in tasks:
            if task.key in self.deadly or (task.key in self.beside and len(tasks) > 1):
                raise WorkerError("a worker process was killed")
            yield task, function(task)


@pytest.mark.parametrize(
    ("executor", "asked", "failed"),
    [
        (Mortal(""), ["abcdef"], ""),
        (Mortal("cd"), ["abcdef", "c", "ef"], "second"),
        (Mortal("af"), ["abcdef", "a", "bcdef", "f"], "first third"),
        (Mortal("abcdef"), ["abcdef", "a", "cdef", "c", "ef", "e"], "first second third"),
        (Mortal("", beside="def"), ["abcdef", "d", "e", "f"], ""),
    ],
)
def test_a_killed_worker_is_the_failure_of_the_variant_whose_task_it_did(executor: Mortal, asked: list[str], failed: str) -> None:
    """Tasks a and b are of the first variant, c and d of the second, e and f of the third; the fourth needs b too."""
    users = {key: [("first", "second", "third")[number // 2]] for number, key in enumerate("abcdef")}
    if executor.deadly == "af":
        users["b"].append("fourth")
    computing = Computing({}, Forecast({}, 0), 2, OneView(Silent(), {}))
    done = []
    for task, result in computing._done(executor, Attempt(vars), [Task(key) for key in users], 9, users, "fine-tunings"):
        if isinstance(result, Failed):
            assert "one of its fine-tunings was killed, though it ran alone" in result.reason
            computing.failures[users[task.key][0]] = result.reason
        else:
            done.append(task.key)
    assert executor.asked == asked
    assert " ".join(computing.failures) == failed
    assert all(set(users[key]) <= computing.failures.keys() for key in users.keys() - set(done))


DEADLY = """
import multiprocessing, os

from vsslfw.builtin.fc import FullyConnected
from vsslfw.hookspecs import hookimpl

VSSLFW_API = 1


class Deadly(FullyConnected):
    '''As fc, but the process that uses it is gone.

    pooling: as fc.
    dropout: as fc.
    '''

    def forward(self, hidden, valid):
        if multiprocessing.parent_process() is not None:
            os.kill(os.getpid(), 9)
        return super().forward(hidden, valid)


@hookimpl
def vsslfw_register(register):
    register("head", "deadly", Deadly)
"""


@pytest.mark.slow
def test_the_other_variants_survive_a_worker(studied: Studied, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = Studied(tmp_path / "study", shutil.copytree(studied.cache, tmp_path / "cache"))
    (tmp_path / "deadly.py").write_text(DEADLY)
    more = ["--jobs", "2", "--plugin", str(tmp_path / "deadly.py")]
    assert main(command(study, "finetune.head=fc,deadly", "finetune.label_fraction=1.0,0.7", more=more)) == 1
    states = {row["name"]: row["state"] for row in study.comparison["rows"]}
    assert states == {
        f"head={head}, label_fraction={share}": state
        for head, state in (("fc", "finished"), ("deadly", "failed"))
        for share in ("1.0", "0.7")
    }
    assert "the process of one of its fine-tunings was killed" in capsys.readouterr().out
    assert "done one at a time" in (study.folder / "log.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UserError(Problem("no clip is left", hint="Pre-train on\nmore")), "no clip is left. Pre-train on more"),
        (UserError(Problem("is odd", "lr", "Why?"), Problem("is even", "ls."), title="Two:"), "Two: lr: is odd. Why? ls.: is even"),
        (RunError(Problem("the end.", hint="Begin again")), "the end. Begin again"),
    ],
)
def test_an_error_in_a_line_is_made_of_sentences(error: VsslfwError, said: str) -> None:
    assert reason_of(error) == said


def test_a_question_that_is_changed_when_there_are_results_is_told_everywhere(
    limping: Limping, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = limping.copied(tmp_path)
    variants = "variants = dict(whole=dict(), plain=dict(probe='mean'))"
    text = f"recipe = 'seizure_bart'\nprofile = 'demo'\n{variants}\nprimary = ('plain', 'whole')\n"
    assert main(of_file(study, text)) == 0
    told = "The question was changed after results were there."
    assert told in capsys.readouterr().out
    assert told in (study.folder / "comparison.html").read_text(encoding="utf-8")
    (warning,) = [text for text in study.comparison["warnings"] if text.startswith(told)]
    assert "“forgetful” against “whole”" in warning
    record, before = study.record, limping.record
    assert (record["question"], record["named"]) == (before["question"], before["named"])
    assert [later["question"]["primary"] for later in record["asked_later"]] == [["plain", "whole"]]


def test_a_question_may_be_changed_as_long_as_there_are_no_results(tmp_path: Path) -> None:
    for primary in (("b", "a"), None):
        record = StudyRecord.of(tmp_path, "name", "digest", Study("seizure_bart", [], [], primary), identify=False)
        record.begin([], [], {})
        assert record.warnings == []
    assert read(tmp_path / "study.json")["question"]["primary"] is None


def test_a_study_that_goes_on_says_no_more_how_it_ended_before(tmp_path: Path) -> None:
    record = StudyRecord.of(tmp_path, "name", "digest", Study("seizure_bart", [], []), identify=False)
    record.begin([], [], {})
    record.ended_by(KeyboardInterrupt())
    assert (read(tmp_path / "study.json")["state"], read(tmp_path / "study.json")["error"]) == ("interrupted", "KeyboardInterrupt")
    StudyRecord.of(tmp_path, "name", "digest", Study("seizure_bart", [], []), identify=False).begin([], [], {})
    assert read(tmp_path / "study.json")["state"] == "running"
    assert not read(tmp_path / "study.json").keys() & {"error", "ended"}


REFUSED = {
    # what the folder holds -> what must be said
    "another recipe": ["holds a study of another recipe", "Choose another --out; only variants can be added to a study"],
    "something else": ["is not empty, and holds no study", "Choose a new folder"],
    "a damaged record": ["its study.json cannot be read", "what was computed is in the cache"],
    "another process": ["another process is running in this folder"],
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_folder_that_is_not_this_studys_is_left_alone(
    case: str, studied: Studied, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = Studied(tmp_path / "study", studied.cache)
    study.folder.mkdir()
    if case == "something else":
        (study.folder / "thesis.txt").write_text("mine")
    else:
        shutil.copy(studied.folder / "study.json", study.folder)
    if case == "a damaged record":
        (study.folder / "study.json").write_text("[]")
    before = files(study.folder)
    lock = FileLock(study.folder / ".lock")
    if case == "another process":
        lock.acquire()
    try:
        assert main(command(study, NOISES, SOURCES, more=["--set", "seed=1"] if case == "another recipe" else [])) == 2
    finally:
        lock.release()
    said = capsys.readouterr().err
    for part in (*REFUSED[case], f"--out {study.folder}"):
        assert part in said
    assert {name: content for name, content in files(study.folder).items() if name != ".lock"} == before


@pytest.mark.slow
@pytest.mark.parametrize("name", [WHOLE, SCRATCH_AGAIN])
def test_a_variant_gives_what_a_run_of_its_own_gives(name: str, studied: Studied, tmp_path: Path) -> None:
    changes = {WHOLE: [], SCRATCH_AGAIN: ["corruption=[]", "pretrain.source=none"]}[name]
    sets = [word for override in [*tiny_overrides(), *changes] for word in ("--set", override)]
    places = ["--out", str(tmp_path / "run"), "--cache", str(tmp_path / "cache")]
    assert main(["run", "seizure_bart", "--profile", "demo", "--quiet", *sets, *places]) == 0
    alone, variant = (
        {name: content for name, content in files(folder).items() if Path(name).name not in OWN}
        for folder in (tmp_path / "run", studied.run_of(name))
    )
    assert {"predictions.csv", "windows.csv", "metrics.json", "split.json", "probes/mean.csv"} <= alone.keys()
    assert alone.keys() == variant.keys()
    for file in alone:
        assert alone[file] == variant[file], file


@pytest.mark.slow
def test_a_study_is_extended_by_what_is_new_alone(studied: Studied, tmp_path: Path) -> None:
    study = studied.copied(tmp_path)
    assert main(command(study, f"{NOISES},mask_frames", SOURCES)) == 0
    record, before = study.record, studied.record
    computed = {stage: count["computed"] for stage, count in record["stages"].items()}
    assert computed == {"extract": 0, "pretrain": 1, "folds": FOLDS, "baselines": 1}
    assert [v["name"] for v in record["variants"]] == [
        *NAMES,
        "corruption=mask_frames, source=contextual",
        "corruption=mask_frames, source=none",
    ]
    assert (record["named"], record["base"], record["asked_later"]) == (before["named"], before["base"], [])
    rows, old = ({row["name"]: row for row in one.comparison["rows"]} for one in (study, studied))
    assert [rows[name] for name in NAMES] == [old[name] for name in NAMES]
    now, then = figures_of(study), figures_of(studied)
    of_runs = {name for name in then if name.startswith("runs/")}
    assert of_runs < now.keys()
    assert all(now[name] == then[name] for name in of_runs)


KILL_AT = {
    "pre-training": "cache/pretrain/*/work/checkpoint.pth",
    "fine-tuning": "cache/folds/*/result.json",
    "the runs": "study/runs/*/metrics.json",
}


@pytest.mark.slow
@pytest.mark.parametrize("stage", KILL_AT)
def test_a_killed_study_goes_on_to_the_same_bytes(stage: str, studied: Studied, tmp_path: Path) -> None:
    study = Studied(tmp_path / "study", tmp_path / "cache")
    words = [sys.executable, "-m", "vsslfw", *command(study, NOISES, SOURCES)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    deadline = time.monotonic() + 300
    while not list(tmp_path.glob(KILL_AT[stage])):
        assert process.poll() is None, process.communicate()[0].decode()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (study.folder / "comparison.json").exists(), "it was killed too late to show anything"
    assert study.record["state"] == "running"
    assert main(command(study, NOISES, SOURCES)) == 0
    assert study.record["state"] == "finished"
    assert figures_of(study) == figures_of(studied)


@pytest.mark.slow
def test_two_jobs_give_the_same_bytes(studied: Studied, tmp_path: Path) -> None:
    study = Studied(tmp_path / "study", tmp_path / "cache")
    assert main(command(study, NOISES, SOURCES, more=["--jobs", "2"])) == 0
    assert study.record["stages"] == studied.record["stages"]
    assert figures_of(study) == figures_of(studied)


def rows_of(study: Studied) -> list[str]:
    return [row["name"] for row in study.comparison["rows"]]


def test_what_was_asked_before_stays_in_every_later_table(limping: Limping, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Or the others would need no adjustment once the rest is forgotten."""
    study = limping.copied(tmp_path)
    text = "recipe = 'seizure_bart'\nprofile = 'demo'\nvariants = dict(whole=dict(), plain=dict(probe='mean'))\n"
    main(of_file(study, text))
    assert rows_of(study) == rows_of(limping)
    assert [(c["arm"], c["against"], c["p_holm"]) for c in study.comparison["contrasts"]] == [
        (c["arm"], c["against"], c["p_holm"]) for c in limping.comparison["contrasts"]
    ]
    assert study.record["question"] == limping.record["question"], "an extension does not change what was named"
    failed = {row["name"]: row["reason"] for row in study.comparison["rows"] if row["state"] == "failed"}
    assert failed == limping.record["failed"]
    said = capsys.readouterr().out
    assert "Asked for by an earlier command, not computed anew, and counted in all the same: “unlucky”, “forgetful”, “diverging”" in said
    assert "The question was changed" not in said


def test_a_variant_whose_earlier_result_is_gone_is_a_row_that_says_so(limping: Limping, tmp_path: Path) -> None:
    study = limping.copied(tmp_path)
    shutil.rmtree(next((study.folder / "runs").glob("whole-*")))
    text = "recipe = 'seizure_bart'\nprofile = 'demo'\nvariants = dict(whole=dict(), other=dict(finetune=dict(trained='head')))\n"
    content = read(study.folder / "study.json")
    content["variants"] = [v | {"name": "old"} if v["name"] == "plain" else v for v in content["variants"]]
    content["variants"][-1]["run"] = "runs/gone"
    (study.folder / "study.json").write_text(json.dumps(content), encoding="utf-8")
    main(of_file(study, text))
    reasons = {row["name"]: row["reason"] for row in study.comparison["rows"]}
    assert reasons["old"] == "its result, of an earlier command, is there no more"
    assert (reasons["whole"], reasons["other"]) == ("", "")


@pytest.mark.parametrize("content", ['{"primary": 5}', '{"question": {"primary": 5}}', "[]", "{"])
def test_a_record_of_another_shape_is_refused_in_words(content: str, limping: Limping, tmp_path: Path) -> None:
    study = limping.copied(tmp_path)
    (study.folder / "study.json").write_text(content)
    assert main(of_file(study, LIMPING)) == 2
