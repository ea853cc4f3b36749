"""Gathers what the audits of a finished validation look at."""

from __future__ import annotations

from typing import Any

from vsslfw.evaluation import run_audits as lines
from vsslfw.evaluation.audits import AuditLine
from vsslfw.pipeline.folds import class_weights
from vsslfw.pipeline.names import Names
from vsslfw.pipeline.stages import Pipeline
from vsslfw.provenance import changes


def more_audits(pipeline: Pipeline, names: Names, metrics: dict[str, Any]) -> list[AuditLine]:
    """The lines that need a result: after `vsslfw.pipeline.results.audits_of`, which come before any training."""
    settings = pipeline.recipe.settings
    results = {fold.name: pipeline.results[fold.name] for fold in pipeline.folds}
    counting = settings.finetune.class_weights
    used = {names.fold(f): (results[f.name].class_weights, class_weights(f.train, pipeline.classes, counting)) for f in pipeline.folds}
    thresholds = {
        names.fold(f): (
            results[f.name].threshold,
            results[f.name].inner,
            {case.entry.key for case in f.train},
            {case.entry.key for case in f.test},
        )
        for f in pipeline.folds
    }
    left_out = lines.counted([video.label for video in pipeline.features.left_out])
    kept = lines.counted([video.row.label for video in pipeline.index.videos.values()])
    kept -= lines.counted([video.label for video in pipeline.features.left_out if video.video_id in pipeline.index.videos])
    mixed = sum(len(subject["labels"]) > 1 for subject in metrics["subjects"])
    return [
        lines.class_weights_line(used),
        lines.threshold_line(thresholds),
        detector_audit(pipeline),
        lines.left_out_line(left_out, kept),
        lines.balance_line(metrics["subjects_by_class"], metrics["videos_by_class"], mixed),
        lines.seeds_line(metrics["seeds"]["balanced_accuracy"]),
        lines.shortcuts_line(metrics["shortcuts"]),
        lines.baselines_line(metrics["baselines"]),
    ]


def reuse_audit(pipeline: Pipeline) -> AuditLine:
    """What of this run was there before; it differs between runs with the same result."""
    stages = {record.stage: (record.reused, record.parts) for record in pipeline.records if record.stage != "index"}
    return lines.reuse_line(stages, _changed(pipeline))


def detector_audit(pipeline: Pipeline) -> AuditLine:
    """Who has a patient region, in whom the patient was found, and whether the detector of this recipe was trained on them."""
    region = pipeline.recipe.settings.finetune.region
    component = pipeline.recipe.registries.find("detector", region["type"])
    boxes = {
        name: (
            sum(case.entry.provenance["boxes_in_shards"] for case in pipeline.features.cases if case.label == name),
            sum(case.label == name for case in pipeline.features.cases),
        )
        for name in pipeline.classes
    }
    notes = [(case.label, case.entry.provenance.get("region_note") or {}) for case in pipeline.features.cases]
    known = [trained for trained in pipeline.features.trained_on.values() if trained is not None]
    shares = {name: [note["shares"].get("found", 0.0) for label, note in notes if label == name and note] for name in pipeline.classes}
    found = {name: sum(of_class) / len(of_class) for name, of_class in shares.items() if of_class}
    who = f"the detector {component.name} of {component.distribution}"
    return lines.detector_line(component.name, who, boxes, found, (sum(known), len(known)))


def _changed(pipeline: Pipeline) -> list[str]:
    now = pipeline.provenance["components"]
    parts = [result for results in pipeline.seed_results.values() for result in results if result.reused]
    recorded = [component for result in parts for component in result.provenance.get("components", ())]
    return sorted({f"{c['kind']} {c['name']}" for c in recorded if changes([c], now)})
