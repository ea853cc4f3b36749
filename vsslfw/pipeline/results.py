"""Stage 6, report: what the stages found, under pseudonyms, as predictions, metrics, audits and the report's content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from vsslfw.data.columns import naming
from vsslfw.engine.pretext import ANSWERS, PLACES
from vsslfw.evaluation.audits import AuditLine, FoldView, Footage, audit_folds
from vsslfw.evaluation.levels import answered
from vsslfw.evaluation.metrics import compute_metrics
from vsslfw.evaluation.options import StatisticsOptions
from vsslfw.evaluation.predictions import Occlusion, Prediction, WindowAnswer
from vsslfw.evaluation.repeats import repeats_of
from vsslfw.locations import file_name
from vsslfw.pipeline.baselines import baselines_of
from vsslfw.pipeline.folds import Case, Fold, FoldResult
from vsslfw.pipeline.names import Names
from vsslfw.pipeline.pretrain import PretrainClip, PretrainResult
from vsslfw.pipeline.provenance import environment
from vsslfw.pipeline.stages import Pipeline
from vsslfw.plugins import Plugin
from vsslfw.provenance import changes
from vsslfw.report.data import Example, FoldLine, HeldOut, LeftOut, PluginLine, Pretraining, ReportData, StageLine, VideoLine
from vsslfw.sections import Section


def split_record(pipeline: Pipeline, names: Names) -> dict[str, Any]:
    """The split file: written with its digest before anything is trained."""
    return {
        "data": pipeline.provenance["data"],
        "validation": pipeline.recipe.portable()["validation"],
        "folds": [
            {
                "name": names.fold(fold),
                "train": [names.video(case.video_id) for case in fold.train],
                "test": [names.video(case.video_id) for case in fold.test],
            }
            for fold in pipeline.folds
        ],
    }


def audits_of(pipeline: Pipeline, names: Names) -> list[AuditLine]:
    """The audit of the split and of what each fold's pre-training sees; before any training."""
    shared: dict[int, tuple[Footage, ...]] = {}  # by identity: `pipeline.admitted` keeps every tuple alive
    views = []
    for fold in pipeline.folds:
        clips = pipeline.admitted[fold.name]
        if id(clips) not in shared:
            shared[id(clips)] = tuple(_clip_footage(clip, names) for clip in clips)
        seen = shared[id(clips)]
        train, test = (tuple(_case_footage(case, names) for case in side) for side in (fold.train, fold.test))
        views.append(FoldView(names.fold(fold), train, test, seen))
    return audit_folds(
        views,
        labelled=[names.video(case.video_id) for case in pipeline.features.cases],
        classes=pipeline.classes,
        pretrain_subjects=pipeline.recipe.settings.pretrain.subjects,
    )


def predictions_of(pipeline: Pipeline, names: Names) -> list[Prediction]:
    """One prediction a tested video, in each repeat of the split."""
    predictions = []
    data = pipeline.provenance["data"]
    for fold, repeat, result in _folds(pipeline):
        for case, answer in zip(fold.test, result.predictions, strict=True):
            shares = dict(zip(pipeline.classes, answer["probabilities"], strict=True))
            said = answered(shares, pipeline.positive, result.threshold)
            video, subject, name = names.video(case.video_id), names.subject(case.subject_id), names.fold(fold)
            own = Prediction(
                name, video, subject, case.label, said, shares, answer["windows"], case.seconds, data, repeat, result.threshold
            )
            predictions.append(own)
    return predictions


def windows_of(pipeline: Pipeline, names: Names) -> list[WindowAnswer]:
    """The answer for each window of each tested video."""
    return [
        WindowAnswer(
            names.fold(fold),
            names.video(case.video_id),
            names.subject(case.subject_id),
            case.label,
            span[0],
            span[1],
            dict(zip(pipeline.classes, shares, strict=True)),
            repeat,
        )
        for fold, repeat, result in _folds(pipeline)
        for case, answer in zip(fold.test, result.predictions, strict=True)
        for span, shares in zip(answer["spans"], answer["window_probabilities"], strict=True)
    ]


def occlusions_of(pipeline: Pipeline, names: Names) -> list[Occlusion]:
    """What each tested video would have been answered without each stretch of it."""
    index = pipeline.classes.index(pipeline.positive)
    return [
        Occlusion(names.fold(fold), names.video(case.video_id), start, end, shares[index], repeat)
        for fold, repeat, result in _folds(pipeline)
        for case, answer in zip(fold.test, result.predictions, strict=True)
        for start, end, shares in answer["occlusion"]
    ]


def _folds(pipeline: Pipeline) -> list[tuple[Fold, int, FoldResult]]:
    repeats = repeats_of([[case.video_id for case in fold.test] for fold in pipeline.folds])
    return [(fold, repeat, pipeline.results[fold.name]) for fold, repeat in zip(pipeline.folds, repeats, strict=True)]


def metrics_of(pipeline: Pipeline, names: Names, predictions: Sequence[Prediction], windows: Sequence[WindowAnswer]) -> dict[str, Any]:
    """metrics.json: every definition beside the constant answer, stamped with the kind of data; and the baselines beside the model."""
    settings = pipeline.recipe.settings
    own = settings.statistics
    options = StatisticsOptions(own.confidence, own.resamples, own.prevalence, settings.seed)
    metrics = compute_metrics(
        predictions,
        pipeline.classes,
        pipeline.positive,
        windows=windows,
        class_weights={names.fold(fold): pipeline.results[fold.name].class_weights for fold in pipeline.folds},
        options=options,
    )
    metrics["seeds"] = seeds_of(pipeline, names, predictions)
    metrics |= baselines_of(pipeline, metrics)
    return {"data": pipeline.provenance["data"], **metrics}


def seeds_of(pipeline: Pipeline, names: Names, predictions: Sequence[Prediction]) -> dict[str, Any]:
    """How far the seeds of fine-tuning are apart: shown beside the result, never counted as more observations."""
    count = pipeline.recipe.settings.finetune.seeds
    meaning = "Each video's probabilities are the mean over the seeds; a seed is no further observation, so no interval counts it as one."
    if count == 1:
        return {"n": 1, "meaning": meaning, "balanced_accuracy": []}
    scores = []
    for seed in range(count):
        said = {}
        for fold in pipeline.folds:
            result = pipeline.seed_results[fold.name][seed]
            for case, answer in zip(fold.test, result.predictions, strict=True):
                shares = dict(zip(pipeline.classes, answer["probabilities"], strict=True))
                said[names.fold(fold), names.video(case.video_id)] = shares, result.threshold
        own = []
        for p in predictions:
            shares, threshold = said[p.fold, p.video]
            own.append(replace(p, probabilities=shares, predicted=answered(shares, pipeline.positive, threshold)))
        scores.append(compute_metrics(own, pipeline.classes, pipeline.positive)["definitions"]["balanced_accuracy"]["value"])
    return {"n": count, "meaning": meaning, "balanced_accuracy": scores}


def report_of(
    pipeline: Pipeline,
    names: Names,
    *,
    run: str,
    identified: bool,
    command: str,
    predictions: Sequence[Prediction],
    windows: Sequence[WindowAnswer],
    metrics: dict[str, Any],
    audits: Sequence[AuditLine],
    digests: dict[str, str],
    example: Example | None = None,
    sections: Sequence[Section] = (),
) -> ReportData:
    """All that report.html and the terminal summary show."""
    recipe = pipeline.recipe
    return ReportData(
        name=recipe.settings.name,
        run=run,
        synthetic=pipeline.dataset.synthetic,
        identified=identified,
        metrics=metrics,
        predictions=predictions,
        videos=_videos(pipeline, names),
        left_out=[LeftOut(names.video(v.video_id), names.subject(v.subject_id), v.role, v.reason) for v in pipeline.features.left_out],
        pretrainings=_pretrainings(pipeline, names),
        folds=[_fold_line(pipeline, fold, names) for fold in pipeline.folds],
        audits=audits,
        stages=[
            StageLine(
                r.stage,
                "reused" if r.all_reused else "computed",
                f"{r.reused} of {r.parts} reused",
                r.key,
                None if r.all_reused else r.seconds,
            )
            for r in pipeline.records
        ],
        example=example,
        recipe=recipe.to_text(portable=True),
        recipe_source=recipe.source if identified else file_name(recipe.source),
        profile=recipe.profile,
        digest=recipe.digest,
        seed=recipe.settings.seed,
        command=command,
        environment=_flat(environment(recipe, pipeline.device)),
        plugins=[_plugin_line(p if identified else p.without_paths()) for p in recipe.plugins.found],
        windows=windows,
        occlusions=occlusions_of(pipeline, names),
        properties=properties_of(pipeline, names),
        sections=sections,
        provenance={f"{c['kind']} {c['name']}": _origin(c) for c in pipeline.provenance["components"]} | _other_makers(pipeline) | digests,
    )


def properties_of(pipeline: Pipeline, names: Names) -> dict[str, dict[str, str]]:
    """Video -> the manifest's own columns and its file's picture size, to break the result down by (``statistics.strata``).

    A column that says who somebody is, is left out, unless it is asked for by its name.
    """
    wanted = pipeline.recipe.settings.statistics.strata
    hidden = naming([(case.subject_id, pipeline.index.videos[case.video_id].row.extra) for case in pipeline.features.cases])
    found = {}
    for case in pipeline.features.cases:
        video = pipeline.index.videos[case.video_id]
        height, width = video.probe.size
        own = dict(video.row.extra) | {"picture size": f"{width} x {height}"}
        found[names.video(case.video_id)] = {
            name: text for name, text in own.items() if (name not in hidden if wanted is None else name in wanted)
        }
    return found


def _plugin_line(plugin: Plugin) -> PluginLine:
    state = f"left out by {plugin.disabled}" if plugin.disabled else f"broken: {plugin.trouble}" if plugin.error else "ok"
    return PluginLine(plugin.name, plugin.distribution, plugin.version, state)


def _other_makers(pipeline: Pipeline) -> dict[str, str]:
    """What reused parts were made by, where that is not what is installed now: a report must not name the wrong maker."""
    now = pipeline.provenance["components"]
    parts = [result.provenance for result in [*pipeline.pretrained.values(), *pipeline.results.values()] if result is not None]
    parts += [entry.provenance for entry in (case.entry for case in pipeline.features.cases)]
    recorded = [component for part in parts for component in part.get("components", ())]
    return {f"{c['kind']} {c['name']}, in what was reused": _origin(c) for c in recorded if changes([c], now)}


def _origin(component: dict[str, str]) -> str:
    """Distribution, version, and the digest of the file that holds its class."""
    return f"{component['distribution']} {component['version']}, code {component['digest'][:12]}"


def _videos(pipeline: Pipeline, names: Names) -> list[VideoLine]:
    lines = [
        VideoLine(names.video(c.video_id), names.subject(c.subject_id), "labelled", c.label, c.seconds, c.entry.provenance["decode_error"])
        for c in pipeline.features.cases
    ]
    for video in pipeline.index.videos.values():
        if video.row.role == "contextual":
            end = video.row.end_s if video.row.end_s is not None else video.probe.duration_s or 0.0
            lines.append(
                VideoLine(names.video(video.row.video_id), names.subject(video.row.subject_id), "contextual", None, end - video.row.start_s)
            )
    return lines


def _pretrainings(pipeline: Pipeline, names: Names) -> list[Pretraining]:
    results = pipeline.pretrained
    by_key: dict[str, tuple[PretrainResult, list[Fold]]] = {}
    for fold in pipeline.folds:
        result = results[fold.name]
        if result is not None:
            by_key.setdefault(result.key, (result, []))[1].append(fold)
    settings = pipeline.recipe.settings.pretrain
    lines = []
    for key, (result, folds) in by_key.items():
        clips = pipeline.admitted[folds[0].name]
        lines.append(
            Pretraining(
                name=key[:8],
                source=settings.source,
                subjects=settings.subjects,
                folds=[names.fold(fold) for fold in folds],
                clips=len(clips),
                clip_subjects=len({clip.video.row.subject_id for clip in clips}),
                hours=sum(clip.clip.frames / clip.clip.fps for clip in clips) / 3600,
                history=result.history,
                held_out=_held_out(result),
            )
        )
    return lines


def _held_out(result: PretrainResult) -> HeldOut:
    losses = {place: {answer: result.pretext[answer][place] for answer in ANSWERS} for place in PLACES}
    return HeldOut(losses, result.pretext["frames"], result.held_out)


def _fold_line(pipeline: Pipeline, fold: Fold, names: Names) -> FoldLine:
    result = pipeline.results[fold.name]
    subjects = [names.subject(subject) for subject in sorted(fold.test_subjects)]
    return FoldLine(names.fold(fold), len(fold.train), len(fold.test), subjects, result.history, result.reused)


def _case_footage(case: Case, names: Names) -> Footage:
    start = case.entry.provenance["clip"]["start_s"]
    window = (start, start + case.seconds)
    return Footage(names.video(case.video_id), names.subject(case.subject_id), case.content, "labelled", case.label, (window,))


def _clip_footage(clip: PretrainClip, names: Names) -> Footage:
    row = clip.video.row
    window = (clip.clip.start_s, clip.clip.end_s)
    role: Any = row.role
    return Footage(names.video(row.video_id), names.subject(row.subject_id), clip.video.content, role, row.label, (window,))


def _flat(environment: dict[str, Any]) -> dict[str, str]:
    return {key: value for key, value in environment.items() if isinstance(value, str)} | dict(environment["libraries"])
