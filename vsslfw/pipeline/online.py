"""Clips decoded and cropped anew for every mini-batch, as in the paper: nothing is cached, everything is paid each epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from vsslfw.atomic import read_json, write_json
from vsslfw.errors import RunError
from vsslfw.interfaces import FrameCorruption
from vsslfw.pipeline import progress
from vsslfw.pipeline.backbone import FrozenBackbone
from vsslfw.pipeline.cache import Cache
from vsslfw.pipeline.clip_reader import ClipReader, Request
from vsslfw.recipe import Recipe
from vsslfw.seeds import Stream
from vsslfw.video import crop


@dataclass
class OnlineClips:
    """The same contract as cached clips; the backbone is built in the process that reads."""

    recipe: Recipe
    requests: Sequence[Request]
    corruptions: Sequence[FrameCorruption]
    device: str
    _reader: ClipReader | None = field(default=None, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.requests)

    def read(self, index: int, stream: Stream) -> tuple[Tensor, Tensor | None, Tensor]:
        """One fresh crop of a clip; frame-level corruption changes what is shown, never what must be restored."""
        reader = self._reader = self._reader or ClipReader(self.recipe, FrozenBackbone.of(self.recipe, self.device))
        backbone = reader.backbone
        request = self.requests[index]
        decoded = reader.decode(request)
        begins = backbone.begins(decoded.places)
        if reason := reader.unusable(request, len(begins), request.clip.frames - len(decoded.frames), decoded.error):
            raise RunError(f"a clip at {request.clip.start_s:.2f} s that could be read before cannot be read now: {reason}")
        cropped = crop(decoded.frames, backbone.module.frame_size, where="random", seed=(stream / "crop").seed())
        clean = backbone.features(cropped, begins)
        times = backbone.feature_times(decoded.times, begins)
        if not self.corruptions:
            return clean, None, times
        shown = cropped
        for number, corruption in enumerate(self.corruptions):
            shown = corruption(shown, (stream / "frame" / number).generator())
        return backbone.features(shown, begins), clean, times


def check_readable(requests: Sequence[Request], reader: ClipReader, cache: Cache) -> tuple[dict[str, str], int]:
    """Decode every clip once before training on any: key -> why it is left out (or nothing), and how many were known."""
    found: dict[str, str] = {}
    listener = progress.current()
    keyed = {reader.key(request): request for request in requests}
    known = {key: path for key in keyed if (path := _memo(cache, key)).is_file()}
    listener.start("check", sum(request.clip.frames for key, request in keyed.items() if key not in known), "frames")
    for key, request in keyed.items():
        if key in known:
            memo = read_json(known[key])
        else:
            decoded = reader.decode(request)
            features, lost = len(reader.backbone.begins(decoded.places)), request.clip.frames - len(decoded.frames)
            memo = {"features": features, "lost": lost, "error": decoded.error}
            if not decoded.passing:
                write_json(_memo(cache, key), memo)
            listener.advance("check", request.clip.frames)
        found[key] = reader.unusable(request, memo["features"], memo["lost"], memo["error"])
    listener.finish("check")
    return found, len(known)


def _memo(cache: Cache, key: str) -> Path:
    return cache.folder / "online" / key[:2] / f"{key}.json"
