"""One picture -> the boxes that may be the patient, each with a score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.ops import box_iou, nms

from vsslfw.detection.geometry import Boxes
from vsslfw.detection.model import PatientSSD
from vsslfw.detection.training import to_tensor

LOWEST = 0.05
"""Scores below this are not looked at."""
SAME = 0.5
"""Boxes that overlap by more than this are one finding."""
AGREE = 0.65
"""Boxes that overlap with a finding by more than this are averaged into it, weighted by their scores."""
MOST = 6
"""Findings of a picture, at most."""
BATCH = 16


@dataclass(frozen=True)
class Candidates:
    """(c,4) boxes and (c,) scores of one picture, the highest score first; c may be 0."""

    boxes: Boxes
    scores: NDArray[np.float64]


@torch.inference_mode()
def candidates(model: PatientSSD, images: NDArray[np.uint8], size: tuple[int, int]) -> list[Candidates]:
    """The candidates in each of (n,H,W,3) uint8 images at the model's size, in pixels of a picture of ``size`` (H, W).

    The last batch is filled up: a picture's boxes do not depend on which others are looked at with it.
    """
    found = []
    height, width = model.architecture.size
    scale = np.array([size[1] / width, size[0] / height] * 2)
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH]
        filled = np.concatenate([batch, np.repeat(batch[-1:], BATCH - len(batch), axis=0)])
        logits, boxes = model(to_tensor(filled))
        found += [_of_picture(*pair, scale, (height, width)) for pair in zip(logits[: len(batch)].sigmoid(), boxes, strict=False)]
    return found


def _of_picture(scores: torch.Tensor, boxes: torch.Tensor, scale: NDArray[np.float64], size: tuple[int, int]) -> Candidates:
    likely = scores > LOWEST
    scores, boxes = scores[likely], boxes[likely]
    boxes = boxes.clamp(min=0).minimum(boxes.new_tensor([size[1], size[0], size[1], size[0]]))
    kept = nms(boxes, scores, SAME)[:MOST]
    weights = torch.where(box_iou(boxes[kept], boxes) >= AGREE, scores, 0.0)
    averaged = (weights @ boxes) / weights.sum(dim=1, keepdim=True).clamp(min=1e-6)
    return Candidates(averaged.double().numpy() * scale, scores[kept].double().numpy())
