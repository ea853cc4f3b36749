"""Trains one detector on the pictures of some subjects. The same seed gives the same weights on a CPU, bit by bit."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vsslfw.detection.anchors import cluster_shapes
from vsslfw.detection.augment import augmented
from vsslfw.detection.loss import detection_loss
from vsslfw.detection.model import ANCHORS, Architecture, PatientSSD
from vsslfw.detection.pictures import Pictures
from vsslfw.errors import Problem, RunError, UserError
from vsslfw.seeds import Stream

CLIP = 5.0
"""Of the gradient's norm: the first steps of fresh heads are wild."""


@dataclass(frozen=True)
class Plan:
    """How a detector is trained; ``lr`` is the heads', the trunk learns at a fifth of it."""

    epochs: int = 12
    batch_size: int = 16
    lr: float = 1e-3
    weight_decay: float = 1e-4
    seed: int = 0
    augment: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for a header."""
        return asdict(self)


@dataclass(frozen=True)
class Progress:
    """After each step: how many are done, of how many, and the losses of scores and of boxes."""

    step: int
    steps: int
    score_loss: float
    box_loss: float


def train_detector(
    pictures: Pictures,
    arch: str,
    backbone: str,
    weights: str | None,
    plan: Plan,
    *,
    told: Callable[[Progress], None] = lambda progress: None,
) -> PatientSSD:
    """A detector trained on all of ``pictures``, in eval mode.

    AdamW with a short warm-up and a cosine to zero. UserError if no picture has a box; RunError if the loss is not finite.
    """
    stream = Stream(plan.seed, "detector")
    boxes = pictures.boxes[np.isfinite(pictures.boxes).all(axis=1)]
    if not len(boxes):
        raise UserError(Problem("no picture has a box: there is nothing to learn"))
    size = (int(pictures.images.shape[1]), int(pictures.images.shape[2]))
    shapes = cluster_shapes((boxes[:, 2:] - boxes[:, :2]) / [size[1], size[0]], ANCHORS, stream / "anchors")
    model = PatientSSD(Architecture(arch, backbone, size, shapes), weights=weights, seed=(stream / "weights").seed())
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    trunk = [p for p in model.trunk.parameters() if p.requires_grad]
    heads = [p for name, p in model.named_parameters() if not name.startswith("trunk.")]
    groups: list[dict[str, Any]] = [{"params": heads}, {"params": trunk, "lr": plan.lr / 5}]
    optimiser = torch.optim.AdamW(groups, lr=plan.lr, weight_decay=plan.weight_decay)
    batches = math.ceil(len(pictures) / plan.batch_size)
    steps = batches * plan.epochs
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, steps))
    model.train()
    step = 0
    for epoch in range(plan.epochs):
        order = (stream / "order" / epoch).generator().permutation(len(pictures))
        for chosen in np.array_split(order, batches):
            images, truth = _batch(pictures, chosen, stream / "augment" / epoch, augment=plan.augment)
            logits, answers = model(images)
            score_loss, box_loss = detection_loss(logits, answers, truth, model.defaults)
            loss = score_loss + box_loss
            if not torch.isfinite(loss):
                raise RunError(Problem(f"the loss is not finite in step {step}", hint="train with a smaller --lr"))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
            optimiser.step()
            schedule.step()
            step += 1
            told(Progress(step, steps, float(score_loss.detach()), float(box_loss.detach())))
    return model.eval()


def _rate(step: int, steps: int) -> float:
    warm = min(50, max(steps // 10, 1))
    return min((step + 1) / warm, 0.5 + 0.5 * math.cos(math.pi * min(step / steps, 1.0)))


def _batch(pictures: Pictures, chosen: np.ndarray[Any, Any], stream: Stream, *, augment: bool) -> tuple[Tensor, Tensor]:
    """(n,3,H,W) in [0, 1] and (n,4); each picture has a random stream of its own."""
    pairs = [(pictures.images[i], pictures.boxes[i]) for i in chosen]
    if augment:
        pairs = [augmented(*pair, (stream / int(i)).generator()) for i, pair in zip(chosen, pairs, strict=True)]
    images, boxes = zip(*pairs, strict=True)
    return to_tensor(np.stack(images)), torch.from_numpy(np.stack(boxes)).float()


def to_tensor(images: np.ndarray[Any, Any]) -> Tensor:
    """(n,H,W,3) uint8 -> (n,3,H,W) float32 in [0, 1]."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float().div_(255)
