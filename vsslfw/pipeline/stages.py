"""The stages in order: index -> extract -> pretrain -> validate. Each is keyed by its inputs, and says what it reused."""

from __future__ import annotations

import contextlib
import functools
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vsslfw.data.manifest import Manifest, read_manifest
from vsslfw.data.samples import corrupt
from vsslfw.digest import digest_of
from vsslfw.errors import UserError
from vsslfw.interfaces import Dataset, Executor, SequenceCorruption
from vsslfw.pipeline import progress
from vsslfw.pipeline.admission import admit, check_source
from vsslfw.pipeline.backbone import FrozenBackbone
from vsslfw.pipeline.cache import Cache
from vsslfw.pipeline.devices import resolve_device
from vsslfw.pipeline.features import Features, extract_features
from vsslfw.pipeline.folds import Fold, FoldResult, FoldTask, fold_inputs, load_fold, mean_over_seeds
from vsslfw.pipeline.index import Index, build_index
from vsslfw.pipeline.labels import labelled_part
from vsslfw.pipeline.preflight import classes_of, positive_of, preflight
from vsslfw.pipeline.pretrain import PretrainClip, PretrainResult, PretrainTask, Tokens, load_pretrained, pretrain, pretrain_inputs
from vsslfw.pipeline.provenance import provenance_of
from vsslfw.pipeline.splits import split
from vsslfw.pipeline.validate import run_fold
from vsslfw.plan import CorruptionPlan
from vsslfw.provenance import tell_changes
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


@dataclass
class Pipeline:
    """The stages of one recipe over one cache; every method is computed once and remembered.

    ``jobs`` folds run at a time; ``device`` is "auto", "cpu" or "cuda[:N]".
    """

    recipe: Recipe
    cache: str | Path = ".vsslfw-cache"
    jobs: int = 1
    device: str = "auto"
    backbones: dict[str, FrozenBackbone] = field(default_factory=dict)
    """By the digest of what they are built from; several pipelines may share it, and so hold each backbone once."""
    records: list[StageRecord] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.device = resolve_device(self.device)
        self.stage_cache = Cache(Path(self.cache))

    @functools.cached_property
    def dataset(self) -> Dataset:
        """The recipe's data set."""
        dataset: Dataset = self.recipe.registries.build("dataset", self.recipe.settings.data)
        return dataset

    @functools.cached_property
    def provenance(self) -> dict[str, Any]:
        """What every artefact records: recipe digest, components with distribution and version, made or recorded data."""
        return provenance_of(self.recipe, synthetic=self.dataset.synthetic)

    @functools.cached_property
    def backbone(self) -> FrozenBackbone:
        """The frozen backbone; built before any video is touched, so that missing weights are found at once."""
        settings = self.recipe.settings
        key = digest_of([settings.backbone, settings.extract.model_dump(mode="json"), settings.video.resize, self.device])
        if key not in self.backbones:
            self.backbones[key] = FrozenBackbone.of(self.recipe, self.device)
        return self.backbones[key]

    @functools.cached_property
    def tokens(self) -> Tokens:
        """The features of MASK and PAD."""
        return Tokens(*self.backbone.tokens)

    @functools.cached_property
    def manifest(self) -> Manifest:
        """The data set's manifest; no video is opened."""
        with progress.making("data", "videos") as told, _telling(self.dataset, told):
            return read_manifest(self.dataset.manifest(self.stage_cache.folder / "datasets"))

    @functools.cached_property
    def index(self) -> Index:
        """Stage 1."""
        started = self._begin("index")
        preflight(self.recipe, self.manifest)
        index = build_index(self.recipe, self.manifest, self.stage_cache)
        check_source(self.recipe, index)
        note = f"{len(index.labelled)} labelled videos, {len(index.contextual)} contextual clips, {len(index.left_out)} left out"
        if index.blank:
            note += f"; {index.blank} clips not drawn where video is black or frozen"
        self.record_stage("index", index.key, index.files, index.remembered, started, note)
        return index

    @functools.cached_property
    def features(self) -> Features:
        """Stage 2."""
        index, started = self.index, self._begin("extract")
        features = extract_features(self.recipe, index, self.backbone, self.stage_cache, self.provenance)
        self.record_stage("extract", features.key, features.parts, features.reused, started, features.note)
        return features

    @functools.cached_property
    def classes(self) -> tuple[str, ...]:
        """The K classes: the recipe's, or every label of the manifest in alphabetical order."""
        return classes_of(self.recipe, self.index.manifest)

    @functools.cached_property
    def positive(self) -> str:
        """The positive class: the recipe's, or the first."""
        return positive_of(self.recipe, self.index.manifest)

    @functools.cached_property
    def folds(self) -> tuple[Fold, ...]:
        """The splits of the validation scheme. UserError if videos that were left out make one impossible (`preflight` saw the rest)."""
        cases = self.features.cases
        rows = {row.video_id: row for row in self.manifest.labelled}
        splits, problems = split(self.recipe, [rows[case.video_id] for case in cases], self.classes)
        if problems:
            raise UserError(*problems, title="Without the videos that were left out, the others cannot be split:")
        return tuple(Fold(s.name, tuple(cases[i] for i in s.train), tuple(cases[i] for i in s.test)) for s in splits)

    @functools.cached_property
    def admitted(self) -> dict[str, tuple[PretrainClip, ...]]:
        """By fold name, the clips that its pre-training may see (reading 13): never labelled video of a test subject."""
        return {fold.name: admit(self.recipe, fold, self.features.clips) for fold in self.folds}

    @functools.cached_property
    def pretrained(self) -> dict[str, PretrainResult | None]:
        """Stage 3: by fold name. Folds that admit the same clips share one pre-training."""
        by_fold = self.pretrain_tasks
        started = self._begin("pretrain")
        tasks = {task.key: task for task in by_fold.values() if task is not None}
        results = {key: found for key, task in tasks.items() if (found := load_pretrained(task))}
        reused = len(results)
        self._tell_changes("a pre-trained encoder of the cache", results.values(), ("backbone", "corruption", "encoder", "head"))
        pending = [task for key, task in tasks.items() if key not in results]
        done = self._executor().run(pretrain, pending, jobs=self.jobs, total=len(tasks))
        if len(tasks) > 1:  # one alone shows its epochs
            done = progress.counted(done, "pretrain, all", len(tasks), "encoders", reused)
        for task, result in done:
            results[task.key] = result
        self.record_stage("pretrain", digest_of(sorted(tasks)), len(tasks), reused, started, "none: from scratch" if not tasks else "")
        return {name: results[task.key] if task else None for name, task in by_fold.items()}

    @functools.cached_property
    def pretrain_tasks(self) -> dict[str, PretrainTask | None]:
        """By fold name; none where nothing is pre-trained."""
        return {fold.name: self.pretrain_task(self.admitted[fold.name]) for fold in self.folds}

    def pretrain_task(self, clips: tuple[PretrainClip, ...]) -> PretrainTask | None:
        """All that a pre-training on these clips needs; none without clips."""
        if not clips:
            return None
        inputs = pretrain_inputs(self.recipe, self.backbone.key, clips)
        dim, folder = self.backbone.module.feature_dim, self.stage_cache.folder
        return PretrainTask(digest_of(inputs), self.recipe, folder, clips, self.tokens, dim, self.device, self.provenance, inputs)

    @functools.cached_property
    def seed_results(self) -> dict[str, tuple[FoldResult, ...]]:
        """Stage 4: by fold name, a result for each of ``finetune.seeds``."""
        tasks = self.fold_tasks
        started = self._begin("validate", f"up to {self.jobs} folds at a time" if self.jobs > 1 else "")
        results = self.fold_results(tasks, "validate")
        reused = sum(result.reused for result in results.values())
        self.record_stage("validate", digest_of([task.key for task in tasks]), len(tasks), reused, started, "")
        by_fold = {fold.name: [results[task.key] for task in tasks if task.fold.name == fold.name] for fold in self.folds}
        return {name: tuple(own) for name, own in by_fold.items()}

    @functools.cached_property
    def fold_tasks(self) -> list[FoldTask]:
        """Each fold with each of ``finetune.seeds``; the pre-trainings are there."""
        seeds = range(self.recipe.settings.finetune.seeds)
        return [self.fold_task(fold, self.pretrained[fold.name], seed_index=seed) for fold in self.folds for seed in seeds]

    @functools.cached_property
    def results(self) -> dict[str, FoldResult]:
        """Stage 4 by fold name, averaged over seeds."""
        return {name: mean_over_seeds(own) for name, own in self.seed_results.items()}

    def fold_results(self, tasks: Sequence[FoldTask], told_as: str) -> dict[str, FoldResult]:
        """By key; what the cache does not hold is run by the recipe's executor."""
        results = {task.key: found for task in tasks if (found := load_fold(task))}
        reused = len(results)
        self._tell_changes("a fold of the cache", results.values(), ("backbone", "encoder", "head"))
        pending = [task for task in tasks if task.key not in results]
        done = self._executor().run(run_fold, pending, jobs=self.jobs, total=len(tasks))
        for task, result in progress.counted(done, told_as, len(tasks), "folds", reused):
            results[task.key] = result
        return results

    def corruption_plan(self, length: int, *, epoch: int, sample: int) -> CorruptionPlan:
        """The plan that pre-training uses for a clip of ``length`` frames in this epoch and sample."""
        noises = [self.recipe.registries.build("corruption", config) for config in self.recipe.settings.corruption]
        sequence = [noise for noise in noises if isinstance(noise, SequenceCorruption)]
        stream = Stream(self.recipe.settings.seed, "pretrain") / "samples" / epoch / sample
        return corrupt(CorruptionPlan.clean(length, self.recipe.settings.positions), sequence, stream)

    def _tell_changes(self, what: str, reused: Iterable[PretrainResult | FoldResult], kinds: tuple[str, ...]) -> None:
        """Warn, once for each component, that what is reused was made with another version of it."""
        recorded = [component for result in reused for component in result.provenance.get("components", ())]
        tell_changes(what, recorded, self.provenance["components"], kinds)

    def _executor(self) -> Executor:
        executor: Executor = self.recipe.registries.build("executor", self.recipe.settings.executor)
        return executor

    @functools.cached_property
    def labelled(self) -> dict[str, Fold]:
        """By fold name, the fold with those training videos whose labels are used (``finetune.label_fraction``)."""
        return {fold.name: self.with_used_labels(fold) for fold in self.folds}

    def with_used_labels(self, fold: Fold) -> Fold:
        """A fold with those training videos whose labels are used."""
        return labelled_part(fold, self.recipe.settings.finetune.label_fraction, self.recipe.settings.seed)

    def fold_task(self, fold: Fold, pretrained: PretrainResult | None, *, seed_index: int = 0, null: bool = False) -> FoldTask:
        """All that fine-tuning a fold with one of the seeds needs; ``null`` if its labels are permuted."""
        fold = self.with_used_labels(fold)
        start = pretrained.key if pretrained else None
        inputs = fold_inputs(self.recipe, fold, start, self.backbone.key, self.classes, positive=self.positive, seed_index=seed_index)
        return FoldTask(
            digest_of(inputs),
            fold,
            self.recipe,
            self.stage_cache.folder,
            pretrained.weights if pretrained else None,
            self.tokens,
            self.backbone.module.feature_dim,
            self.classes,
            self.device,
            self.provenance,
            self.positive,
            seed_index,
            null,
            inputs,
        )

    def _begin(self, stage: str, note: str = "") -> float:
        progress.current().stage(stage, progress.RUNNING, note)
        return time.monotonic()

    def record_stage(self, stage: str, key: str, parts: int, reused: int, started: float, note: str = "") -> None:
        """Note a stage that has its result, and tell everybody who listens."""
        record = StageRecord(stage, key, parts, reused, time.monotonic() - started, note)
        self.records.append(record)
        told = "reused" if parts and record.all_reused else f"{reused} of {parts} reused" if reused else "computed"
        if parts == 0:
            told = "nothing to do"
        progress.current().stage(stage, told, note, record.seconds)
        summary = {"parts": parts, "reused": reused, "note": note}
        log.info("stage %s %s: %s, %s", stage, key[:12], told, note)
        self.recipe.plugins.lifecycle("vsslfw_stage_finished", stage=stage, key=key, reused=record.all_reused, summary=summary)


@contextlib.contextmanager
def _telling(dataset: Dataset, told: Callable[[int, int], None]) -> Iterator[None]:
    """Lend the data set somebody to tell how far it is; one that takes no attributes makes its videos in silence."""
    with contextlib.suppress(AttributeError):
        dataset.told = told
    try:
        yield
    finally:
        with contextlib.suppress(AttributeError):
            dataset.told = None
