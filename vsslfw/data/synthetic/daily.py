"""Daily life in the bed: what contextual video shows."""

from __future__ import annotations

import numpy as np

from vsslfw.data.synthetic.body import LEFT, RIGHT, Floats
from vsslfw.data.synthetic.looks import Look
from vsslfw.data.synthetic.motion import Event, Motion, at_rest, plateau, wander
from vsslfw.seeds import Stream


def daily_life(times: Floats, look: Look, stream: Stream) -> Motion:
    """One activity after another: lying, turning over, scratching, reaching, using a phone, a nurse's visit."""
    g = (stream / "activities").generator()
    motion = Motion(at_rest(times, look, stream / "rest"))
    start, end = 0.0, float(times[-1])
    while start < end:
        seconds = float(g.uniform(3.0, 8.0)) / look.restlessness**0.5
        name = str(g.choice(["lying", "turning", "scratching", "reaching", "phone", "nurse"]))
        _act(motion, name, times, start, start + seconds, g)
        motion.events.append(Event(name, start, min(start + seconds, end)))
        start += seconds
    motion.pose = motion.pose.limited()
    return motion


def _act(motion: Motion, name: str, times: Floats, start: float, end: float, g: np.random.Generator) -> None:
    pose, on, side = motion.pose, plateau(times, start, end, 0.8), int(g.integers(2))
    if name == "turning":
        pose.roll += on * g.choice([-1, 1]) * g.uniform(0.4, 0.8)
        pose.shift += on * g.uniform(-0.08, 0.08)
        pose.hip[:, side] += on * 0.4
        pose.knee[:, side] += on * 0.8
    elif name in ("scratching", "phone"):
        sides = [side] if name == "scratching" else [LEFT, RIGHT]
        rub = 0.25 * np.sin(2 * np.pi * g.uniform(1.5, 3.0) * times) if name == "scratching" else 0.04 * wander(times, 1.0, g)
        for s in sides:
            pose.arm_up[:, s] += on * (0.7 + 0.2 * rub)
            pose.arm_out[:, s] += on * 0.2
            pose.elbow[:, s] += on * (1.4 + rub)
    elif name == "reaching":
        pose.arm_out[:, side] += on * g.uniform(0.9, 1.5)
        pose.arm_up[:, side] += on * g.uniform(0.2, 0.7)
        pose.turn += on * (1 if side == RIGHT else -1) * 0.7
        pose.roll += on * (1 if side == RIGHT else -1) * 0.3
    elif name == "nurse":
        x = g.choice([-1.0, 1.0]) * g.uniform(0.95, 1.1)
        path = np.stack([np.full(len(times), x), 3.0 - 2.6 * on, np.zeros(len(times))], axis=-1)
        motion.nurse = path if motion.nurse is None else np.where(on[:, None] > 0, path, motion.nurse)
