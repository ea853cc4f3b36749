"""Answers of a fitted model for new videos, along the same path as in training: probe, region, backbone, windows, average."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vsslfw.data.clips import whole_clip
from vsslfw.data.manifest import VideoRow
from vsslfw.data.store import FeatureEntry
from vsslfw.evaluation.levels import answered
from vsslfw.pipeline import progress
from vsslfw.pipeline.answers import answer
from vsslfw.pipeline.cache import Cache
from vsslfw.pipeline.clip_reader import ClipReader, Request
from vsslfw.pipeline.devices import resolve_device
from vsslfw.pipeline.extract import Extractor
from vsslfw.pipeline.index import Video, duration, look
from vsslfw.pipeline.likeness import look_of
from vsslfw.pipeline.model_folder import Model


@dataclass(frozen=True)
class Answer:
    """What a model says of one video; or why it says nothing."""

    video: str
    row: VideoRow
    seconds: float = 0.0
    probabilities: dict[str, float] = field(default_factory=dict)
    answer: str | None = None
    """None: it abstains, or the video cannot be read."""
    confidence: float = 0.0
    """Probability of the class that was or would have been answered."""
    windows: Sequence[tuple[float, float, dict[str, float]]] = ()
    """(start_s, end_s, probabilities) of each window."""
    occlusion: Sequence[tuple[float, float, dict[str, float]]] = ()
    """(start_s, end_s, probabilities of the whole video without that moment)."""
    unlike: Sequence[str] = ()
    """Ways in which the video is unlike the training data."""
    error: str = ""
    """Why it cannot be answered."""
    content: str = ""
    note: str = ""

    @property
    def abstained(self) -> bool:
        """It could be read, and the model was not sure enough."""
        return not self.error and self.answer is None


def predict_videos(model: Model, paths: Sequence[Path], *, cache: Path, device: str = "auto", min_confidence: float = 0.0) -> list[Answer]:
    """An answer for each file, in order; a file's name without its ending is the id of its video (numbered if two have the same)."""
    return predict_rows(model, rows_of(paths), cache=cache, device=device, min_confidence=min_confidence)


def rows_of(paths: Sequence[Path]) -> list[VideoRow]:
    """Files as rows of a manifest that nobody wrote: no label, and each video a subject of its own."""
    times = Counter(path.stem for path in paths)
    seen: Counter[str] = Counter()
    rows = []
    for path in paths:
        seen[path.stem] += 1
        name = path.stem if times[path.stem] == 1 else f"{path.stem} ({seen[path.stem]})"
        rows.append(VideoRow(name, path.absolute(), name, "labelled", None))
    return rows


def predict_rows(model: Model, rows: Sequence[VideoRow], *, cache: Path, device: str = "auto", min_confidence: float = 0.0) -> list[Answer]:
    """An answer for each row; one whose file cannot be read has its reason instead. Features are taken from, and put into, the cache."""
    store = Cache(cache)
    with store.used():
        return _predict_rows(model, rows, store, resolve_device(device), min_confidence)


def _predict_rows(model: Model, rows: Sequence[VideoRow], store: Cache, device: str, min_confidence: float) -> list[Answer]:
    backbone, tokens = model.backbone(device)
    reader = ClipReader(model.recipe, backbone)
    region = model.recipe.settings.finetune.region
    requests: dict[str, Request] = {}
    errors: dict[str, str] = {}
    for row in rows:
        found = look(row.path, store)
        if found.probe.error or found.probe.duration_s is None:
            errors[row.video_id] = found.probe.error or "its duration cannot be found"
        elif row.start_s >= found.probe.duration_s:
            errors[row.video_id] = f"start_s {row.start_s:g} lies behind its end ({found.probe.duration_s:.2f} s)"
        else:
            video = Video(row, found.probe, found.content)
            clip = whole_clip(row, found.probe.duration_s, model.recipe.settings.video.fps)
            requests[row.video_id] = Request(clip, video, region, "centre", 1)
    keys = {name: reader.key(request) for name, request in requests.items()}
    entries, failed, _ = Extractor(reader, store, model.record["provenance"]).run(list(requests.values()))
    classifiers = model.classifiers(device)
    answers = []
    listener = progress.current()
    listener.start("validate", len(rows), "videos")
    for row in rows:
        name = row.video_id
        reason = errors.get(name) or failed.get(keys.get(name, ""), "")
        if reason:
            answers.append(Answer(name, row, error=reason))
        else:
            said = [answer(model.recipe, one, entries[keys[name]], tokens, device) for one in classifiers]
            answers.append(_answer(model, row, requests[name], entries[keys[name]], said, min_confidence))
        listener.advance("validate", 1)
    listener.finish("validate")
    return answers


def _answer(
    model: Model, row: VideoRow, request: Request, entry: FeatureEntry, said: Sequence[dict[str, Any]], min_confidence: float
) -> Answer:
    def named(shares: Any) -> dict[str, float]:
        return dict(zip(model.classes, map(float, shares), strict=True))

    shares = named(np.mean([one["probabilities"] for one in said], axis=0))
    best = answered(shares, model.positive, model.threshold)
    windows = np.mean([one["window_probabilities"] for one in said], axis=0)
    hidden = list(zip(*(one["occlusion"] for one in said), strict=True))
    seen = look_of(request.video, row.start_s, row.end_s)
    distance = model.likeness.distance(entry.read(0)[0].double().numpy().mean(axis=0))
    return Answer(
        row.video_id,
        row,
        seconds=round(min(request.clip.end_s, duration(request.video)) - request.clip.start_s, 3),
        probabilities=shares,
        answer=best if shares[best] >= min_confidence else None,
        confidence=shares[best],
        windows=[(start, end, named(own)) for (start, end), own in zip(said[0]["spans"], windows, strict=True)],
        occlusion=[(own[0][0], own[0][1], named(np.mean([o[2] for o in own], axis=0))) for own in hidden],
        unlike=model.likeness.differences(seen, distance),
        content=request.video.content,
        note=entry.provenance["decode_error"],
    )
