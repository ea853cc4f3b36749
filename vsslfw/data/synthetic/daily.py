"""Daily life on the ward: what contextual video shows."""

from __future__ import annotations

import numpy as np

from vsslfw.data.synthetic.body import LEFT, RIGHT, Floats
from vsslfw.data.synthetic.looks import Look
from vsslfw.data.synthetic.motion import Event, Motion, at_rest, plateau, wander
from vsslfw.data.synthetic.visits import visit
from vsslfw.seeds import Stream

ACTIVITIES = {
    "lying": 2.0,
    "turning": 2.0,
    "scratching": 1.5,
    "reaching": 1.5,
    "phone": 1.5,
    "eating": 1.5,
    "talking": 1.5,
    "nurse check": 1.5,
    "sleep": 1.5,
    "empty room": 0.7,
}
"""Activity -> how often, relative to the others."""
LONG = ("sleep", "empty room", "eating", "talking")
"""What takes twice as long."""


def daily_life(times: Floats, look: Look, stream: Stream) -> Motion:
    """One activity after another."""
    g = (stream / "activities").generator()
    motion = Motion(at_rest(times, look, stream / "rest"))
    motion.gone, motion.asleep = np.zeros(len(times)), np.zeros(len(times), dtype=bool)
    start, end = 0.0, float(times[-1])
    names, shares = list(ACTIVITIES), np.array(list(ACTIVITIES.values()))
    while start < end:
        name = str(g.choice(names, p=shares / shares.sum()))
        seconds = float(g.uniform(3.0, 8.0)) / look.restlessness**0.5 * (2 if name in LONG else 1)
        _act(motion, name, times, start, start + seconds, g)
        motion.events.append(Event(name, start, min(start + seconds, end)))
        start += seconds
    motion.pose = motion.pose.limited()
    return motion


def _act(motion: Motion, name: str, times: Floats, start: float, end: float, g: np.random.Generator) -> None:
    pose, on, side = motion.pose, plateau(times, start, end, 0.8), int(g.integers(2))
    towards = 1.0 if side == RIGHT else -1.0
    if name in ("turning", "sleep"):
        pose.roll += on * towards * g.uniform(0.4, 0.8)
        pose.shift += on * g.uniform(-0.08, 0.08)
        pose.hip[:, side] += on * 0.4
        pose.knee[:, side] += on * 0.8
    if name == "sleep":
        assert motion.asleep is not None
        motion.asleep |= (times >= start + 0.5) & (times < end - 0.5)
        pose.turn += on * (towards * 0.5 - pose.turn)
    elif name in ("scratching", "phone"):
        rub = 0.25 * np.sin(2 * np.pi * g.uniform(1.5, 3.0) * times) if name == "scratching" else 0.04 * wander(times, 1.0, g)
        for s in [side] if name == "scratching" else [LEFT, RIGHT]:
            pose.arm_up[:, s] += on * (0.7 + 0.2 * rub)
            pose.arm_out[:, s] += on * 0.2
            pose.elbow[:, s] += on * (1.4 + rub)
    elif name == "eating":
        bite = 0.5 - 0.5 * np.cos(2 * np.pi * g.uniform(0.25, 0.45) * (times - start))
        pose.arm_up[:, side] += on * (0.5 + 0.5 * bite)
        pose.elbow[:, side] += on * (0.7 + 1.2 * bite)
        pose.arm_up[:, 1 - side] += on * 0.4
        pose.elbow[:, 1 - side] += on * 0.9
    elif name == "talking":
        visit(motion, "family", times, start - 1.0, end + 1.0, g)
        pose.turn += on * (towards * 0.8 - pose.turn)
        for s in (LEFT, RIGHT):
            gesture = np.abs(wander(times, 1.2, g))
            pose.arm_up[:, s] += on * 0.5 * gesture
            pose.elbow[:, s] += on * (0.5 + 0.6 * gesture)
    elif name == "reaching":
        pose.arm_out[:, side] += on * g.uniform(0.9, 1.5)
        pose.arm_up[:, side] += on * g.uniform(0.2, 0.7)
        pose.turn += on * towards * 0.7
        pose.roll += on * towards * 0.3
    elif name == "nurse check":
        visit(motion, "nurse", times, start, end, g)
    elif name == "empty room":
        assert motion.gone is not None
        motion.gone = np.maximum(motion.gone, plateau(times, start, end, 1.5))
