"""Stage 2, extract: the features of the labelled videos and of the pre-training clips, and what is left out for good."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vsslfw.data.clips import Clip
from vsslfw.data.store import FeatureEntry
from vsslfw.data.table import summarise
from vsslfw.digest import digest_of
from vsslfw.errors import UserError
from vsslfw.pipeline import progress
from vsslfw.pipeline.backbone import FrozenBackbone
from vsslfw.pipeline.cache import Cache
from vsslfw.pipeline.clip_reader import ClipReader, Request
from vsslfw.pipeline.extract import Extractor
from vsslfw.pipeline.folds import Case
from vsslfw.pipeline.index import Index, LeftOut, Video, check_left_out, duration
from vsslfw.pipeline.online import check_readable
from vsslfw.pipeline.pretrain import PretrainClip
from vsslfw.recipe import Recipe

Keyed = tuple[str, Request]
"""A request with its key. Two videos with the same content share a key, and stay two."""


@dataclass(frozen=True)
class Features:
    """What extraction left: the labelled videos, the pre-training clips, and the videos that are left out."""

    cases: tuple[Case, ...]
    clips: tuple[PretrainClip, ...]
    left_out: tuple[LeftOut, ...]
    key: str
    parts: int
    reused: int
    note: str
    trained_on: Mapping[str, bool | None] = field(default_factory=dict)
    """By labelled video: whether the detector that looks at it was trained on its subject; none if it does not say."""


def extract_features(recipe: Recipe, index: Index, backbone: FrozenBackbone, cache: Cache, provenance: dict[str, Any]) -> Features:
    """Extract what the cache does not hold; UserError if the clips that cannot be read empty a class or a subject."""
    settings = recipe.settings
    reader = ClipReader(recipe, backbone)
    whole, drawn = requests_of(recipe, index, reader)
    online = settings.extract.views == "online"
    entries, failed, reused = Extractor(reader, cache, provenance).run([r for _, r in (whole if online else [*whole, *drawn])])
    if online:
        reasons, known = check_readable([request for _, request in drawn], reader, cache)
        failed |= {key: reason for key, reason in reasons.items() if reason}
        reused += known

    unreadable = {request.clip.video_id for key, request in whole if key in failed}
    clips = [
        PretrainClip(request, key, entries.get(key))
        for key, request in drawn
        if key not in failed and request.clip.video_id not in unreadable
    ]
    lost = [*_lost(whole, failed), *_lost([(k, r) for k, r in drawn if r.video.row.role == "contextual"], failed)]
    left_out = (*index.left_out, *(video for video, _ in lost))
    check_left_out(index.manifest.rows, [*index.left_out, *(video for video, wholly in lost if wholly)], settings.video.on_unreadable)
    frames = sum(request.clip.frames * (1 if request.views == "online" else request.views) for _, request in [*whole, *drawn])
    note = f"{len(whole)} labelled videos and {len(drawn)} clips, {frames} frames"
    if online and drawn:
        note += f"; the clips are online: decoded and extracted anew in each of {settings.pretrain.epochs} epochs"
    cases = tuple(case_of(request, entries[key]) for key, request in whole if key in entries)
    asked = {request.clip.video_id: reader.detector(request.region, request.video) for key, request in whole if key in entries}
    trained_on = {video_id: detector.trained_on(video_id) for video_id, detector in asked.items()}
    return Features(cases, tuple(clips), left_out, digest_of(sorted(entries)), len(whole) + len(drawn), reused, note, trained_on)


def requests_of(recipe: Recipe, index: Index, reader: ClipReader) -> tuple[list[Keyed], list[Keyed]]:
    """The labelled videos, and the pre-training clips; nothing is read."""
    settings = recipe.settings
    _prepare_detectors(recipe, index, reader)
    source = {"contextual": index.contextual, "labelled-train-fold": index.tiles, "none": ()}[settings.pretrain.source]
    whole = _requests(index, index.labelled, settings.finetune.region, "centre", 1, reader)
    return whole, _requests(index, source, settings.pretrain.region, "random", settings.extract.views, reader)


def _prepare_detectors(recipe: Recipe, index: Index, reader: ClipReader) -> None:
    for region in {digest_of(r): r for r in (recipe.settings.pretrain.region, recipe.settings.finetune.region)}.values():
        if note := reader.detector(region).prepare([row.video_id for row in index.manifest.rows]):
            progress.current().say(f"region    {region['type']}: {note}")


def _requests(
    index: Index,
    clips: Iterable[Clip],
    region: dict[str, Any],
    crop: Literal["random", "centre"],
    views: int | Literal["online"],
    reader: ClipReader,
) -> list[Keyed]:
    requests = [Request(clip, index.videos[clip.video_id], region, crop, views) for clip in clips]
    _watch(region, {request.clip.video_id: request.video for request in requests}.values(), reader)
    return [(reader.key(request), request) for request in requests]


def _watch(region: dict[str, Any], videos: Iterable[Video], reader: ClipReader) -> None:
    """Tell the detector of every video. UserError holds all that it says does not fit them, not the first video's alone."""
    refused: list[UserError] = []
    for video in videos:
        try:
            reader.detector(region, video)
        except UserError as error:
            refused.append(error)
    if refused:
        raise UserError(*summarise([problem for error in refused for problem in error.problems]), title=refused[0].title)


def _lost(requests: Iterable[Keyed], failed: Mapping[str, str]) -> list[tuple[LeftOut, bool]]:
    """Each video of which something failed, once, with the reason; and whether nothing of it is left."""
    by_video: dict[str, list[Keyed]] = defaultdict(list)
    for key, request in requests:
        by_video[request.clip.video_id].append((key, request))
    lost = []
    for clips in by_video.values():
        reasons = [failed[key] for key, _ in clips if key in failed]
        if reasons:
            row = clips[0][1].video.row
            share = "" if len(clips) == 1 else f"{len(reasons)} of {len(clips)} clips: "
            lost.append((LeftOut(row.video_id, row.subject_id, row.role, row.label, share + reasons[0]), len(reasons) == len(clips)))
    return lost


def case_of(request: Request, entry: FeatureEntry) -> Case:
    """The labelled video of a request with its features."""
    row = request.video.row
    assert row.label is not None
    seconds = min(request.clip.end_s, duration(request.video)) - request.clip.start_s
    return Case(row.video_id, row.subject_id, row.label, round(seconds, 3), request.video.content, entry)
