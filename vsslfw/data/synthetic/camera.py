"""A pinhole camera on the wall opposite the head end of the bed."""

from __future__ import annotations

import numpy as np

from vsslfw.data.synthetic.body import Floats
from vsslfw.data.synthetic.looks import Look


class Camera:
    """Looks at the middle of the bed and makes pictures of ``size`` (H, W)."""

    def __init__(self, look: Look, size: tuple[int, int]) -> None:
        x, beyond, up = look.camera
        self._at = np.array([x, 2.1 + beyond, up])
        forward = np.array([0.0, 0.85, 0.0]) - self._at
        forward /= np.linalg.norm(forward)
        right = np.cross([0.0, 0.0, 1.0], forward)
        right /= np.linalg.norm(right)
        down = np.cross(right, forward)
        cos, sin = np.cos(look.tilt), np.sin(look.tilt)
        self._axes = np.stack([cos * right + sin * down, cos * down - sin * right, forward])
        self._focal = 1.8 * look.zoom * size[0]
        self._middle = np.array([size[1] / 2, size[0] / 2])
        self.size = size

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """(..., 3) metres -> pixels (..., 2) as x, y, and pixels per metre there (...)."""
        seen = (np.asarray(points, dtype=np.float64) - self._at) @ self._axes.T
        scale = self._focal / np.maximum(seen[..., 2], 0.2)
        return self._middle + seen[..., :2] * scale[..., None], scale
