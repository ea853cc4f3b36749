"""The room without the patient: does the background alone give the label away?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vsslfw.pipeline.clip_reader import ClipReader
from vsslfw.pipeline.stages import Pipeline
from vsslfw.video import crop, frames_at

FRAMES = 8
"""Of each video, evenly apart."""
NO_BOXES = "finetune.region finds no patient to mask; boxes_csv or a detector of a plugin would"
CLIPS = "the backbone sees clips, not frames"


def without_patient(pipeline: Pipeline) -> tuple[NDArray[np.float64] | None, str]:
    """(N, D) mean features of `FRAMES` frames of each case with the patient's box filled by the mean colour around it; or why not."""
    if pipeline.backbone.module.clip_length > 1:
        return None, CLIPS
    reader = ClipReader(pipeline.recipe, pipeline.backbone)
    region = pipeline.recipe.settings.finetune.region
    reader.detector(region).prepare([row.video_id for row in pipeline.manifest.rows])
    rows, missing = [], 0
    clips = {clip.video_id: clip for clip in pipeline.index.labelled}
    for clip in (clips[case.video_id] for case in pipeline.features.cases):
        video = pipeline.index.videos[clip.video_id]
        times = clip.times[np.linspace(0, clip.frames - 1, FRAMES).round().astype(int)]
        boxes = reader.detector(region, video).boxes(clip.video_id, times, video.probe.size)
        if boxes is None or np.isnan(boxes).any():
            missing += 1
            continue
        shown = [*frames_at(video.row.path, times, size=pipeline.backbone.resize, boxes=None)]
        masked = _masked(np.stack([image for _, image in shown]), boxes[[i for i, _ in shown]], video.probe.size)
        cropped = crop(masked, pipeline.backbone.module.frame_size, where="centre")
        rows.append(pipeline.backbone.features(cropped).double().mean(0).numpy())
    if missing:
        return None, NO_BOXES if not rows else f"{missing} of {missing + len(rows)} videos have no box"
    return np.stack(rows), ""


def _masked(frames: NDArray[np.uint8], boxes: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.uint8]:
    masked = frames.copy()
    scale = np.array([frames.shape[2] / size[1], frames.shape[1] / size[0]] * 2)
    for frame, box in zip(masked, boxes * scale, strict=True):
        x1, y1 = np.floor(box[:2]).astype(int)
        x2, y2 = np.ceil(box[2:]).astype(int)
        around = np.ones(frame.shape[:2], dtype=bool)
        around[y1:y2, x1:x2] = False  # the fill must not say what the patient looks like
        frame[y1:y2, x1:x2] = frame[around].mean(0).round().astype(np.uint8) if around.any() else 0
    return masked
