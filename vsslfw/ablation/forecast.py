"""What a study will do: every stage of every variant by its key, each key once, before anything is computed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from vsslfw.ablation import estimate
from vsslfw.ablation.study import Arranged, Study
from vsslfw.data.store import DTYPES, FeatureEntry
from vsslfw.digest import digest_of
from vsslfw.last_use import only_looking
from vsslfw.pipeline.baselines import probe_inputs, probe_work
from vsslfw.pipeline.clip_reader import ClipReader, Request
from vsslfw.pipeline.descriptions import descriptions
from vsslfw.pipeline.features import Features, Keyed, case_of, requests_of
from vsslfw.pipeline.folds import load_fold
from vsslfw.pipeline.names import Names
from vsslfw.pipeline.origin import Costs
from vsslfw.pipeline.pretrain import PretrainClip, PretrainResult, PretrainTask, build_encoder, load_pretrained
from vsslfw.pipeline.results import split_record
from vsslfw.pipeline.stages import Pipeline
from vsslfw.pipeline.tested import Tested
from vsslfw.same_task import INDEX, RunContent, other_evidence, tasks

STAGES = {"extract": "videos and clips", "pretrain": "pre-trainings", "folds": "fine-tunings", "baselines": "probes"}
"""Stage -> what its results are; in the order in which they are made."""


@dataclass
class Piece:
    """One result of a stage: which variants use it, how much work it is, and whether it is there already."""

    stage: str
    key: str
    work: dict[str, Any]
    units: int
    size: int
    """Bytes on disk."""
    there: bool
    seconds: float | None
    """Estimated; none where nobody knows."""
    trial: Callable[[], float]
    """Tries a little of it: seconds a unit."""
    variants: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Forecast:
    """The pieces of all variants by key, how often each variant alone would need one, and what each variant's run will answer."""

    pieces: dict[str, Piece]
    asked: int
    tasks: dict[str, RunContent] = field(default_factory=dict)

    def of(self, stage: str) -> list[Piece]:
        """The pieces of a stage."""
        return [piece for piece in self.pieces.values() if piece.stage == stage]

    def completed(self, costs: Costs) -> Forecast:
        """With an estimate for every piece: what nobody has measured here is tried, once for each kind of work."""
        tried: dict[str, float | None] = {}
        for piece in self.pieces.values():
            if piece.there or piece.seconds is not None:
                continue
            kind = digest_of(piece.work)
            if kind not in tried:
                tried[kind] = _tried(piece)
            each = tried[kind]
            piece.seconds = None if each is None else each * piece.units
        return self

    def seconds(self, stages: Sequence[str] = tuple(STAGES), jobs: int = 1) -> float | None:
        """What is still to be computed takes so long, as far as is known; pre-trainings and folds ``jobs`` at a time."""
        total = 0.0
        for stage in stages:
            for piece in self.of(stage):
                if piece.there:
                    continue
                if piece.seconds is None:
                    return None
                total += piece.seconds / (jobs if stage in ("pretrain", "folds") else 1)
        return total


def forecast(pipelines: Mapping[str, Pipeline]) -> Forecast:
    """Look at every variant without computing anything; every file is taken to be readable."""
    pieces: dict[str, Piece] = {}
    asked = 0
    answering = {}
    with only_looking():
        for name, pipeline in pipelines.items():
            shadow, found = _pieces(pipeline)
            answering[name] = _task(shadow)
            asked += len(found)
            for piece in found:
                known = pieces.setdefault(piece.key, piece)
                if name not in known.variants:
                    known.variants.append(name)
    return Forecast(pieces, asked, answering)


def not_comparable(study: Study, variants: Sequence[Arranged], ahead: Forecast) -> list[str]:
    """What a person must know of contrasts before they pay for them: which will have no result, and which answer from other windows."""
    by_name = {variant.name: variant for variant in variants}
    said = []
    for arm, against in study.pairs:
        one, other = by_name[arm], by_name[against]
        sources = [variant.of or variant.name for variant in (one, other)]
        ours, theirs = tasks(*(ahead.tasks[source] for source in sources))
        differing = [name for name in dict.fromkeys([*ours, *theirs]) if ours.get(name) != theirs.get(name)]
        if differing:
            said.append(f"“{arm}” will not be compared with “{against}”: they differ in {', '.join(differing)}.")
        else:
            said += other_evidence((arm, against), *(ahead.tasks[source].recipe for source in sources))
    return said


def _task(shadow: Pipeline) -> RunContent:
    """What the run folder will say of the question that it answers."""
    split = split_record(shadow, Names.of(shadow, identify=False))
    split = {"digest": digest_of(split), **split}
    state = {"data": shadow.provenance["data"], "inputs": {"manifest": shadow.manifest.digest}}
    metrics = {"classes": list(shadow.classes), "positive": shadow.positive}
    components = {"components": shadow.provenance["components"]}
    return RunContent(state, shadow.recipe.portable(), components, split, metrics, {INDEX: shadow.index.key})


def _pieces(pipeline: Pipeline) -> tuple[Pipeline, list[Piece]]:
    costs = Costs(pipeline.stage_cache.folder)
    shadow, found = _with_features(pipeline, costs)
    pretraining = {task.key: task for task in shadow.pretrain_tasks.values() if task is not None}
    encoder = _encoder_size(shadow) if pretraining else 0
    for task in pretraining.values():
        there = load_pretrained(task) is not None
        seconds = _estimate(costs, task.work, task.units)
        found.append(Piece("pretrain", task.key, task.work, task.units, encoder, there, seconds, functools.partial(_a_clip, shadow, task)))
    shadow.__dict__["pretrained"] = {name: _result(task) for name, task in shadow.pretrain_tasks.items()}
    for fold in shadow.fold_tasks:
        there = load_fold(fold) is not None
        seconds = _estimate(costs, fold.work, fold.units)
        found.append(Piece("folds", fold.key, fold.work, fold.units, 0, there, seconds, functools.partial(estimate.a_window, fold)))
    if pipeline.recipe.settings.statistics.baselines:
        tested = Tested.of(shadow)
        work, units = probe_work(shadow, tested)
        trial = functools.partial(estimate.a_probed_video, tested, pipeline.backbone.module.feature_dim)
        for description in descriptions(shadow):
            key = digest_of(probe_inputs(shadow, tested, description))
            there = (pipeline.stage_cache.stage("baselines", key) / "result.json").is_file()
            found.append(Piece("baselines", key, work, units, 0, there, _estimate(costs, work, units), trial))
    return shadow, found


def _tried(piece: Piece) -> float | None:
    """None where the part itself fails: its variant's row will tell why, and the others must not go without a plan."""
    try:
        return piece.trial()
    except Exception:
        return None


def _estimate(costs: Costs, work: dict[str, Any], units: int) -> float | None:
    each = costs.seconds_a_unit(work)
    return None if each is None else each * units


def _with_features(pipeline: Pipeline, costs: Costs) -> tuple[Pipeline, list[Piece]]:
    """A pipeline of the same recipe that takes every feature to be there, and the pieces of extraction."""
    shadow = Pipeline(pipeline.recipe, pipeline.cache, pipeline.jobs, pipeline.device, pipeline.backbones)
    for name in ("dataset", "manifest", "index", "provenance"):
        shadow.__dict__[name] = getattr(pipeline, name)
    reader = ClipReader(pipeline.recipe, pipeline.backbone)
    whole, drawn = requests_of(pipeline.recipe, pipeline.index, reader)
    online = pipeline.recipe.settings.extract.views == "online"
    found = []
    entries = {}
    for key, request in whole if online else [*whole, *drawn]:
        entry = pipeline.stage_cache.features.find(key)
        entries[key] = entry or _stub(pipeline, key, request)
        found.append(_extraction(pipeline, reader, costs, (key, request), entry is not None))
    cases = tuple(case_of(request, entries[key]) for key, request in whole)
    clips = tuple(PretrainClip(request, key, entries.get(key)) for key, request in drawn)
    shadow.__dict__["features"] = Features(cases, clips, (), "", 0, 0, "")
    return shadow, found


def _extraction(pipeline: Pipeline, reader: ClipReader, costs: Costs, keyed: Keyed, there: bool) -> Piece:
    key, request = keyed
    assert request.views != "online"
    frames = request.clip.frames * request.views
    width = torch.finfo(DTYPES[pipeline.recipe.settings.extract.dtype]).bits // 8
    size = request.views * pipeline.backbone.length(request.clip.frames) * pipeline.backbone.module.feature_dim * width
    trial = functools.partial(estimate.a_frame, reader, request)
    return Piece("extract", key, reader.work, frames, size, there, _estimate(costs, reader.work, frames), trial)


def _stub(pipeline: Pipeline, key: str, request: Request) -> FeatureEntry:
    assert request.views != "online"
    length = pipeline.backbone.length(request.clip.frames)
    return FeatureEntry(Path(f"{key}.json"), request.views, length, pipeline.backbone.module.feature_dim, (), {})


def _result(task: PretrainTask | None) -> PretrainResult | None:
    return None if task is None else PretrainResult(task.key, Path(), [], {}, 0, 0, reused=False)


def _a_clip(pipeline: Pipeline, task: PretrainTask) -> float:
    online = pipeline.recipe.settings.extract.views == "online"
    reader = ClipReader(pipeline.recipe, pipeline.backbone)
    return estimate.a_clip(task, estimate.a_frame(reader, task.clips[0].request) if online else 0.0)


def _encoder_size(pipeline: Pipeline) -> int:
    try:
        encoder = build_encoder(pipeline.recipe, pipeline.backbone.module.feature_dim)
    except Exception:  # as in `_tried`
        return 0
    return sum(parameter.numel() * parameter.element_size() for parameter in encoder.parameters())
