"""Who comes to the bed, when and where to; drawn without knowing the label."""

from __future__ import annotations

import numpy as np

from vsslfw.data.synthetic.body import Floats
from vsslfw.data.synthetic.motion import Event, Motion, Visitor, plateau

DOOR_Y = 3.0
WALK_S = 1.6
"""From the door to the bed."""
VISITS = ("nobody", "nurse", "family", "family on the chair")


def visit(motion: Motion, kind: str, times: Floats, start: float, end: float, g: np.random.Generator) -> None:
    """Let somebody of ``kind`` (one of `VISITS`) come in at ``start`` and leave before ``end``, seconds; one on the chair stays."""
    side, along = g.choice([-1.0, 1.0]), g.uniform(0.35, 1.15)
    depth, bow = g.uniform(0.4, 1.0), g.uniform(0.0, 0.7)
    if kind == "nobody":
        return
    there = np.ones(len(times)) if kind == "family on the chair" else plateau(times, start, end, WALK_S)
    if kind == "family on the chair":
        place, lean = np.stack([np.full(len(times), 0.95 * side), np.full(len(times), 0.75)], axis=-1), 0.15 * there
    else:
        near = side * (0.78 + 0.2 * depth)
        place = np.stack([np.full(len(times), near), DOOR_Y - (DOOR_Y - along) * there], axis=-1)
        lean = bow * plateau(times, start + WALK_S, max(end - WALK_S, start + WALK_S), 0.6)
    motion.visitors.append(Visitor(kind == "nurse", kind == "family on the chair", place, lean))
    motion.events.append(Event("nurse" if kind == "nurse" else "family", start if kind != "family on the chair" else 0.0, end))
