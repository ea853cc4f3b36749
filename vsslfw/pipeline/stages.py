"""The stages in order: index -> extract -> pretrain -> validate. Each is keyed by its inputs, and says what it reused."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from vsslfw.data.clips import Clip
from vsslfw.data.samples import corrupt
from vsslfw.data.store import FeatureEntry
from vsslfw.digest import digest_of
from vsslfw.errors import Problem, UserError, did_you_mean
from vsslfw.interfaces import Dataset, Executor, SequenceCorruption
from vsslfw.pipeline import progress
from vsslfw.pipeline.admission import admit, check_source
from vsslfw.pipeline.backbone import FrozenBackbone
from vsslfw.pipeline.cache import Cache
from vsslfw.pipeline.extract import Extractor, Request
from vsslfw.pipeline.folds import Case, Fold, FoldResult, FoldTask, fold_key, load_fold, run_fold, split
from vsslfw.pipeline.index import Index, LeftOut, build_index, check_left_out, duration
from vsslfw.pipeline.pretrain import PretrainClip, PretrainResult, PretrainTask, Tokens, load_pretrained, pretrain, pretrain_key
from vsslfw.pipeline.provenance import provenance_of
from vsslfw.plan import CorruptionPlan
from vsslfw.plugins import plugins, registries
from vsslfw.recipe import Recipe
from vsslfw.seeds import Stream

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StageRecord:
    """One stage of a run: its key, how much of it was there already, and what it cost."""

    stage: str
    key: str
    parts: int
    reused: int
    seconds: float
    note: str

    @property
    def all_reused(self) -> bool:
        """Nothing was computed."""
        return self.reused == self.parts


@dataclass(frozen=True)
class Features:
    """What extraction left: entries of the labelled videos and of the pre-training clips, and the clips that failed."""

    cases: tuple[Case, ...]
    clips: tuple[PretrainClip, ...]
    left_out: tuple[LeftOut, ...]


@dataclass
class Pipeline:
    """The stages of one recipe over one cache; every method is computed once and remembered.

    ``jobs`` folds run at a time; ``device`` is "auto", "cpu" or "cuda[:N]".
    """

    recipe: Recipe
    cache: str | Path = ".vsslfw-cache"
    jobs: int = 1
    device: str = "auto"
    records: list[StageRecord] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        if self.device == "auto":
            self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.stage_cache = Cache(Path(self.cache))

    @functools.cached_property
    def dataset(self) -> Dataset:
        """The recipe's data set."""
        dataset: Dataset = registries().build("dataset", self.recipe.settings.data)
        return dataset

    @functools.cached_property
    def provenance(self) -> dict[str, Any]:
        """What every artefact records: recipe digest, components with distribution and version, made or recorded data."""
        return provenance_of(self.recipe, synthetic=self.dataset.synthetic)

    @functools.cached_property
    def backbone(self) -> FrozenBackbone:
        """The frozen backbone; built before any video is touched, so that missing weights are found at once."""
        return FrozenBackbone.of(self.recipe, self.device)

    @functools.cached_property
    def tokens(self) -> Tokens:
        """The features of MASK and PAD."""
        return Tokens(*self.backbone.tokens())

    @functools.cached_property
    def index(self) -> Index:
        """Stage 1."""
        started = time.monotonic()
        manifest = self.dataset.manifest(self.stage_cache.folder / "datasets")
        index = build_index(self.recipe, manifest, self.stage_cache)
        check_source(self.recipe, index)
        note = f"{len(index.labelled)} labelled videos, {len(index.contextual)} contextual clips, {len(index.left_out)} left out"
        self._record("index", index.key, 1, 0, started, note)
        return index

    @functools.cached_property
    def features(self) -> Features:
        """Stage 2."""
        index, settings = self.index, self.recipe.settings
        extractor = Extractor(self.recipe, self.backbone, self.stage_cache, self.provenance)
        for region in {digest_of(r): r for r in (settings.pretrain.region, settings.finetune.region)}.values():
            detector = extractor.detector(region)
            if note := detector.prepare([row.video_id for row in index.manifest.rows]):
                progress.current().say(f"region    {region['type']}: {note}")
        started = time.monotonic()
        whole = [self._request(clip, settings.finetune.region, "centre", 1) for clip in index.labelled]
        source = {"contextual": index.contextual, "labelled-train-fold": index.tiles, "none": ()}[settings.pretrain.source]
        views = settings.extract.views
        drawn = [] if views == "online" else [self._request(clip, settings.pretrain.region, "random", int(views)) for clip in source]
        entries, failed, reused = extractor.run([*whole, *drawn])
        left_out = [*index.left_out]
        for failure in failed:
            row = failure.request.video.row
            left_out.append(LeftOut(row.video_id, row.subject_id, row.role, row.label, failure.reason))
        check_left_out(
            index.manifest.rows, _wholly_lost(left_out, index, entries, [*whole, *drawn], extractor), settings.video.on_unreadable
        )
        cases = [self._case(request, entry) for request in whole if (entry := entries.get(extractor.key(request)))]
        if views == "online":
            clips = [PretrainClip(clip, index.videos[clip.video_id], None) for clip in source]
        else:
            clips = [PretrainClip(r.clip, r.video, entry) for r in drawn if (entry := entries.get(extractor.key(r)))]
        key = digest_of(sorted(entries))
        frames = sum(request.clip.frames * request.views for request in [*whole, *drawn])
        note = f"{len(whole)} labelled videos and {len(drawn)} clips, {frames} frames"
        if views == "online":
            each = sum(clip.clip.frames for clip in clips)
            note += f"; pre-training clips are online: {each} more frames in each of {settings.pretrain.epochs} epochs"
        self._record("extract", key, len(whole) + len(drawn), reused, started, note)
        return Features(tuple(cases), tuple(clips), tuple(left_out))

    @functools.cached_property
    def classes(self) -> tuple[str, ...]:
        """The K classes: the recipe's, or every label of the manifest in alphabetical order."""
        present = sorted({row.label for row in self.index.manifest.rows if row.role == "labelled" and row.label is not None})
        classes = self.recipe.settings.labels.classes or present
        unknown = sorted(set(present) - set(classes))
        if unknown:
            problems = [Problem(f'label "{label}" is not one of labels.classes', hint=did_you_mean(label, classes)) for label in unknown]
            raise UserError(*problems, title=f"{self.index.manifest.path.name} and the recipe do not agree:")
        return tuple(classes)

    @functools.cached_property
    def positive(self) -> str:
        """The positive class: the recipe's, or the first."""
        positive = self.recipe.settings.labels.positive or self.classes[0]
        if positive not in self.classes:
            raise UserError(Problem(f'labels.positive is "{positive}", which no video bears', hint=did_you_mean(positive, self.classes)))
        return positive

    @functools.cached_property
    def folds(self) -> tuple[Fold, ...]:
        """The splits of the validation scheme. UserError if a training fold lacks a class."""
        try:
            folds = split(self.recipe, self.features.cases, self.classes)
        except ValueError as error:  # scikit-learn's words for too few subjects, too few of a class, ...
            name = self.recipe.settings.validation["type"]
            raise UserError(Problem(f"{name} cannot split these {len(self.features.cases)} videos: {error}", where="validation")) from error
        problems = []
        for fold in folds:
            lacking = [name for name in self.classes if name not in {case.label for case in fold.train}]
            if lacking:
                problems.append(
                    Problem(f"without the tested subjects no {', '.join(lacking)} video is left to train on", where=f"fold {fold.name}")
                )
        if problems:
            raise UserError(*problems, title="Every training fold needs every class: at least two subjects of each.")
        return tuple(folds)

    @functools.cached_property
    def admitted(self) -> dict[str, tuple[PretrainClip, ...]]:
        """By fold name, the clips that its pre-training may see (reading 13): never labelled video of a test subject."""
        return {fold.name: admit(self.recipe, fold, self.features.clips) for fold in self.folds}

    @functools.cached_property
    def pretrained(self) -> dict[str, PretrainResult | None]:
        """Stage 3: by fold name. Folds that admit the same clips share one pre-training."""
        started = time.monotonic()
        tasks: dict[str, PretrainTask] = {}
        keys: dict[str, str | None] = {}
        for fold in self.folds:
            clips = self.admitted[fold.name]
            key = keys[fold.name] = pretrain_key(self.recipe, self.backbone.key, clips) if clips else None
            if key is not None:
                tasks[key] = PretrainTask(
                    key,
                    self.recipe,
                    self.stage_cache.folder,
                    clips,
                    self.tokens,
                    self.backbone.module.feature_dim,
                    self.device,
                    self.provenance,
                )
        results = {key: found for key, task in tasks.items() if (found := load_pretrained(task))}
        reused = len(results)
        pending = [task for key, task in tasks.items() if key not in results]
        for task, result in self._executor().run(pretrain, pending, jobs=min(self.jobs, max(1, len(pending)))):
            results[task.key] = result
        self._record("pretrain", digest_of(sorted(tasks)), len(tasks), reused, started, "none: from scratch" if not tasks else "")
        return {name: results[key] if key else None for name, key in keys.items()}

    @functools.cached_property
    def results(self) -> dict[str, FoldResult]:
        """Stage 4: by fold name."""
        started = time.monotonic()
        pretrained = self.pretrained
        tasks = [self._fold_task(fold, pretrained[fold.name]) for fold in self.folds]
        results = {task.fold.name: found for task in tasks if (found := load_fold(task))}
        reused = len(results)
        pending = [task for task in tasks if task.fold.name not in results]
        listener = progress.current()
        listener.start("validate", len(pending), "folds")
        jobs = min(self.jobs, max(1, len(pending)))
        for task, result in self._executor().run(run_fold, pending, jobs=jobs):
            results[task.fold.name] = result
            if jobs > 1:  # in one process the folds report their own epochs
                listener.advance("validate", 1)
        listener.finish("validate")
        self._record("validate", digest_of([task.key for task in tasks]), len(tasks), reused, started, "")
        return {fold.name: results[fold.name] for fold in self.folds}

    def corruption_plan(self, length: int, *, epoch: int, sample: int) -> CorruptionPlan:
        """The plan that pre-training uses for a clip of ``length`` frames in this epoch and sample."""
        noises = [registries().build("corruption", config) for config in self.recipe.settings.corruption]
        sequence = [noise for noise in noises if isinstance(noise, SequenceCorruption)]
        stream = Stream(self.recipe.settings.seed, "pretrain") / "samples" / epoch / sample
        return corrupt(CorruptionPlan.clean(length, self.recipe.settings.positions), sequence, stream)

    def _executor(self) -> Executor:
        executor: Executor = registries().build("executor", self.recipe.settings.executor)
        return executor

    def _fold_task(self, fold: Fold, pretrained: PretrainResult | None) -> FoldTask:
        key = fold_key(self.recipe, fold, pretrained.key if pretrained else None, self.backbone.key, self.classes)
        weights = pretrained.weights if pretrained else None
        return FoldTask(
            key,
            fold,
            self.recipe,
            self.stage_cache.folder,
            weights,
            self.tokens,
            self.backbone.module.feature_dim,
            self.classes,
            self.device,
            self.provenance,
        )

    def _request(self, clip: Clip, region: dict[str, Any], where: Any, views: int) -> Request:
        return Request(clip, self.index.videos[clip.video_id], region, where, views)

    def _case(self, request: Request, entry: FeatureEntry) -> Case:
        row = request.video.row
        assert row.label is not None
        seconds = min(request.clip.end_s, duration(request.video)) - request.clip.start_s
        return Case(row.video_id, row.subject_id, row.label, round(seconds, 3), request.video.content, entry)

    def _record(self, stage: str, key: str, parts: int, reused: int, started: float, note: str) -> None:
        record = StageRecord(stage, key, parts, reused, time.monotonic() - started, note)
        self.records.append(record)
        told = "reused" if parts and record.all_reused else f"{reused} of {parts} reused" if reused else "computed"
        if parts == 0:
            told = "nothing to do"
        progress.current().say(f"{stage:<9} {told}{', ' + note if note else ''} ({record.seconds:.1f} s)")
        summary = {"parts": parts, "reused": reused, "note": note}
        log.info("stage %s %s: %s, %s", stage, key[:12], told, note)
        plugins().lifecycle("vsslfw_stage_finished", stage=stage, key=key, reused=record.all_reused, summary=summary)


def _wholly_lost(
    left_out: Sequence[LeftOut], index: Index, entries: dict[str, FeatureEntry], requests: Sequence[Request], extractor: Extractor
) -> list[LeftOut]:
    """Of the videos of which something was lost, those of which nothing is left."""
    kept = {request.clip.video_id for request in requests if extractor.key(request) in entries}
    return [video for video in left_out if video.video_id not in kept]
