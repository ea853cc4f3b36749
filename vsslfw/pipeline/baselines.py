"""Stage 5, baselines: what simple probes and chance score over the same folds, so that the model never stands alone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vsslfw.atomic import read_json, write_json
from vsslfw.digest import digest_of
from vsslfw.evaluation.measures import Answers, Measures, constant_answers
from vsslfw.evaluation.predictions import Prediction
from vsslfw.evaluation.probes import Described, within_fold_auroc
from vsslfw.evaluation.repeats import mean_value
from vsslfw.last_use import note_use
from vsslfw.pipeline import progress
from vsslfw.pipeline.descriptions import Description, descriptions
from vsslfw.pipeline.model_null import null_of_model
from vsslfw.pipeline.names import Names
from vsslfw.pipeline.origin import Costs, write_origin
from vsslfw.pipeline.shortcuts import shortcuts_of
from vsslfw.pipeline.stages import Pipeline
from vsslfw.pipeline.tested import Tested
from vsslfw.seeds import Stream

VERSION = 2
MEANING = (
    "Every row is over the same folds. Under permuted labels the whole row is computed anew, with the labels of subjects swapped: p is the "
    "share of such scores that are as good as the true one, (b + 1) / (m + 1), and chance is where 95% of them lie, not .5."
)
OFF = "Switched off by statistics.baselines = False."
FIGURES = ("balanced_accuracy", "f1_macro", "mcc", "accuracy", "brier_skill")


def baselines_of(pipeline: Pipeline, metrics: dict[str, Any]) -> dict[str, Any]:
    """``baselines``, ``shortcuts`` and the completed ``auroc`` of metrics.json, from the cache if they are there."""
    if not pipeline.recipe.settings.statistics.baselines:
        return {"baselines": None, "baselines_reason": OFF, "shortcuts": []}
    tested = Tested.of(pipeline)
    started = time.monotonic()
    progress.current().stage("baselines", progress.RUNNING)
    probed = probes_of(pipeline, tested)
    probes = [each.row for each in probed]
    null = null_of_model(pipeline, tested)
    rows = [_constant(tested, pipeline.positive), *probes, _model(metrics, null)]
    model = metrics["definitions"]["balanced_accuracy"]["value"]
    beaten_by = [row["name"] for row in probes if model is not None and (row["balanced_accuracy"] or 0.0) > model]
    shortcuts, known = shortcuts_of(pipeline, tested)
    reused = sum(each.reused for each in probed) + known
    pipeline.record_stage("baselines", digest_of(tested.key(pipeline)), len(probed) + 1, reused, started)
    return {
        "baselines": {
            "meaning": MEANING,
            "rows": rows,
            "beaten_by": beaten_by,
            "permutations": pipeline.recipe.settings.statistics.permutations,
        },
        "baselines_reason": None,
        "shortcuts": shortcuts,
        "auroc": metrics["auroc"] | {"permutation": null and {name: null[name] for name in ("m", "auroc_p", "auroc_low", "auroc_high")}},
    }


@dataclass(frozen=True)
class Probed:
    """A probe over the run's folds: its row of the table, and the probabilities (tested videos, K) that it gave in each fold."""

    row: dict[str, Any]
    answers: list[list[list[float]]]
    reused: bool


def probes_of(pipeline: Pipeline, tested: Tested) -> list[Probed]:
    """Each probe, from the cache if it is there: one that is given features alone is shared by all runs on these features."""
    wanted = descriptions(pipeline)
    return list(progress.counted((probed_on(pipeline, tested, each) for each in wanted), "baselines", len(wanted), "probes"))


def probed_on(pipeline: Pipeline, tested: Tested, description: Description) -> Probed:
    """The probe on one description."""
    inputs = probe_inputs(pipeline, tested, description)
    key = digest_of(inputs)
    folder = pipeline.stage_cache.stage("baselines", key)
    path = folder / "result.json"
    with pipeline.stage_cache.lock(key):
        if path.is_file():
            note_use(path)
            known = read_json(path)
            return Probed(known["row"], known["answers"], reused=True)
        started = time.monotonic()
        row, answers = row_of(pipeline, tested, description.made())
        work, units = probe_work(pipeline, tested)
        Costs(pipeline.stage_cache.folder).note(work, units, time.monotonic() - started)
        write_json(path, {"row": row, "answers": answers, "provenance": pipeline.provenance})
        write_origin(folder, inputs, pipeline.provenance)
    return Probed(row, answers, reused=False)


def probe_inputs(pipeline: Pipeline, tested: Tested, description: Description) -> dict[str, Any]:
    """All that a probe depends on, whose digest is its key."""
    own = {"stage": "baselines", "version": VERSION, "probe": description.key, "inputs": description.inputs}
    return {**own, **tested.key(pipeline)}


def probe_work(pipeline: Pipeline, tested: Tested) -> tuple[dict[str, Any], int]:
    """What kind of work a probe is, as `vsslfw.pipeline.origin.Costs` counts it, and how much: fits of one video."""
    fits = (pipeline.recipe.settings.statistics.permutations + 1) * len(tested.folds)
    return {"stage": "baselines", "feature_dim": pipeline.backbone.module.feature_dim}, fits * len(tested.y)


def probe_predictions(pipeline: Pipeline, names: Names) -> dict[str, list[Prediction]]:
    """Probe -> its answer for each tested video in each repeat, as the model's own are written; nothing if baselines are off."""
    if not pipeline.recipe.settings.statistics.baselines:
        return {}
    tested, data = Tested.of(pipeline), pipeline.provenance["data"]
    found: dict[str, list[Prediction]] = {}
    for probed in (probed_on(pipeline, tested, each) for each in descriptions(pipeline)):
        own = found[probed.row["key"]] = []
        for fold, split, answers in zip(pipeline.folds, tested.folds, probed.answers, strict=True):
            for case, row in zip(fold.test, answers, strict=True):
                shares = dict(zip(tested.classes, row, strict=True))
                said = max(shares, key=lambda name: shares[name])
                video, subject, name = names.video(case.video_id), names.subject(case.subject_id), names.fold(fold)
                own.append(Prediction(name, video, subject, case.label, said, shares, 1, case.seconds, data, split.repeat))
    return found


def row_of(pipeline: Pipeline, tested: Tested, each: Described) -> tuple[dict[str, Any], list[list[list[float]]]]:
    """A row of the table, and the probabilities by fold: the probe on one description, and what it scores under permuted labels."""
    settings = pipeline.recipe.settings
    answers, scores, null = tested.tried(each, settings, "baselines")
    seed = Stream(settings.seed, "baselines", each.key, "within folds").seed() % 2**31
    within = within_fold_auroc(each, tested.y, tested.subjects, seed=seed) if len(tested.classes) == 2 else None
    figures = _figures(tested, answers, pipeline.positive)
    row = {
        "key": each.key,
        "name": each.name,
        "what": each.what,
        **figures,
        "auroc_pooled": scores.get("auroc_pooled"),
        "auroc_within": within,
        "null": null.beside(scores),
        "reason": None,
    }
    return row, [answer.tolist() for answer in answers]


def _figures(tested: Tested, answers: Sequence[Any], positive: str) -> dict[str, float | None]:
    """The model's own definitions, of a probe's probabilities."""
    measures = Measures(tested.classes, positive, float((tested.y == tested.classes.index(positive)).mean()))
    rows = []
    for repeat in sorted({fold.repeat for fold in tested.folds}):
        own = [(fold, answer) for fold, answer in zip(tested.folds, answers, strict=True) if fold.repeat == repeat]
        true = np.concatenate([tested.y[fold.test] for fold, _ in own])
        shares = np.concatenate([answer for _, answer in own])
        fair = np.concatenate([_at_training_shares(tested, fold.train, answer) for fold, answer in own])
        rows.append(measures.figures(Answers(true, shares.argmax(1), shares, fair)))
    return {name: mean_value([row[name] for row in rows])[0] for name in FIGURES}


def _at_training_shares(tested: Tested, train: Any, shares: Any) -> Any:
    """A probe is trained with balanced class weights, as the model is: they are taken back in the same way."""
    fair = shares * np.bincount(tested.y[train], minlength=len(tested.classes))
    return fair / fair.sum(axis=1, keepdims=True)


def _constant(tested: Tested, positive: str) -> dict[str, Any]:
    measures = Measures(tested.classes, positive, float((tested.y == tested.classes.index(positive)).mean()))
    figures = measures.figures(constant_answers(tested.y, len(tested.classes)))
    said = tested.classes[int(np.bincount(tested.y).argmax())]
    what = "The most frequent class of the whole set for every video, with its share as the probability."
    undefined = {"auroc_pooled": 0.5, "auroc_within": 0.5, "null": None, "reason": None}
    return {"key": "constant", "name": f"always {said}", "what": what, **{name: figures[name][0] for name in FIGURES}, **undefined}


def _model(metrics: dict[str, Any], null: dict[str, Any] | None) -> dict[str, Any]:
    figures = {name: metrics["definitions"][name]["value"] for name in FIGURES}
    auroc = metrics["auroc"]
    reason = None if null else "Not permuted: --set statistics.model_permutations=20 fine-tunes the whole model anew for each."
    if null and null["m"] < 20:
        reason = f"Only {null['m']} permutations: p cannot be below {1 / (null['m'] + 1):.2f}, so that they say little."
    what = "The trained model: what the recipe describes."
    pooled, within = auroc["value"], auroc["within_folds"]["value"]
    return {
        "key": "model",
        "name": "the model",
        "what": what,
        **figures,
        "auroc_pooled": pooled,
        "auroc_within": within,
        "null": null,
        "reason": reason,
    }
