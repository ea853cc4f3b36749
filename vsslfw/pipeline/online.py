"""Clips decoded and cropped anew for every mini-batch, as in the paper: nothing is cached, everything is paid each epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from vsslfw.data.clips import Clip
from vsslfw.errors import RunError
from vsslfw.interfaces import Detector, FrameCorruption
from vsslfw.pipeline.backbone import FrozenBackbone
from vsslfw.pipeline.extract import read_frames
from vsslfw.pipeline.index import Video
from vsslfw.plugins import registries
from vsslfw.recipe import Recipe
from vsslfw.seeds import Stream
from vsslfw.video import crop


@dataclass
class OnlineClips:
    """The same contract as cached clips; the backbone is built in the process that reads."""

    recipe: Recipe
    region: dict[str, Any]
    clips: Sequence[tuple[Clip, Video]]
    corruptions: Sequence[FrameCorruption]
    device: str
    _backbone: FrozenBackbone | None = field(default=None, init=False, repr=False)
    _detector: Detector | None = field(default=None, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.clips)

    def read(self, index: int, stream: Stream) -> tuple[Tensor, Tensor | None, Tensor]:
        """One fresh crop of a clip; frame-level corruption changes what is shown, never what must be restored."""
        backbone = self._backbone = self._backbone or FrozenBackbone.of(self.recipe, self.device)
        detector: Detector = self._detector or registries().build("detector", self.region)
        self._detector = detector
        clip, video = self.clips[index]
        boxes = detector.boxes(clip.video_id, clip.times, video.probe.size)
        frames, error = read_frames(video, clip.times, backbone.resize, boxes)
        if backbone.length(len(frames)) == 0:
            raise RunError(f"video {clip.video_id} from {clip.start_s:.2f} s: {error or 'no frame could be read'}")
        cropped = crop(frames, backbone.module.frame_size, where="random", seed=(stream / "crop").seed())
        clean = backbone.features(cropped)
        times = backbone.feature_times(clip.times[: len(frames)])
        if not self.corruptions:
            return clean, None, times
        shown = cropped
        for number, corruption in enumerate(self.corruptions):
            shown = corruption(shown, (stream / "frame" / number).generator())
        return backbone.features(shown), clean, times
