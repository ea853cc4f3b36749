"""A pose in angles becomes joints in space. Metres: x to the picture's right, y from the head end to the foot end, z up."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEFT, RIGHT = 0, 1
SIDE = np.array([-1.0, 1.0])
"""Sign of x for (LEFT, RIGHT) as the picture shows them."""


@dataclass
class Pose:
    """How the body moves over T frames: angles in radians, each (T,) or (T, 2) for (left, right)."""

    roll: Floats
    """Of the trunk about its long axis."""
    arch: Floats
    """Metres by which the pelvis is lifted."""
    shift: Floats
    """Metres by which the trunk has slid to the right."""
    turn: Floats
    """Of the head, to the right."""
    arm_out: Floats
    """Upper arm away from the trunk, in the plane of the bed; 0 along the trunk, pi/2 straight out."""
    arm_up: Floats
    """Upper arm above the mattress."""
    elbow: Floats
    """Bend; 0 straight."""
    leg_out: Floats
    """Thigh outwards."""
    hip: Floats
    """Thigh above the mattress."""
    knee: Floats
    """Bend; 0 straight."""

    @classmethod
    def zeros(cls, frames: int) -> Pose:
        """Flat on the back, arms along the trunk."""
        one = ("roll", "arch", "shift", "turn")
        return cls(**{f.name: np.zeros(frames) if f.name in one else np.zeros((frames, 2)) for f in fields(cls)})

    def limited(self) -> Pose:
        """The same pose within what joints can do."""
        limits = {
            "roll": (-0.9, 0.9),
            "arch": (0.0, 0.25),
            "shift": (-0.12, 0.12),
            "turn": (-1.2, 1.2),
            "arm_out": (0.05, 2.6),
            "arm_up": (0.0, 1.45),
            "elbow": (0.0, 2.4),
            "leg_out": (-0.05, 0.6),
            "hip": (0.0, 1.2),
            "knee": (0.0, 2.2),
        }
        return Pose(**{name: np.clip(getattr(self, name), *limits[name]) for name in limits})


@dataclass
class Joints:
    """Where the body is: (T, 3) each, (T, 2, 3) for (left, right)."""

    head: Floats
    face: Floats
    """The nose: it tells where the head is turned to."""
    neck: Floats
    shoulder: Floats
    elbow: Floats
    hand: Floats
    hip: Floats
    knee: Floats
    foot: Floats

    def all(self) -> Floats:
        """(T, J, 3)."""
        parts = [getattr(self, f.name) for f in fields(self)]
        return np.concatenate([p[:, None] if p.ndim == 2 else p for p in parts], axis=1)


def joints(pose: Pose, height: float) -> Joints:
    """Forward kinematics of a body of relative ``height`` that lies on its back with the head at y = 0.2."""
    frames = len(pose.roll)

    def trunk(x: float | Floats, y: float, z: Floats | float, lift: float) -> Floats:
        """A point of the trunk, rolled about the long axis, slid and lifted."""
        point = np.zeros((frames, 3))
        point[:, 0] = x * np.cos(pose.roll) + pose.shift
        point[:, 1] = 0.2 + height * y
        point[:, 2] = np.maximum(z - x * np.sin(pose.roll), 0.05) + lift * pose.arch
        return point

    def pair(x: float, y: float, z: float, lift: float) -> Floats:
        return np.stack([trunk(side * x * height, y, z, lift) for side in SIDE], axis=1)

    shoulder, hip = pair(0.19, 0.22, 0.14, 0.1), pair(0.1, 0.78, 0.12, 1.0)
    upper = _direction(pose.arm_out, pose.arm_up)
    # The forearm bends towards the middle of the chest and up.
    inward = np.stack([np.broadcast_to(-0.75 * SIDE, (frames, 2)), np.full((frames, 2), -0.35), np.full((frames, 2), 0.55)], axis=-1)
    inward -= (inward * upper).sum(-1, keepdims=True) * upper
    inward /= np.maximum(np.linalg.norm(inward, axis=-1, keepdims=True), 1e-6)
    forearm = np.cos(pose.elbow)[..., None] * upper + np.sin(pose.elbow)[..., None] * inward
    elbow = _above(shoulder + 0.29 * height * upper, 0.05)
    hand = _above(elbow + 0.31 * height * forearm, 0.05)
    knee = _above(hip + 0.42 * height * _direction(pose.leg_out, pose.hip), 0.07)
    foot = _above(knee + 0.42 * height * _direction(pose.leg_out, pose.hip - pose.knee), 0.06)
    head = trunk(0.0, 0.0, 0.19, 0.0)
    head[:, 0] += 0.05 * np.sin(pose.turn)
    face = head + 0.1 * np.stack([np.sin(pose.turn), np.full(frames, 0.15), np.cos(pose.turn)], axis=-1)
    return Joints(head, face, trunk(0.0, 0.14, 0.16, 0.1), shoulder, elbow, hand, hip, knee, foot)


def _direction(out: Floats, up: Floats) -> Floats:
    """(T, 2) angles -> (T, 2, 3) unit vectors; 0, 0 points to the foot end."""
    return np.stack([SIDE * np.sin(out) * np.cos(up), np.cos(out) * np.cos(up), np.sin(up)], axis=-1)


def _above(points: Floats, least: float) -> Floats:
    """The same points, none of them inside the mattress."""
    points[..., 2] = np.maximum(points[..., 2], least)
    return points
