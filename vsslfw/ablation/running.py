"""Run a study: plan it, compute each stage once for all variants, write each variant's run, compare."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vsslfw.ablation.closing import Closing
from vsslfw.ablation.comparing import compared
from vsslfw.ablation.discreet import discreet
from vsslfw.ablation.execute import Computing, reason_of, told
from vsslfw.ablation.forecast import STAGES, Forecast, forecast
from vsslfw.ablation.outcome import Outcome
from vsslfw.ablation.record import StudyRecord
from vsslfw.ablation.study import Arranged, Study, arranged, base_digest
from vsslfw.ablation.tables import Table
from vsslfw.ablation.view import OneView
from vsslfw.ablation.writing import write_outcome
from vsslfw.errors import Problem, UserError
from vsslfw.pipeline import progress
from vsslfw.pipeline.backbone import FrozenBackbone
from vsslfw.pipeline.cache import usable
from vsslfw.pipeline.devices import resolve_device
from vsslfw.pipeline.origin import Costs
from vsslfw.pipeline.preflight import preflight
from vsslfw.pipeline.run import run_pipeline
from vsslfw.pipeline.run_folder import alone, logging_to
from vsslfw.pipeline.stages import Pipeline

STUDIES = Path("studies")
CACHE = Path("runs") / ".vsslfw-cache"
"""The cache of `vsslfw run`: what single runs have computed, a study does not compute again."""


@dataclass(frozen=True)
class Planned:
    """A study whose variants are resolved and whose stages are known; nothing is computed yet."""

    study: Study
    variants: Sequence[Arranged]
    pipelines: Mapping[str, Pipeline]
    forecast: Forecast
    jobs: int
    closing: Closing

    def stages(self) -> dict[str, float]:
        """Stage, as it is shown -> seconds that it is thought to take; what nobody knows counts nothing."""
        known = {_shown(stage): self.forecast.seconds([stage], self.jobs) or 0.0 for stage in STAGES}
        known["baselines"] += self.closing.runs * self.closing.report_s()
        return known | {"report": self.closing.contrasts_s()}

    def seconds(self) -> float | None:
        """What is still to be done takes so long; none if nobody knows."""
        computing = self.forecast.seconds(jobs=self.jobs)
        return None if computing is None else computing + self.closing.seconds()

    def table(self) -> Table:
        """A row for each stage: how many results, how many there are already, the time and the disk for the others."""
        rows = []
        for stage, what in STAGES.items():
            own = self.forecast.of(stage)
            new = [piece for piece in own if not piece.there]
            uses = sum(len(piece.variants) for piece in own)
            rows.append(
                [
                    _shown(stage),
                    told_count(len(own), what.removesuffix("s")) if stage != "extract" else f"{len(own)} {what}",
                    str(uses),
                    str(len(own) - len(new)),
                    str(len(new)),
                    told_seconds(self.forecast.seconds([stage], self.jobs)),
                    told_bytes(sum(piece.size for piece in new)) if any(piece.size for piece in new) else "–",
                ]
            )
        written = f"{told_count(self.closing.runs, 'run folder')}, {told_count(self.closing.contrasts, 'contrast')}"
        number = str(self.closing.runs + self.closing.contrasts)
        rows.append(["report", written, number, "0", number, told_seconds(self.closing.seconds()), "–"])
        return ["stage", "results, each made once", "uses by variants", "reused", "to compute", "about", "disk"], rows


@dataclass(frozen=True)
class StudyResult:
    """A finished study: its folder, its page, and what it found."""

    folder: Path
    page: Path
    outcome: Outcome
    counts: Mapping[str, Mapping[str, int]]
    failures: Mapping[str, str] = field(default_factory=dict)


def plan(study: Study, *, cache: str | Path | None = None, jobs: int = 1, device: str = "auto", identify: bool = False) -> Planned:
    """Resolve and look ahead. UserError with every mistake in the study and every variant; then with missing weights, unfit data.

    identify: as for `run_study`; only then can variants with other seeds be compared.
    """
    variants = arranged(study, identify=identify)
    backbones: dict[str, FrozenBackbone] = {}
    device = resolve_device(device)
    pipelines = {v.name: Pipeline(v.recipe, cache or CACHE, jobs, device, backbones) for v in variants if v.runs}
    problems: dict[str, Problem] = {}
    for name, pipeline in pipelines.items():
        try:
            _ = pipeline.backbone
            preflight(pipeline.recipe, pipeline.manifest)
            _ = pipeline.index
        except UserError as error:
            for problem in error.problems:
                where = f"{problem.where} (variant {name})" if problem.where else f"variant {name}"
                problems.setdefault(str(problem), Problem(problem.what, where, problem.hint))
    if problems:
        raise UserError(*problems.values(), title="The study cannot begin:")
    first = next(iter(pipelines.values()))
    costs, videos = Costs(first.stage_cache.folder), len(first.index.labelled)
    closing = Closing(costs, videos, study.metric, len(pipelines), len(study.pairs), study.permutations)
    return Planned(study, variants, pipelines, forecast(pipelines), jobs, closing)


def run_study(planned: Planned, *, out: str | Path | None = None, identify: bool = False) -> StudyResult:
    """Compute what is missing, write ``runs/`` (a run folder a variant), the comparison and ``study.json``.

    A failed variant is a row with its reason. UserError if ``out`` belongs to a study of another recipe; RunError if every variant failed.
    """
    study, variants = planned.study, planned.variants
    name = study.name or variants[0].recipe.settings.name
    digest = base_digest(study, variants)
    folder = Path(out) if out else STUDIES / f"{name}-{variants[0].recipe.profile.replace(' ', '-')}-{digest[:8]}"
    with usable(folder, "--out"):
        record = StudyRecord.of(folder, name, digest, study, identify)
        folder.mkdir(parents=True, exist_ok=True)
    first = next(iter(planned.pipelines.values()))
    with alone(folder), logging_to(folder), first.stage_cache.used():
        runs = {name: f"runs/{run_name(name, pipeline.recipe.digest)}" for name, pipeline in planned.pipelines.items()}
        record.begin(variants, study.pairs, runs)
        try:
            result = _run(planned, folder, record, identify)
        except BaseException as error:
            record.ended_by(error)
            raise
        record.finished({row.name: row.reason for row in result.outcome.rows if row.state == "failed"}, result.counts)
    return result


def _run(planned: Planned, folder: Path, record: StudyRecord, identify: bool) -> StudyResult:
    view = OneView(progress.current(), planned.stages())
    with progress.listening(view):
        computing = Computing(planned.pipelines, planned.forecast, planned.jobs, view)
        computing.run()
        _write_runs(planned, computing, folder, view, identify)
    started = time.monotonic()
    said = computing.failures if identify else {name: _discreet(planned, name, why) for name, why in computing.failures.items()}
    found = compared(planned.variants, said, record)
    planned.closing.note_contrasts(time.monotonic() - started)
    page = write_outcome(folder, found, private=identify, plan=planned.table())
    view.merged("report", "written")
    view.end()
    counts = {stage: _counts(planned.forecast, stage, computing.made[stage]) for stage in STAGES}
    return StudyResult(folder, page, found, counts, computing.failures)


def _write_runs(planned: Planned, computing: Computing, folder: Path, view: OneView, identify: bool) -> None:
    """A run folder for each variant that has results."""
    pending = [piece for piece in planned.forecast.of("baselines") if not piece.there]
    each = sum(piece.seconds or 0.0 for piece in pending) / max(len(pending), 1)
    view.begin("baselines", {"baselines": each})
    for number, (name, pipeline) in enumerate(computing.alive.items(), start=1):
        view.merged("baselines", progress.RUNNING, f"variant {number} of {len(planned.pipelines)}: probes, figures, report")
        started = time.monotonic()
        target = folder / "runs" / run_name(name, pipeline.recipe.digest)
        try:
            run_pipeline(pipeline, target, identify=identify, announced=False)
        except Exception as error:  # the other variants still have a result
            computing.failures[name] = reason_of(error)
        else:
            if all(piece.variants[0] != name for piece in pending):  # its probes were there: this is what the rest takes
                planned.closing.note_report(time.monotonic() - started)
        view.done(planned.closing.report_s())
    computing.note_made("baselines")
    own = planned.forecast.of("baselines")
    view.merged("baselines", told(sum(piece.there for piece in own), len(own)))
    view.begin("report")
    view.merged("report", progress.RUNNING)


def _discreet(planned: Planned, variant: str, reason: str) -> str:
    pipeline = planned.pipelines[variant]
    return discreet(reason, pipeline.manifest, pipeline.recipe.settings.seed)


def _counts(forecast: Forecast, stage: str, made: int) -> dict[str, int]:
    own = forecast.of(stage)
    there = sum(piece.there for piece in own)
    return {"results": len(own), "reused": there, "computed": made, "uses": sum(len(piece.variants) for piece in own)}


def _shown(stage: str) -> str:
    return "validate" if stage == "folds" else stage


def told_count(count: int, what: str) -> str:
    """``1 contrast``, ``8 contrasts``."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def run_name(variant: str, digest: str) -> str:
    """A variant's run folder: its name as far as a folder can bear it, and its recipe's digest."""
    return f"{re.sub(r'[^A-Za-z0-9._=+-]+', '_', variant).strip('._-')[:80] or 'variant'}-{digest[:8]}"


def told_seconds(seconds: float | None) -> str:
    """``–``, ``12 s``, ``8 min``, ``3.4 h``, ``2.1 days``."""
    if seconds is None:
        return "not known"
    if seconds == 0:
        return "–"
    for unit, size, below in (("s", 1.0, 90.0), ("min", 60.0, 5400.0), ("h", 3600.0, 172800.0)):
        if seconds < below:
            return f"{seconds / size:.0f} {unit}" if unit != "h" else f"{seconds / size:.1f} h"
    return f"{seconds / 86400:.1f} days"


def told_bytes(size: float) -> str:
    """``23.7 MB``."""
    from rich.filesize import decimal

    return decimal(int(size))
