"""Boxes over time: smoothed where they were found, interpolated between, and a policy for where nobody was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vsslfw.detection.geometry import Boxes
from vsslfw.detection.labels import Labels

OnMiss = Literal["hold", "whole_frame", "drop"]
REACH = 8
"""How many deviations a smoothed box looks to either side: a box beyond would weigh exp(-32)."""
ON_MISS = ("hold", "whole_frame", "drop")


def smoothed(labels: Labels, seconds: float) -> Labels:
    """The same times, each box a mean of those found within about ``seconds`` of it (a Gaussian of that deviation); 0 leaves them."""
    if seconds <= 0 or not labels.found.any():
        return labels
    times, there = labels.times[labels.found], labels.boxes[labels.found]
    firsts = np.searchsorted(times, times - REACH * seconds, side="left")
    lasts = np.searchsorted(times, times + REACH * seconds, side="right")
    mean = np.full_like(labels.boxes, np.nan)
    mean[labels.found] = [
        _weighted(there[first:last], (times[first:last] - time) / seconds) for time, first, last in zip(times, firsts, lasts, strict=True)
    ]
    return Labels(labels.times, mean, labels.scores)


def _weighted(boxes: Boxes, apart: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.exp(-0.5 * np.square(apart))
    return np.asarray(weights @ boxes / weights.sum())


@dataclass(frozen=True)
class Track:
    """The patient's box in a video, at any time."""

    labels: Labels
    on_miss: OnMiss = "hold"

    def at(self, times: NDArray[np.float64], size: tuple[int, int]) -> Boxes | None:
        """(N,4) boxes at ``times`` (N,) in a picture of ``size`` (H, W), or none if the whole picture is to be seen throughout.

        Between two boxes it is interpolated linearly; before the first and after the last it is held. Where the nearest time that was
        looked at found nobody, ``hold`` keeps the last box before it (the first one, at the beginning), ``whole_frame`` gives the whole
        picture and ``drop`` a row of NaN: the frame is left out.
        """
        labels = self.labels
        if not labels.found.any() and self.on_miss != "drop":
            return None
        if not labels.found.any():
            return np.full((len(times), 4), np.nan)
        if self.on_miss == "hold":
            return _interpolated(times, labels.times, _held(labels.boxes))
        boxes = _interpolated(times, labels.times[labels.found], labels.boxes[labels.found])
        missing = ~labels.found[self._nearest(times)]
        boxes[missing] = [0, 0, size[1], size[0]] if self.on_miss == "whole_frame" else np.nan
        return boxes

    def shares(self) -> dict[str, float]:
        """What share of the times that were looked at has a box of its own, and what the others have: they add up to 1."""
        found = float(self.labels.found.mean()) if len(self.labels.times) else 0.0
        other = "whole_frame" if self.on_miss == "hold" and not found else self.on_miss
        return {"found": round(found, 4), other: round(1 - found, 4)}

    def _nearest(self, times: NDArray[np.float64]) -> NDArray[np.intp]:
        """(N,) index of the time looked at that is nearest; of two, the earlier."""
        middles = (self.labels.times[1:] + self.labels.times[:-1]) / 2
        return np.searchsorted(middles, times, side="left")


def _interpolated(times: NDArray[np.float64], at: NDArray[np.float64], boxes: Boxes) -> Boxes:
    return np.stack([np.interp(times, at, boxes[:, column]) for column in range(4)], axis=1)


def _held(boxes: Boxes) -> Boxes:
    """Rows of NaN become the row before them; at the beginning, the first that is none."""
    there = np.isfinite(boxes).all(axis=1)
    last = np.maximum.accumulate(np.where(there, np.arange(len(boxes)), -1))
    return boxes[np.where(last < 0, np.flatnonzero(there)[0], last)]
