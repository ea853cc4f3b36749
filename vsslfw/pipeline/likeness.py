"""Is a video like those that a model was trained on? In size, rate, length, light and features; where not, its answer means less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsslfw.pipeline.index import Video, duration
from vsslfw.video import frames_at

Floats = NDArray[np.float64]
FRAMES = 8
"""Of a video, evenly apart, for its light."""
SMALL = (64, 64)
"""(H, W) at which light is measured."""
SAME_SHAPE = 0.05
"""By how much the ratio of width to height may differ."""
FACTOR = 2.0
"""How far below the least or above the most of the training videos a length, rate or height may lie."""
DARK = 0.5
"""Share of the darkest training video's brightness below which a video is dark."""


@dataclass(frozen=True)
class Look:
    """What a video is, apart from its features."""

    height: int
    width: int
    rate: float
    seconds: float
    brightness: float
    """Mean grey level, 0 to 255."""
    contrast: float
    """Mean standard deviation of grey levels within a frame."""


def look_of(video: Video, start_s: float = 0.0, end_s: float | None = None) -> Look:
    """Measured on `FRAMES` frames."""
    end = duration(video) if end_s is None else min(end_s, duration(video))
    times = np.linspace(start_s, max(start_s, end - 0.2), FRAMES)
    frames = [image for _, image in frames_at(video.row.path, times, size=SMALL)]
    grey = [image.mean(axis=2) for image in frames] or [np.zeros(SMALL)]
    height, width = video.probe.size
    light = float(np.mean([image.mean() for image in grey])), float(np.mean([image.std() for image in grey]))
    return Look(height, width, float(video.probe.rate or 0.0), end - start_s, *light)


@dataclass(frozen=True)
class Likeness:
    """What the training videos looked like, and how far apart their features lay."""

    looks: Sequence[Look]
    centre: Floats
    """(D,) and ``scale`` (D,): mean and deviation of the training videos' mean features."""
    scale: Floats
    features: Floats
    """(N, D) standardised mean features of the training videos."""
    farthest: float
    """The largest distance from a training video to the nearest one of another subject: farther is unlike them all."""

    @classmethod
    def of(cls, looks: Sequence[Look], means: Floats, subjects: Sequence[str]) -> Likeness:
        """Of the training videos: their looks, mean features (N, D) and subjects."""
        centre, scale = means.mean(axis=0), means.std(axis=0) + 1e-6
        features = (means - centre) / scale
        apart = _distances(features, features)
        other = np.array([[a != b for b in subjects] for a in subjects])
        nearest = [float(row[mask].min()) for row, mask in zip(apart, other, strict=True) if mask.any()]
        return cls(looks, centre, scale, features, max(nearest, default=0.0))

    def distance(self, mean: Floats) -> float:
        """From mean features (D,) to the nearest training video, in deviations of the training videos."""
        own = (mean - self.centre) / self.scale
        return float(_distances(own[None], self.features).min())

    def differences(self, look: Look, distance: float) -> list[str]:
        """Each way in which a video is unlike them all, in a sentence; none is the normal case."""
        found = []
        shape = look.width / look.height
        if all(abs(shape / (own.width / own.height) - 1) > SAME_SHAPE for own in self.looks):
            shapes = sorted({f"{own.width} x {own.height}" for own in self.looks})
            found.append(f"its picture has another shape: {look.width} x {look.height}, the training videos {_some(shapes)}")
        for name, unit, own, known in (
            ("height", "pixels", look.height, [o.height for o in self.looks]),
            ("frame rate", "fps", look.rate, [o.rate for o in self.looks if o.rate]),
            ("length", "s", look.seconds, [o.seconds for o in self.looks]),
        ):
            if known and own and not min(known) / FACTOR <= own <= max(known) * FACTOR:
                found.append(
                    f"its {name} of {own:.4g} {unit} lies far outside {min(known):.4g} to {max(known):.4g} {unit} of the training videos"
                )
            elif name == "length" and known and own < 0.75 * min(known):
                found.append(f"it is short: {own:.1f} s, the training videos at least {min(known):.1f} s")
        darkest = min(own.brightness for own in self.looks)
        if look.brightness < DARK * darkest or look.contrast < 1.0:
            found.append(f"it is dark or blank: brightness {look.brightness:.0f} of 255, the darkest training video {darkest:.0f}")
        if distance > self.farthest:
            found.append(f"its features are unlike all training videos: distance {distance:.2f}, theirs at most {self.farthest:.2f}")
        return found

    def record(self) -> dict[str, Any]:
        """As plain data, without the features."""
        return {"looks": [asdict(look) for look in self.looks], "farthest": self.farthest}


def _distances(a: Floats, b: Floats) -> Floats:
    """(N, M): root mean square differences, so that they do not grow with the number of features."""
    from sklearn.metrics import pairwise_distances

    return np.asarray(pairwise_distances(a, b) / np.sqrt(a.shape[1]))


def _some(shapes: Sequence[str]) -> str:
    return ", ".join(shapes[:3]) + (f" and {len(shapes) - 3} more" if len(shapes) > 3 else "")
