"""What training makes small: the focal loss of the overlap, and the generalised IoU of the boxes."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits
from torchvision.ops import box_iou, generalized_box_iou_loss

MATCH = 0.5
"""Default boxes that overlap with the patient's by more than this are to find them, and the nearest ones in any case."""
NEAREST = 6
REGRESSION = 2.0
"""Weight of the boxes beside the scores."""


def detection_loss(logits: Tensor, boxes: Tensor, truth: Tensor, defaults: Tensor) -> tuple[Tensor, Tensor]:
    """(N,M) logits, (N,M,4) boxes, (N,4) true boxes or NaN, (M,4) default boxes -> losses of scores and of boxes, each a scalar."""
    there = torch.isfinite(truth).all(dim=1)
    known = torch.where(there[:, None], truth, torch.zeros_like(truth))
    overlap = box_iou(known, defaults)
    nearest = overlap.topk(min(NEAREST, overlap.shape[1]), dim=1).values[:, -1:]
    positive = ((overlap >= MATCH) | (overlap >= nearest.clamp(min=1e-3))) & there[:, None]
    count = positive.sum().clamp(min=1)
    row, _ = positive.nonzero(as_tuple=True)
    found, wanted = boxes[positive], known[row]
    regression = generalized_box_iou_loss(found, wanted, reduction="sum") / count
    target = torch.zeros_like(logits)
    target[positive] = _paired_iou(found.detach(), wanted)
    scores = torch.sigmoid(logits)
    focal = (scores.detach() - target).abs().square() * binary_cross_entropy_with_logits(logits, target, reduction="none")
    return focal.sum() / count, REGRESSION * regression


def _paired_iou(one: Tensor, two: Tensor) -> Tensor:
    """(n,4), (n,4) -> (n,)."""
    shared = (torch.minimum(one[:, 2:], two[:, 2:]) - torch.maximum(one[:, :2], two[:, :2])).clamp(min=0).prod(dim=1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(dim=1) for boxes in (one, two)]
    return shared / (areas[0] + areas[1] - shared).clamp(min=1e-6)
