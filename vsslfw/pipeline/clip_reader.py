"""Clips as the backbone wants them: the one place that knows what a clip's features depend on, and how its frames are read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vsslfw.data.clips import Clip
from vsslfw.digest import digest_of
from vsslfw.interfaces import Backbone, Detector, Watched
from vsslfw.pipeline.backbone import FrozenBackbone
from vsslfw.pipeline.index import NOBODY, Video
from vsslfw.pipeline.keys import component_key
from vsslfw.recipe import Recipe
from vsslfw.video import FrameStream, Player, decoder_version, frames_at
from vsslfw.video.images import Image
from vsslfw.video.opening import disk_fails

STORE_VERSION = 3


@dataclass(frozen=True)
class Request:
    """One clip: pre-training crops at random, ``views`` times or online; fine-tuning takes the centre (paper, section 4)."""

    clip: Clip
    video: Video
    region: dict[str, Any]
    crop: Literal["random", "centre"]
    views: int | Literal["online"]


@dataclass(frozen=True)
class Decoded:
    """(n,H,W,3) uint8 frames at times (n,) seconds, the (n,4) boxes they were cropped to or none, and what went wrong.

    ``places`` (n,) says which ones they are of the frames that were asked for, counted from 0: what is missing there is lost.
    """

    frames: NDArray[np.uint8]
    times: NDArray[np.float64]
    places: NDArray[np.int64]
    boxes: NDArray[np.float64] | None
    error: str
    passing: bool = False
    """Whether it may be the disk that failed, not the content: nothing of this is to be remembered."""


class Reading:
    """The frames of a request from ``first`` on, taken piece by piece: the file is opened once, and nothing is decoded twice."""

    def __init__(self, stream: FrameStream, first: int, module: Backbone) -> None:
        self._stream = stream
        nobody = np.zeros(len(stream), dtype=bool) if stream.boxes is None else np.asarray(np.isnan(stream.boxes).any(axis=1))
        self._nobody: NDArray[np.bool_] = nobody
        self._frames = ((i + first, image) for i, image in stream if not nobody[i])
        self._first = first
        self._overlap = max(0, module.clip_length - module.clip_stride)
        self._held: list[tuple[int, Image]] = []
        self.next = first
        """Where the next piece may begin: as far in as the last one ended, less what pieces overlap."""

    def take(self, first: int, last: int) -> Decoded:
        """The frames first..last-1 of the request without those that are lost or show nobody; ``first`` must not lie before `next`."""
        while not self._held or self._held[-1][0] < last - 1:
            if (frame := next(self._frames, None)) is None:
                break
            if frame[0] >= first:  # what lies before is there from an earlier run
                self._held.append(frame)
        taken = [(i, image) for i, image in self._held if first <= i < last]
        self.next = max(first, last - self._overlap)
        self._held = [(i, image) for i, image in self._held if i >= self.next]
        numbers = np.array([i for i, _ in taken], dtype=np.int64)
        rows = numbers - self._first
        stream = self._stream
        frames = np.stack([image for _, image in taken]) if taken else np.zeros((0, *(stream.size or (0, 0)), 3), np.uint8)
        nobody = int(self._nobody[first - self._first : last - self._first].sum())
        dropped = f"{NOBODY} in {nobody} of {last - first} frames, and they are dropped" if nobody else ""
        whole = len(taken) == last - first
        error = "" if whole else stream.error or dropped
        boxes = None if stream.boxes is None else stream.boxes[rows]
        return Decoded(frames, stream.times[rows], numbers - first, boxes, error, stream.passing and not whole)


class ClipReader:
    """Reads the frames of requests for one backbone."""

    def __init__(self, recipe: Recipe, backbone: FrozenBackbone) -> None:
        self.recipe = recipe
        self.settings = recipe.settings
        self.backbone = backbone
        self.decoder = decoder_version()
        self._detectors: dict[str, Detector] = {}
        self._watched: set[tuple[str, str]] = set()
        self._player: Player | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_player": None}  # an open file does not travel to another process

    def detector(self, region: dict[str, Any], video: Video | None = None) -> Detector:
        """The detector of a region, built once, and told of the video that it is to be asked about."""
        name = digest_of(region)
        if name not in self._detectors:
            self._detectors[name] = self.recipe.registries.build("detector", region)
        if video is not None and (name, video.row.video_id) not in self._watched:
            row, found = video.row, video.probe
            watched = Watched(row.video_id, row.subject_id, row.path, found.size, found.duration_s or 0.0, row.start_s, row.end_s)
            self._detectors[name].watch(watched)
            self._watched.add((name, row.video_id))
        return self._detectors[name]

    def key(self, request: Request) -> str:
        """Digest of all that the features of a request depend on."""
        return digest_of(self.inputs(request))

    def inputs(self, request: Request) -> dict[str, Any]:
        """All that the features of a request depend on."""
        seed = self.settings.seed if request.crop == "random" else None
        return {
            "store": STORE_VERSION,
            "content": request.video.content,
            "clip": [request.clip.start_s, request.clip.frames, request.clip.fps],
            "region": [
                component_key(self.recipe, "detector", request.region),
                self.detector(request.region, request.video).fingerprint(request.clip.video_id),
            ],
            "frames": [self.backbone.resize, self.backbone.module.frame_size, request.crop, request.views, seed],
            "backbone": self.backbone.key,
            "dtype": None if request.views == "online" else self.settings.extract.dtype,
            "decoder": self.decoder,
        }

    @property
    def work(self) -> dict[str, Any]:
        """What kind of work extraction is, as `vsslfw.pipeline.origin.Costs` counts it; its unit is a frame through the backbone."""
        backbone = self.backbone
        return {"stage": "extract", "backbone": backbone.key, "resize": backbone.resize, "device": backbone.device}

    def decode(self, request: Request, first: int = 0, last: int | None = None) -> Decoded:
        """The frames first..last-1 of a request, resized; without those that are lost."""
        last = request.clip.frames if last is None else last
        decoded = self.reading(request, first, last).take(first, last)
        return self.again(request, first, last)[1] if decoded.passing else decoded

    def again(self, request: Request, first: int, last: int) -> tuple[Reading, Decoded]:
        """What a failing disk cut off, from a file that is opened anew; `passing` only if its bytes cannot be read now either."""
        reading = self.reading(request, first)
        decoded = reading.take(first, last)
        return reading, replace(decoded, passing=decoded.passing and disk_fails(request.video.row.path))

    def reading(self, request: Request, first: int = 0, last: int | None = None) -> Reading:
        """The frames from ``first`` on, to be taken piece by piece. It ends the reading before: there is one open file."""
        times = request.clip.times[first:last]
        boxes = self.detector(request.region, request.video).boxes(request.clip.video_id, times, request.video.probe.size)
        path = request.video.row.path
        if self._player is None or self._player.path != path:
            if self._player is not None:
                self._player.close()
            self._player = Player(path)
        stream = frames_at(self._player, times, size=self.backbone.resize, boxes=boxes)
        return Reading(stream, first, self.backbone.module)

    def unusable(self, request: Request, features: int, lost: int, error: str) -> str:
        """Why a request that gave so many features, and lost so many frames, must be left out; nothing if it need not."""
        frames, clip, most = request.clip.frames, self.backbone.module.clip_length, self.settings.video.max_lost
        if self.backbone.length(frames) == 0:
            needed = f", which covers {clip}" if clip > 1 else ""
            return f"{frames} frames at {request.clip.fps:g} fps are too few for one feature{needed}"
        if features and lost / frames <= most:
            return ""
        reason = f"{frames - lost} of {frames} expected frames could be read" + (f" ({error})" if error else "")
        if not features and lost / frames <= most:
            return f"{reason}, and nowhere the {clip} in a row that a feature covers"
        return f"{reason}; at most {most:.0%} may be lost (video.max_lost)"
