"""The lag profile: how far the frames around a moment are from each other, by the time between them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

SOFT = 0.05
"""Added before the logarithm, in units of the sequence's mean distance: two equal frames are not infinitely close."""


def lag_profile(features: Tensor, valid: Tensor, *, lags: int, smooth: int) -> Tensor:
    """(B,T,D), (B,T) bool -> (B,T,lags): the log distance of the frames ``lag`` apart around each position, 0 on average.

    Entry (b, t, k) is about the pairs (t - lag // 2, t - lag // 2 + lag) with lag = k + 1, averaged over ``smooth`` positions
    (odd), divided by the mean over the sequence; a pair with PAD does not count. A movement of period p shows as a valley at
    lag p. Turning, scaling or shifting the feature space changes nothing: what the scene looks like is gone.
    """
    length = features.shape[1]
    real = features.masked_fill(~valid.unsqueeze(-1), 0.0).float()
    distances, counted = [], []
    for lag in range(1, lags + 1):
        near = max(length - lag, 0)
        apart = (real[:, length - near :] - real[:, :near]).square().mean(-1)  # (B,T-lag)
        both = (valid[:, length - near :] & valid[:, :near]).float()
        left = min(lag // 2, length)
        edges = (left, length - near - left)
        distances.append(nn.functional.pad(apart * both, edges))
        counted.append(nn.functional.pad(both, edges))
    total, count = (_summed(torch.stack(parts, 1), smooth) for parts in (distances, counted))  # (B,lags,T)
    there = count > 0
    profile = total / count.clamp(min=1)
    scale = _mean(profile, there).clamp(min=1e-12)
    logs = (profile / scale + SOFT).log()
    return (logs - _mean(logs, there)).masked_fill(~there, 0.0).transpose(1, 2)


def _summed(values: Tensor, width: int) -> Tensor:
    """(B,L,T) -> (B,L,T): sums over ``width`` positions around each."""
    return nn.functional.avg_pool1d(values, width, stride=1, padding=width // 2) * width


def _mean(values: Tensor, there: Tensor) -> Tensor:
    """(B,L,T) -> (B,1,1): the mean over what is there."""
    total = values.masked_fill(~there, 0.0).sum((1, 2), keepdim=True)
    return total / there.sum((1, 2), keepdim=True).clamp(min=1)
