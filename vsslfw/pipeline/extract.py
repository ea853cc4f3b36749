"""Stage 2, extract: frozen features of every clip, computed once, in constant memory, resumed segment by segment."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from vsslfw.data.clips import Clip
from vsslfw.data.store import FeatureEntry, Shard
from vsslfw.digest import digest_of
from vsslfw.interfaces import Detector
from vsslfw.pipeline import progress
from vsslfw.pipeline.backbone import FrozenBackbone
from vsslfw.pipeline.cache import Cache
from vsslfw.pipeline.index import Video
from vsslfw.pipeline.keys import component_key
from vsslfw.plugins import registries
from vsslfw.recipe import Recipe
from vsslfw.seeds import Stream
from vsslfw.video import crop, decoder_version, frames_at

SEGMENT_S = 60.0
"""Length of a shard: what is held in memory at a time, and what is lost at most when a run is killed."""
AHEAD = 2
"""Segments decoded ahead, on one thread, while the backbone works."""
STORE_VERSION = 1


@dataclass(frozen=True)
class Request:
    """One clip to extract: pre-training crops at random, ``views`` times; fine-tuning takes the centre (paper, section 4)."""

    clip: Clip
    video: Video
    region: dict[str, Any]
    crop: Literal["random", "centre"]
    views: int


@dataclass(frozen=True)
class Failed:
    """A clip that could not be extracted, and why."""

    request: Request
    reason: str


class Extractor:
    """Requests -> feature entries, by key; what the cache holds is not computed again."""

    def __init__(self, recipe: Recipe, backbone: FrozenBackbone, cache: Cache, provenance: dict[str, Any]) -> None:
        self.settings = recipe.settings
        self.backbone = backbone
        self.store = cache.features
        self.provenance = provenance
        self.decoder = decoder_version()
        self._detectors: dict[str, Detector] = {}

    def key(self, request: Request) -> str:
        """Digest of all that these features depend on."""
        seed = self.settings.seed if request.crop == "random" else None
        return digest_of(
            {
                "store": STORE_VERSION,
                "content": request.video.content,
                "clip": [request.clip.start_s, request.clip.frames, request.clip.fps],
                "region": [component_key("detector", request.region), self.detector(request.region).fingerprint(request.clip.video_id)],
                "frames": [self.backbone.resize, self.backbone.module.frame_size, request.crop, request.views, seed],
                "backbone": self.backbone.key,
                "dtype": self.settings.extract.dtype,
                "decoder": self.decoder,
            }
        )

    def run(self, requests: Sequence[Request]) -> tuple[dict[str, FeatureEntry], list[Failed], int]:
        """Entries by key, the clips that failed, and how many entries were there already."""
        by_key = {self.key(request): request for request in requests}
        entries = {key: entry for key in by_key if (entry := self.store.find(key)) is not None}
        reused = len(entries)
        pending = {key: request for key, request in by_key.items() if key not in entries}
        failed: list[Failed] = []
        listener = progress.current()
        listener.start("extract", sum(request.clip.frames * request.views for request in pending.values()), "frames")
        for key, request, decoded in self._decoded(pending):
            outcome = self._finish(key, request, decoded)
            if isinstance(outcome, Failed):
                failed.append(outcome)
            else:
                entries[key] = outcome
        listener.finish("extract")
        return entries, failed, reused

    def _decoded(self, pending: dict[str, Request]) -> Iterator[tuple[str, Request, Iterator[_Segment]]]:
        """Each pending request with its segments, decoded a few ahead on a thread of their own."""
        plan = [(key, request, number) for key, request in pending.items() for number in range(self._segments(request))]
        with ThreadPoolExecutor(1, thread_name_prefix="decode") as thread:
            ahead: deque[Future[_Segment]] = deque()
            waiting = iter(plan)

            def refill() -> None:
                while len(ahead) < AHEAD and (unit := next(waiting, None)) is not None:
                    ahead.append(thread.submit(self._segment, *unit))

            def segments(request: Request) -> Iterator[_Segment]:
                for _ in range(self._segments(request)):
                    refill()
                    yield ahead.popleft().result()

            try:
                for key, request in pending.items():
                    decoded = segments(request)
                    yield key, request, decoded
                    for _ in decoded:  # what the consumer left must not be taken for the next clip's
                        pass
            finally:
                for future in ahead:
                    future.cancel()

    def _finish(self, key: str, request: Request, decoded: Iterator[_Segment]) -> FeatureEntry | Failed:
        expected = self.backbone.length(request.clip.frames)
        if expected == 0:
            return Failed(request, f"{request.clip.frames} frames at {request.clip.fps:g} fps are too few for one feature")
        shards: list[Shard] = []
        boxes = False
        error = ""
        for segment in decoded:
            if segment.shard is None and segment.features(self.backbone) > 0:
                segment = self._extract(key, request, segment)
            if segment.shard is not None:
                shards.append(segment.shard)
                progress.current().advance(
                    "extract", (segment.shard.stop - segment.shard.start) * self.backbone.module.clip_stride * request.views
                )
            boxes = boxes or segment.boxes is not None
            error = error or segment.error
        length = shards[-1].stop if shards else 0
        lost = 1 - length / expected
        if lost > self.settings.video.max_lost or length == 0:
            reason = f"{length} of {expected} expected frames could be read" + (f" ({error})" if error else "")
            return Failed(request, f"{reason}; at most {self.settings.video.max_lost:.0%} may be lost (video.max_lost)")
        provenance = {
            **self.provenance,
            "source_digest": request.video.content,
            "clip": {"start_s": request.clip.start_s, "fps": request.clip.fps, "crop": request.crop},
            "frames_expected": expected,
            "frames_decoded": length,
            "decode_error": error,
            "region": request.region,
            "boxes_in_shards": boxes,
            "backbone": self.backbone.key,
            "frame_size": self.backbone.module.frame_size,
            "resize": self.backbone.resize,
            "batch_size": self.backbone.batch_size,
            "device": self.backbone.device,
            "decoder": self.decoder,
            "dtype": self.settings.extract.dtype,
        }
        return self.store.finish(key, shards, views=request.views, feature_dim=self.backbone.module.feature_dim, provenance=provenance)

    def _segments(self, request: Request) -> int:
        return max(1, -(-self.backbone.length(request.clip.frames) // self._segment_length(request)))

    def _segment_length(self, request: Request) -> int:
        return max(1, int(SEGMENT_S * request.clip.fps) // self.backbone.module.clip_stride)

    def _segment(self, key: str, request: Request, number: int) -> _Segment:
        """Read one segment back, or decode it."""
        found = self.store.find_shard(key, number)
        if found is not None:
            shard, notes = found
            return _Segment(number, shard.start, shard=shard, error=notes["error"])
        length = self._segment_length(request)
        start = number * length
        stop = min(start + length, self.backbone.length(request.clip.frames))
        if stop <= start:
            return _Segment(number, start)
        first, last = self.backbone.frame_range(start, stop)
        times = request.clip.times[first:last]
        boxes = self.detector(request.region).boxes(request.clip.video_id, times, request.video.probe.size)
        frames, error = read_frames(request.video, times, self.backbone.resize, boxes)
        shown = None if boxes is None else boxes[: len(frames)]
        return _Segment(number, start, frames=frames, times=times[: len(frames)], boxes=shown, error=error)

    def _extract(self, key: str, request: Request, segment: _Segment) -> _Segment:
        assert segment.frames is not None
        assert segment.times is not None
        views = [
            self.backbone.features(crop(segment.frames, self.backbone.module.frame_size, where=request.crop, seed=seed))
            for seed in self._crop_seeds(request)
        ]
        shard = self.store.write_shard(
            key,
            segment.number,
            torch.stack(views),
            self.backbone.feature_times(segment.times),
            start=segment.start,
            dtype=self.settings.extract.dtype,
            notes={"error": segment.error},
            boxes=segment.boxes,
        )
        return _Segment(segment.number, segment.start, shard=shard, boxes=segment.boxes, error=segment.error)

    def _crop_seeds(self, request: Request) -> list[int]:
        """One crop for a whole clip, the same in all its segments."""
        stream = Stream(self.settings.seed, "crop", request.video.content, repr(request.clip.start_s))
        return [(stream / view).seed() for view in range(request.views)]

    def detector(self, region: dict[str, Any]) -> Detector:
        """The detector of a region, built once."""
        name = digest_of(region)
        if name not in self._detectors:
            self._detectors[name] = registries().build("detector", region)
        return self._detectors[name]


@dataclass(frozen=True)
class _Segment:
    """A piece of a clip: decoded frames, or the shard that was made of them."""

    number: int
    start: int
    frames: NDArray[np.uint8] | None = None
    times: NDArray[np.float64] | None = None
    boxes: NDArray[np.float64] | None = None
    shard: Shard | None = None
    error: str = ""

    def features(self, backbone: FrozenBackbone) -> int:
        return 0 if self.frames is None else backbone.length(len(self.frames))


def read_frames(
    video: Video, times: NDArray[np.float64], size: tuple[int, int], boxes: NDArray[np.float64] | None
) -> tuple[NDArray[np.uint8], str]:
    """(n,H,W,3) uint8 frames of a video at ``times``, n <= len(times) where the video ends early, and what went wrong."""
    stream = frames_at(video.row.path, times, size=size, boxes=boxes)
    frames = [image for _, image in stream]
    stacked = np.stack(frames) if frames else np.zeros((0, *size, 3), np.uint8)
    return stacked, stream.error
