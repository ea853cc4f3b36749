"""Frozen features of clips, computed once, in constant memory, resumed segment by segment."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch
from filelock import Timeout

from vsslfw.data.store import FeatureEntry, Shard
from vsslfw.pipeline import progress
from vsslfw.pipeline.cache import Cache
from vsslfw.pipeline.clip_reader import ClipReader, Decoded, Reading, Request
from vsslfw.pipeline.origin import Costs
from vsslfw.provenance import tell_changes
from vsslfw.seeds import Stream
from vsslfw.video import crop

SEGMENT_S = 60.0
"""Length of a shard: what is held in memory at a time, and what is lost at most when a run is killed."""
AHEAD = 2
"""Segments decoded ahead, on one thread, while the backbone works."""


@dataclass(frozen=True)
class Segment:
    """A piece of a request: its number, what was decoded of it or the shard made of it before, and whether its frames have boxes.

    ``lost``: how many frames are missing up to where the next piece begins.
    """

    number: int
    content: Decoded | Shard
    lost: int
    error: str
    boxes: bool


class Extractor:
    """Requests -> feature entries, by key; what the cache holds is not computed again."""

    def __init__(self, reader: ClipReader, cache: Cache, provenance: dict[str, Any]) -> None:
        self.reader = reader
        self.backbone = reader.backbone
        self.settings = reader.settings
        self.cache = cache
        self.store = cache.features
        self.provenance = provenance
        self._reading: tuple[str, Reading] | None = None
        """The key of the request whose file is open; of the thread that decodes."""

    def run(self, requests: Sequence[Request]) -> tuple[dict[str, FeatureEntry], dict[str, str], int]:
        """Entries by key, why the other requests are left out by key, and how many entries were there already.

        One process a cache extracts at a time: another one waits, and then finds the entries.
        """
        lock = self.cache.lock("extract")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            progress.current().say("extract   waits for another run that extracts into this cache")
            lock.acquire()
        try:
            return self._run(requests)
        finally:
            lock.release()

    def _run(self, requests: Sequence[Request]) -> tuple[dict[str, FeatureEntry], dict[str, str], int]:
        by_key = {self.reader.key(request): request for request in requests}
        entries = {key: entry for key in by_key if (entry := self.store.find(key)) is not None}
        reused = len(entries)
        pending = {key: request for key, request in by_key.items() if key not in entries}
        failed = {key: reason for key, entry in entries.items() if (reason := self._unusable(by_key[key], entry))}
        entries = {key: entry for key, entry in entries.items() if key not in failed}
        recorded = [component for entry in entries.values() for component in entry.provenance["components"]]
        tell_changes("features of the cache", recorded, self.provenance["components"], ("backbone", "detector"))
        listener = progress.current()
        frames = sum(_frames(request) for request in pending.values())
        listener.start("extract", frames, "frames")
        started = time.monotonic()
        for key, request, segments in self._decoded(pending):
            outcome = self._finish(key, request, segments)
            if isinstance(outcome, str):
                failed[key] = outcome
            else:
                entries[key] = outcome
        listener.finish("extract")
        Costs(self.cache.folder).note(self.reader.work, frames, time.monotonic() - started)
        return entries, failed, reused

    def _unusable(self, request: Request, entry: FeatureEntry) -> str:
        """Why an entry that was good enough once is not under this recipe's ``video.max_lost``."""
        return self.reader.unusable(request, entry.length, entry.provenance["frames_lost"], entry.provenance["decode_error"])

    def _decoded(self, pending: dict[str, Request]) -> Iterator[tuple[str, Request, Iterator[Segment]]]:
        """Each pending request with its segments, decoded a few ahead on a thread of their own."""
        plan = [(key, request, number) for key, request in pending.items() for number in range(self._segments(request))]
        with ThreadPoolExecutor(1, thread_name_prefix="decode") as thread:
            ahead: deque[Future[Segment]] = deque()
            waiting = iter(plan)

            def segments(request: Request) -> Iterator[Segment]:
                for _ in range(self._segments(request)):
                    while len(ahead) < AHEAD and (unit := next(waiting, None)) is not None:
                        ahead.append(thread.submit(self._segment, *unit))
                    yield ahead.popleft().result()

            try:
                for key, request in pending.items():
                    yield key, request, segments(request)
            finally:
                for future in ahead:
                    future.cancel()

    def _finish(self, key: str, request: Request, segments: Iterator[Segment]) -> FeatureEntry | str:
        """Extract every segment of a request; the entry, or why there is none."""
        shards, boxes, lost, error, failing = [], False, 0, "", ""
        for segment in segments:
            error, lost = error or segment.error, lost + segment.lost
            if isinstance(segment.content, Shard):
                shard = segment.content
            elif segment.content.passing:
                failing = failing or segment.error
                continue
            elif len(self.backbone.begins(segment.content.places)) > 0:
                shard = self._extract(key, request, segment, segment.content)
            else:
                continue
            shards.append(shard)
            boxes = boxes or segment.boxes
            progress.current().advance("extract", _frames(request) * (shard.stop - shard.start) / self.backbone.length(request.clip.frames))
        if failing:
            return f"the disk failed while it was read ({failing}); this is not remembered, and the next run tries again"
        length = sum(shard.stop - shard.start for shard in shards)
        if reason := self.reader.unusable(request, length, lost, error):
            return reason
        provenance = {
            **self.provenance,
            "inputs": self.reader.inputs(request),
            "source_digest": request.video.content,
            "clip": {"start_s": request.clip.start_s, "fps": request.clip.fps, "crop": request.crop},
            "frames_expected": request.clip.frames,
            "frames_lost": lost,
            "decode_error": error,
            "region": request.region["type"],
            "boxes_in_shards": boxes,
            **self._region_note(request),
            "backbone": self.backbone.key,
            "frame_size": self.backbone.module.frame_size,
            "resize": self.backbone.resize,
            "batch_size": self.backbone.batch_size,
            "device": self.backbone.device,
            "decoder": self.reader.decoder,
            "dtype": self.settings.extract.dtype,
        }
        views = len(self._crop_seeds(request))
        return self.store.finish(key, shards, views=views, feature_dim=self.backbone.module.feature_dim, provenance=provenance)

    def _region_note(self, request: Request) -> dict[str, Any]:
        """How often the patient was found, if the detector says so; a video with misses is told.

        Nothing stands here that is not in the key: an entry is read again when the manifest says other things of its video.
        """
        detector, video_id = self.reader.detector(request.region, request.video), request.clip.video_id
        shares = dict(detector.shares(video_id))
        if not shares:
            return {}
        if shares.get("found", 0.0) < 1:
            said = ", ".join(f"{name.replace('_', ' ')} {share:.0%}" for name, share in shares.items())
            progress.current().say(f"region    {video_id}: {said}")
        return {"region_note": {"shares": shares}}

    def _segments(self, request: Request) -> int:
        return -(-self.backbone.length(request.clip.frames) // self._segment_length(request))

    def _segment_length(self, request: Request) -> int:
        return max(1, int(SEGMENT_S * request.clip.fps) // self.backbone.module.clip_stride)

    def _segment(self, key: str, request: Request, number: int) -> Segment:
        """Find one segment again, or decode it."""
        found = self.store.find_shard(key, number)
        if found is not None:
            return Segment(number, found.shard, int(found.notes["lost"]), found.notes["error"], found.boxes)
        length = self._segment_length(request)
        stop = min((number + 1) * length, self.backbone.length(request.clip.frames))
        first, last = self.backbone.frame_range(number * length, stop)
        if self._reading is None or self._reading[0] != key or first != self._reading[1].next:
            self._reading = key, self.reader.reading(request, first)
        decoded = self._reading[1].take(first, last)
        if decoded.passing:
            reading, decoded = self.reader.again(request, first, last)
            self._reading = key, reading
        following = last if stop == self.backbone.length(request.clip.frames) else first + length * self.backbone.module.clip_stride
        own = min(last, following) - first
        lost = own - int((decoded.places < own).sum())
        return Segment(number, decoded, lost, decoded.error, decoded.boxes is not None)

    def _extract(self, key: str, request: Request, segment: Segment, decoded: Decoded) -> Shard:
        begins = self.backbone.begins(decoded.places)
        views = [
            self.backbone.features(crop(decoded.frames, self.backbone.module.frame_size, where=request.crop, seed=seed), begins)
            for seed in self._crop_seeds(request)
        ]
        times = self.backbone.feature_times(decoded.times, begins)
        dtype = self.settings.extract.dtype
        notes = {"error": segment.error, "lost": str(segment.lost)}
        return self.store.write_shard(key, segment.number, torch.stack(views), times, dtype=dtype, notes=notes, boxes=decoded.boxes)

    def _crop_seeds(self, request: Request) -> list[int]:
        """One crop for a whole clip, the same in all its segments."""
        assert request.views != "online"
        stream = Stream(self.settings.seed, "crop", request.video.content, repr(request.clip.start_s))
        return [(stream / view).seed() for view in range(request.views)]


def _frames(request: Request) -> int:
    assert request.views != "online"
    return request.clip.frames * request.views
