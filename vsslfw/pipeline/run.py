"""A run: its folder, what makes it the same run again, and the stages from the first to the report."""

from __future__ import annotations

import logging
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vsslfw.atomic import link_or_copy, write_json, write_text
from vsslfw.digest import digest_of
from vsslfw.errors import Problem, RunError, UserError
from vsslfw.evaluation.audits import AuditLine
from vsslfw.evaluation.predictions import write_predictions, write_windows
from vsslfw.pipeline import progress
from vsslfw.pipeline.baselines import probe_predictions
from vsslfw.pipeline.blame import naming_culprits
from vsslfw.pipeline.cache import usable
from vsslfw.pipeline.devices import resolve_device
from vsslfw.pipeline.names import Names, pseudonyms_of
from vsslfw.pipeline.provenance import environment, inputs_of
from vsslfw.pipeline.results import audits_of, metrics_of, predictions_of, report_of, split_record, windows_of
from vsslfw.pipeline.run_audits import more_audits, reuse_audit
from vsslfw.pipeline.run_folder import alone, clear, earlier_run, logging_to
from vsslfw.pipeline.run_state import RunState
from vsslfw.pipeline.stages import Pipeline
from vsslfw.pipeline.thumbnails import example_of
from vsslfw.recipe import Recipe
from vsslfw.report.data import SYNTHETIC, ReportData
from vsslfw.report.html import write_report

log = logging.getLogger("vsslfw")


@dataclass(frozen=True)
class RunResult:
    """A finished run: its folder, the content of metrics.json, and all that the report shows."""

    folder: Path
    metrics: dict[str, Any]
    report: ReportData


def run(
    recipe: Recipe,
    *,
    out: str | Path | None = None,
    cache: str | Path | None = None,
    resume: bool = False,
    jobs: int = 1,
    device: str = "auto",
    identify: bool = False,
    thumbnails: bool = False,
) -> RunResult:
    """Run all stages of a recipe and write the run folder; what the cache holds is reused.

    ``thumbnails``: the report shows frames of recorded video (of made video it always does), and is private then.
    ``out`` defaults to ``runs/NAME-PROFILE-DIGEST`` and ``cache`` to ``.vsslfw-cache`` beside it. UserError on bad input or
    if ``out`` holds a run of another recipe or of other data, which is left as it is; RunError if an audit fails or a model diverges.
    """
    folder = Path(out) if out else run_folder(recipe)
    device = resolve_device(device)
    with usable(folder, "--out"):
        earlier_run(folder, recipe, resume)  # what is wrong with the folder is said before a cache is made beside it
        folder.mkdir(parents=True, exist_ok=True)
    pipeline = Pipeline(recipe, cache or folder.parent / ".vsslfw-cache", jobs, device)
    return run_pipeline(pipeline, folder, resume=resume, identify=identify, thumbnails=thumbnails)


def run_pipeline(
    pipeline: Pipeline, folder: Path, *, resume: bool = False, identify: bool = False, thumbnails: bool = False, announced: bool = True
) -> RunResult:
    """`run` of a pipeline that is there already, with whatever of it has been computed; ``announced`` says first what it is."""
    recipe = pipeline.recipe
    with usable(folder, "--out"):
        before = earlier_run(folder, recipe, resume)
        folder.mkdir(parents=True, exist_ok=True)
    with alone(folder), logging_to(folder), pipeline.stage_cache.used():
        facts = {"name": recipe.settings.name, "recipe": recipe.digest, "profile": recipe.profile}
        state = RunState(folder, {**facts, "data": pipeline.provenance["data"], "identified": identify})
        if announced:
            _announce(pipeline)
        if before:
            state.facts["inputs"] = _same_inputs(folder, before, pipeline)
        state.running()
        log.info("run of %s, profile %s, digest %s", recipe.settings.name, recipe.profile, recipe.digest)
        try:
            clear(folder)
            state.facts["inputs"] = _inputs(pipeline)
            state.running()
            with naming_culprits(recipe), state.following():
                result = _run(pipeline, folder, identify, thumbnails)
        except BaseException as error:
            state.ended_by(error)
            log.info("the run failed: %s", type(error).__name__)
            recipe.plugins.lifecycle("vsslfw_run_failed", folder=folder, error=error)
            raise
        state.finished()
        recipe.plugins.lifecycle("vsslfw_run_finished", folder=folder, metrics=result.metrics)
    return result


def run_folder(recipe: Recipe) -> Path:
    """Where a run is written if nobody says where: ``runs/NAME-PROFILE-DIGEST``."""
    return Path("runs") / f"{recipe.settings.name}-{recipe.profile}-{recipe.digest[:8]}"


def _run(pipeline: Pipeline, folder: Path, identify: bool, thumbnails: bool) -> RunResult:
    recipe = pipeline.recipe
    recipe.plugins.lifecycle("vsslfw_run_started", folder=folder, recipe=recipe.portable())
    write_text(folder / "recipe.py", recipe.to_text(portable=True))
    write_json(folder / "environment.json", {"data": pipeline.provenance["data"], **environment(recipe, pipeline.device)})
    _ = pipeline.index
    names = Names.of(pipeline, identify=identify)
    _write_identities(pipeline)
    split = split_record(pipeline, names)
    digests = {**_inputs(pipeline), "split": digest_of(split)}
    write_json(folder / "split.json", {"digest": digests["split"], **split})
    audits = audits_of(pipeline, names)
    write_json(folder / "audits.json", {"data": pipeline.provenance["data"], "lines": [asdict(line) for line in audits]})
    check_audits(audits)

    _link_pretrained(pipeline, folder)
    predictions = predictions_of(pipeline, names)
    folders = Names.of(pipeline, identify=False)  # an id may hold anything, a way out of the run folder too
    for fold in pipeline.folds:
        outcome = pipeline.results[fold.name]
        target = folder / "folds" / folders.fold(fold)
        mine = [p for p in predictions if p.fold == names.fold(fold)]
        write_predictions(target / "predictions.csv", mine)
        history = {
            "data": pipeline.provenance["data"],
            "key": outcome.key,
            "class_weights": outcome.class_weights,
            "threshold": outcome.threshold,
            "history": outcome.history,
            "more_seeds": [{"key": r.key, "history": r.history} for r in pipeline.seed_results[fold.name][1:]],
        }
        write_json(target / "training.json", history)
    windows = windows_of(pipeline, names)
    write_predictions(folder / "predictions.csv", predictions)
    write_windows(folder / "windows.csv", windows, pipeline.provenance["data"])
    metrics = metrics_of(pipeline, names, predictions, windows)
    for probe, answers in probe_predictions(pipeline, names).items():
        write_predictions(folder / "probes" / f"{probe}.csv", answers)
    audits += more_audits(pipeline, names, metrics)
    write_json(folder / "audits.json", {"data": pipeline.provenance["data"], "lines": [asdict(line) for line in audits]})
    progress.current().stage("report", progress.RUNNING)
    started = time.monotonic()
    write_json(folder / "metrics.json", metrics)
    write_json(folder / "stages.json", {"data": pipeline.provenance["data"], "stages": [asdict(record) for record in pipeline.records]})
    report = report_of(
        pipeline,
        names,
        run=folder.name,
        identified=identify,
        command=shlex.join(["vsslfw", *sys.argv[1:]]) if identify and Path(sys.argv[0]).name == "vsslfw" else "",  # it holds paths
        predictions=predictions,
        windows=windows,
        metrics=metrics,
        audits=[*audits, reuse_audit(pipeline)],
        digests=digests,
        sections=recipe.plugins.sections(folder=folder, metrics=metrics),
        example=example_of(pipeline, pictures=thumbnails or pipeline.dataset.synthetic),
    )
    write_report(folder, report)
    progress.current().stage("report", "written", seconds=time.monotonic() - started)
    return RunResult(folder, metrics, report)


def check_audits(lines: Sequence[AuditLine]) -> None:
    """RunError if a line of the split's audit failed."""
    failed = [Problem(line.detail, where=line.check) for line in lines if line.outcome == "failed"]
    if failed:
        raise RunError(*failed, title="The audit of the split failed; nothing was trained:")


def _announce(pipeline: Pipeline) -> None:
    recipe = pipeline.recipe
    say = progress.current().say
    say(f"recipe    {recipe.settings.name}, profile {recipe.profile}, digest {recipe.digest[:8]}")
    if pipeline.dataset.synthetic:
        say(f"data      {SYNTHETIC} Own video: --data videos.csv")
    for note in recipe.notes:
        say(f"note      {note}")


def _same_inputs(folder: Path, before: dict[str, Any], pipeline: Pipeline) -> dict[str, str]:
    """The digests of the inputs. UserError if the folder's run had others: two results would be mixed, or one be lost."""
    old, new = before.get("inputs", {}), _inputs(pipeline)
    changed = [name for name in new if old.get(name, new[name]) != new[name]]
    if changed:
        hint = "Choose another --out for the changed data"
        whats = (f"holds a run with another {name} (digest {old[name][:8]}; this one is {new[name][:8]})" for name in changed)
        raise UserError(*(Problem(what, f"--out {folder}", hint) for what in whats))
    return new


def _inputs(pipeline: Pipeline) -> dict[str, str]:
    _ = pipeline.backbone  # missing weights must show before hours of decoding, not after
    return inputs_of(pipeline.recipe, pipeline.manifest)


def _write_identities(pipeline: Pipeline) -> None:
    """The key from pseudonyms to ids stays in the cache, readable by its owner alone, and never in a run folder."""
    import csv
    import io

    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(pseudonyms_of(pipeline).rows())
    name = f"identities-{digest_of([pipeline.index.manifest.digest, pipeline.recipe.settings.seed])[:12]}.csv"
    write_text(pipeline.stage_cache.private() / name, text.getvalue(), private=True)


def _link_pretrained(pipeline: Pipeline, folder: Path) -> None:
    for result in {r.key: r for r in pipeline.pretrained.values() if r is not None}.values():
        target = folder / "pretrain" / result.key[:8]
        link_or_copy(result.weights, target / "encoder.safetensors")
        record = {"data": pipeline.provenance["data"], "key": result.key, "pretext": result.pretext, "history": result.history}
        write_json(target / "training.json", record)
