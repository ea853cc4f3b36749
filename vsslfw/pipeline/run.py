"""A run: its folder, what makes it the same run again, and the stages from the first to the report."""

from __future__ import annotations

import logging
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from vsslfw.atomic import link_or_copy, read_json, write_json, write_text
from vsslfw.digest import digest_of
from vsslfw.errors import Problem, RunError, UserError
from vsslfw.evaluation.predictions import write_predictions
from vsslfw.pipeline import progress
from vsslfw.pipeline.provenance import environment
from vsslfw.pipeline.results import Names, audits_of, metrics_of, predictions_of, pseudonyms_of, report_of, split_record
from vsslfw.pipeline.stages import Pipeline
from vsslfw.plugins import plugins
from vsslfw.recipe import Recipe
from vsslfw.report.data import SYNTHETIC, ReportData
from vsslfw.report.html import write_report

log = logging.getLogger("vsslfw")
STATE = "run.json"


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
) -> RunResult:
    """Run all stages of a recipe and write the run folder; what the cache holds is reused.

    ``out`` defaults to ``runs/NAME-PROFILE-DIGEST`` and ``cache`` to ``.vsslfw-cache`` beside it. UserError on bad input or
    if ``out`` holds another run; RunError if an audit fails or a model diverges.
    """
    folder = Path(out) if out else Path("runs") / f"{recipe.settings.name}-{recipe.profile}-{recipe.digest[:8]}"
    pipeline = Pipeline(recipe, cache or folder.parent / ".vsslfw-cache", jobs, device)
    _check_folder(folder, recipe, resume)
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder), _logging(folder):
        state = {"recipe": recipe.digest, "profile": recipe.profile, "data": pipeline.provenance["data"]}
        write_json(folder / STATE, {**state, "state": "running"})
        log.info("run of %s, profile %s, digest %s", recipe.settings.name, recipe.profile, recipe.digest)
        try:
            result = _run(pipeline, folder, identify)
        except BaseException as error:
            write_json(folder / STATE, {**state, "state": "failed", "error": type(error).__name__})
            log.error("the run failed: %s", type(error).__name__)
            raise
        write_json(folder / STATE, {**state, "state": "finished"})
    plugins().lifecycle("vsslfw_run_finished", folder=folder, metrics=result.metrics)
    return result


def _run(pipeline: Pipeline, folder: Path, identify: bool) -> RunResult:
    recipe = pipeline.recipe
    say = progress.current().say
    say(f"recipe    {recipe.settings.name}, profile {recipe.profile}, digest {recipe.digest[:8]}")
    if pipeline.dataset.synthetic:
        say(f"data      {SYNTHETIC} Own video: --data videos.csv")
    for note in recipe.notes:
        say(f"note      {note}")
    plugins().lifecycle("vsslfw_run_started", folder=folder, recipe=recipe.to_dict())
    write_text(folder / "recipe.py", recipe.to_text())
    write_json(folder / "environment.json", {"data": pipeline.provenance["data"], **environment(pipeline.device)})
    _ = pipeline.backbone  # missing weights must show before hours of decoding, not after
    _ = pipeline.index
    names = Names.of(pipeline, identify=identify)
    _write_identities(pipeline)
    split = split_record(pipeline, names)
    digests = {"manifest": pipeline.index.manifest.digest, "split": digest_of(split)}
    write_json(folder / "split.json", {"digest": digests["split"], **split})
    audits = audits_of(pipeline, names)
    write_json(folder / "audits.json", {"data": pipeline.provenance["data"], "lines": [asdict(line) for line in audits]})
    failed = [line for line in audits if line.outcome == "failed"]
    if failed:
        raise RunError(
            *(Problem(line.detail, where=line.check) for line in failed), title="The audit of the split failed; nothing was trained:"
        )

    _link_pretrained(pipeline, folder)
    predictions = predictions_of(pipeline, names)
    for fold in pipeline.folds:
        outcome = pipeline.results[fold.name]
        mine = [p for p in predictions if p.fold == names.fold(fold)]
        write_predictions(folder / "folds" / names.fold(fold) / "predictions.csv", mine)
        history = {
            "data": pipeline.provenance["data"],
            "key": outcome.key,
            "class_weights": outcome.class_weights,
            "history": outcome.history,
        }
        write_json(folder / "folds" / names.fold(fold) / "training.json", history)
    metrics = metrics_of(pipeline, predictions)
    write_predictions(folder / "predictions.csv", predictions)
    write_json(folder / "metrics.json", metrics)
    write_json(folder / "stages.json", {"data": pipeline.provenance["data"], "stages": [asdict(record) for record in pipeline.records]})
    report = report_of(
        pipeline,
        names,
        run=folder.name,
        identified=identify,
        command=shlex.join(["vsslfw", *sys.argv[1:]]) if Path(sys.argv[0]).name == "vsslfw" else "",
        predictions=predictions,
        metrics=metrics,
        audits=audits,
        digests=digests,
    )
    write_report(folder, report)
    return RunResult(folder, metrics, report)


def _check_folder(folder: Path, recipe: Recipe, resume: bool) -> None:
    """A folder belongs to one recipe: continuing with another would mix two results."""
    state = folder / STATE
    if folder.exists() and not folder.is_dir():
        raise UserError(Problem("is a file; a folder is needed for the run", where=f"--out {folder}"))
    if not state.is_file():
        if resume:
            raise UserError(Problem("holds no run that could be resumed", where=f"--out {folder}", hint="Leave --resume out to start one"))
        if folder.is_dir() and any(folder.iterdir()):
            raise UserError(Problem("is not empty, and holds no run", where=f"--out {folder}", hint="Choose a new folder"))
        return
    before = read_json(state)["recipe"]
    if before != recipe.digest:
        what = f"holds a run made with another recipe (digest {before[:8]}; this one is {recipe.digest[:8]})"
        hint = f"Choose another --out, or run with the recipe it was made with: {folder / 'recipe.py'}"
        raise UserError(Problem(what, where=f"--out {folder}", hint=hint))


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


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process a run folder."""
    try:
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout as error:
        raise UserError(Problem("another process is running in this folder", where=f"--out {folder}")) from error


@contextmanager
def _logging(folder: Path) -> Iterator[None]:
    """Lines of this run go to log.txt in its folder; warnings are shown as well."""
    file = logging.FileHandler(folder / "log.txt", encoding="utf-8")
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    shown = _Shown(logging.WARNING)
    level = log.level
    log.setLevel(logging.INFO)
    log.addHandler(file)
    log.addHandler(shown)
    try:
        yield
    finally:
        log.setLevel(level)
        log.removeHandler(shown)
        log.removeHandler(file)
        file.close()


class _Shown(logging.Handler):
    """Warnings, on the terminal."""

    def emit(self, record: logging.LogRecord) -> None:
        progress.current().say(f"warning   {record.getMessage()}")
