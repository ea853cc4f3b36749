"""Default boxes: at each place of each feature map the same few shapes, which are the middles of clusters of training boxes."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vsslfw.seeds import Stream

Shapes = list[list[float]]
"""(A, 2) width and height as shares of the picture's."""


def cluster_shapes(shapes: NDArray[np.float64], count: int, stream: Stream) -> Shapes:
    """k-means of (n, 2) widths and heights, in logarithms, so that the small ones count as much as the large; sorted by area."""
    from sklearn.cluster import KMeans

    logs = np.log(np.clip(shapes, 1e-3, None))
    distinct = len(np.unique(logs.round(4), axis=0))
    seed = stream.seed() % 2**32
    middles = KMeans(n_clusters=min(count, distinct), n_init=4, random_state=seed).fit(logs).cluster_centers_
    found = sorted(np.exp(middles).round(4).tolist(), key=lambda shape: shape[0] * shape[1])
    return found + found[-1:] * (count - len(found))


def default_boxes(shapes: Shapes, maps: list[tuple[int, int]], size: tuple[int, int]) -> Tensor:
    """(M, 4) pixels of a picture of ``size`` (H, W): every shape at every place of maps of (h, w) places, in the heads' order."""
    height, width = size
    extents = torch.tensor(shapes) * torch.tensor([width, height])
    boxes = []
    for rows, columns in maps:
        y, x = (torch.arange(rows) + 0.5) * height / rows, (torch.arange(columns) + 0.5) * width / columns
        middles = torch.stack(torch.meshgrid(y, x, indexing="ij"), dim=-1).flip(-1).reshape(-1, 1, 2)
        boxes.append(torch.cat([middles - extents / 2, middles + extents / 2], dim=-1).reshape(-1, 4))
    return torch.cat(boxes)
