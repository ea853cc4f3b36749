"""External validation: a fitted model answers the labelled videos of another site, with the same metrics and the same report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vsslfw.atomic import write_json
from vsslfw.data.columns import naming
from vsslfw.data.manifest import Manifest, read_manifest
from vsslfw.data.pseudonyms import Pseudonyms
from vsslfw.errors import Problem, RunError, UserError, did_you_mean
from vsslfw.evaluation import run_audits
from vsslfw.evaluation.audits import AuditLine
from vsslfw.evaluation.metrics import compute_metrics
from vsslfw.evaluation.options import StatisticsOptions
from vsslfw.evaluation.predictions import Occlusion, Prediction, WindowAnswer, write_predictions, write_windows
from vsslfw.pipeline.devices import resolve_device
from vsslfw.pipeline.model_folder import Model
from vsslfw.pipeline.prediction import Answer, predict_rows
from vsslfw.pipeline.provenance import environment
from vsslfw.report.data import LeftOut, ReportData, VideoLine
from vsslfw.report.html import write_report

FOLD = "external"


@dataclass(frozen=True)
class Evaluation:
    """A finished external validation."""

    folder: Path
    metrics: dict[str, Any]
    report: ReportData


def evaluate_model(model: Model, data: Path, *, out: Path, cache: Path, device: str = "auto", identify: bool = False) -> Evaluation:
    """Answer every labelled video of the manifest and write predictions.csv, windows.csv, metrics.json, audits.json and report.html.

    Nothing is trained, no threshold is chosen. UserError if a label is none of the model's classes; RunError if a file was in training.
    """
    manifest = read_manifest(data, to_split=False)
    _check_labels(model, manifest)
    answers = predict_rows(model, manifest.labelled, cache=cache, device=device)
    known = [answer for answer in answers if not answer.error]
    if not known:
        raise RunError(*(Problem(a.error, f"video {a.video}") for a in answers), title="No video could be read:")
    audits = _audits(model, manifest, answers, identify)
    failed = [line for line in audits if line.outcome == "failed"]
    if failed:
        raise RunError(*(Problem(line.detail, line.check) for line in failed), title="This is no external validation:")
    pseudonyms = Pseudonyms.of(manifest, model.recipe.settings.seed)
    name_subject, name_video = (str, str) if identify else (pseudonyms.subject, pseudonyms.video)
    stamp = str(model.record["data"])
    predictions, windows, occlusions = [], [], []
    for a in known:
        video, subject, label = name_video(a.video), name_subject(a.row.subject_id), a.row.label or ""
        assert a.answer is not None
        predictions.append(
            Prediction(FOLD, video, subject, label, a.answer, a.probabilities, len(a.windows), a.seconds, stamp, 1, model.threshold)
        )
        windows += [WindowAnswer(FOLD, video, subject, label, start, end, shares) for start, end, shares in a.windows]
        occlusions += [Occlusion(FOLD, video, start, end, shares[model.positive]) for start, end, shares in a.occlusion]
    metrics = _metrics(model, predictions, windows)
    report = ReportData(
        name=f"{model.record['name']}, external validation",
        run=out.name,
        synthetic=stamp == "synthetic",
        identified=identify,
        metrics=metrics,
        predictions=predictions,
        videos=[_line(a, name_video(a.video), name_subject(a.row.subject_id)) for a in known],
        left_out=[LeftOut(name_video(a.video), name_subject(a.row.subject_id), "labelled", a.error) for a in answers if a.error],
        pretrainings=(),
        folds=(),
        audits=audits,
        stages=(),
        recipe=model.recipe.to_text(portable=True),
        recipe_source="the model's own",
        profile=str(model.record["profile"]),
        digest=model.recipe.digest,
        seed=model.recipe.settings.seed,
        environment={"device": resolve_device(device), **environment(model.recipe, device)["libraries"]},
        provenance={"model": str(model.record["key"])[:12], "manifest": manifest.digest},
        windows=windows,
        occlusions=occlusions,
        properties=_properties(manifest, name_video),
        kind="external",
    )
    write_predictions(out / "predictions.csv", predictions)
    write_windows(out / "windows.csv", windows, stamp)
    write_json(out / "metrics.json", metrics)
    write_json(out / "audits.json", {"data": stamp, "lines": [asdict(line) for line in audits]})
    write_report(out, report)
    return Evaluation(out, metrics, report)


def _metrics(model: Model, predictions: list[Prediction], windows: list[WindowAnswer]) -> dict[str, Any]:
    own = model.recipe.settings.statistics
    options = StatisticsOptions(own.confidence, own.resamples, own.prevalence, model.recipe.settings.seed)
    weights = {FOLD: model.record["class_weights"]}
    found = compute_metrics(predictions, model.classes, model.positive, windows=windows, class_weights=weights, options=options)
    reason = "An external validation trains nothing, so no probe is compared: see the report of the validation."
    seeds = {"n": len(model.record["weights"]), "meaning": "Averaged within each video.", "balanced_accuracy": []}
    extra: dict[str, Any] = {"kind": "external", "seeds": seeds, "baselines": None, "baselines_reason": reason, "shortcuts": []}
    return {"data": model.record["data"], **found, **extra}


def _check_labels(model: Model, manifest: Manifest) -> None:
    problems = [
        Problem(
            f'the model knows no class "{row.label}"',
            f"{manifest.path.name} row {row.row}, column label",
            did_you_mean(row.label or "", model.classes),
        )
        for row in manifest.labelled
        if row.label not in model.classes
    ]
    if not manifest.labelled:
        problems.append(Problem("no row has the role labelled", manifest.path.name, "vsslfw predict answers videos without a label"))
    if problems:
        raise UserError(*problems, title=f"{manifest.path.name} and the model do not fit together:")


def _audits(model: Model, manifest: Manifest, answers: list[Answer], identify: bool) -> list[AuditLine]:
    training = model.record["training"]
    pseudonyms = Pseudonyms.of(manifest, model.recipe.settings.seed)
    name = str if identify else pseudonyms.video
    seen = [name(a.video) for a in answers if a.content in set(training["contents"])]
    before = [name(a.video) for a in answers if a.content in set(training["pretraining_contents"])]
    compared = f"content digests of {len(answers)} videos compared with {len(training['contents'])} training videos"
    lines = [
        AuditLine(
            "No file was in the model's training", "failed" if seen else "ok", f"the same file: {', '.join(seen)}" if seen else compared
        ),
        AuditLine(
            "No file was in the model's pre-training",
            "failed" if before else "ok",
            f"cut from the same file: {', '.join(before)}" if before else compared,
        ),
        AuditLine(
            "No subject was in the model's training",
            "noted",
            "a model holds no ids, so subjects cannot be compared: that none of them is the same person is for the authors to say",
        ),
    ]
    unlike = [a for a in answers if a.unlike]
    detail = (
        f"{len(unlike)} of {len(answers)} videos differ in size, rate, length, light or features" if unlike else f"{len(answers)} looked at"
    )
    first = f": {name(unlike[0].video)}, {unlike[0].unlike[0]}" if unlike else ""
    lines.append(AuditLine("Videos like the training data", "noted" if unlike else "ok", detail + first))
    gone = run_audits.counted([a.row.label for a in answers if a.error])
    kept = run_audits.counted([a.row.label for a in answers if not a.error])
    lines.append(run_audits.left_out_line(gone, kept))
    return lines


def _properties(manifest: Manifest, name: Callable[[str], str]) -> dict[str, dict[str, str]]:
    hidden = naming([(row.subject_id, row.extra) for row in manifest.labelled])
    return {name(row.video_id): {k: text for k, text in row.extra.items() if k not in hidden} for row in manifest.labelled}


def _line(a: Answer, video: str, subject: str) -> VideoLine:
    note = "; ".join([*([a.note] if a.note else []), *(f"unlike the training data: {text}" for text in a.unlike)])
    return VideoLine(video, subject, "labelled", a.row.label, a.seconds, note)
