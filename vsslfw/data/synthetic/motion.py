"""What every movement is made of: a pose over time, what happens when, lying at rest, and smooth courses."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vsslfw.data.synthetic.body import LEFT, RIGHT, Floats, Pose
from vsslfw.data.synthetic.looks import Look
from vsslfw.seeds import Stream


@dataclass(frozen=True)
class Event:
    """Something that happens in a video, in seconds from its start."""

    name: str
    start_s: float
    end_s: float
    part: str = ""
    """The limb that it concerns; none: the whole body."""


@dataclass
class Visitor:
    """Someone who comes in: a member of staff, or of the family."""

    staff: bool
    seated: bool
    place: Floats
    """(T, 2) metres beside the bed and from its head end; out of the picture from y = 2.8 on."""
    lean: Floats
    """(T,) 0 upright, 1 bent over the patient."""


@dataclass
class Motion:
    """The patient's pose over time, what happens when, who comes in, and whether the patient is there and awake."""

    pose: Pose
    events: list[Event] = field(default_factory=list)
    visitors: list[Visitor] = field(default_factory=list)
    gone: Floats | None = None
    """(T,) from 0 in bed to 1 out of the picture; none: in bed all the time."""
    asleep: NDArray[np.bool_] | None = None
    """(T,) eyes closed; none: awake all the time."""


def at_rest(times: Floats, look: Look, stream: Stream) -> Pose:
    """Lying in the subject's usual pose, breathing, with small slow movements."""
    pose = Pose.zeros(len(times))
    g = stream.generator()
    rest = 0.08 * look.restlessness
    pose.arch += 0.008 * (1 + np.sin(2 * np.pi * times / g.uniform(3, 4.5)))
    pose.turn += look.turn + 2 * rest * wander(times, 4.0, g)
    pose.roll += rest * wander(times, 6.0, g)
    for side in (LEFT, RIGHT):
        pose.arm_out[:, side] = look.arms[side] + rest * wander(times, 4.0, g)
        pose.arm_up[:, side] = 0.1 + rest * np.abs(wander(times, 5.0, g))
        pose.elbow[:, side] = 0.5 + 2 * rest * wander(times, 4.0, g)
        pose.leg_out[:, side] = 0.1 + 0.5 * rest * wander(times, 6.0, g)
        pose.hip[:, side] = look.knees[side] + 0.5 * rest * wander(times, 6.0, g)
        pose.knee[:, side] = 2 * pose.hip[:, side]
    return pose


def plateau(times: Floats, start: float, end: float, ramp: float) -> Floats:
    """(T,) 0 outside, 1 inside, with smooth flanks of ``ramp`` seconds that lie within start..end."""
    rise = np.clip(np.minimum((times - start) / ramp, (end - times) / ramp), 0, 1)
    return np.asarray(rise * rise * (3 - 2 * rise))


def wander(times: Floats, period: float, g: np.random.Generator) -> Floats:
    """(T,) smooth noise, mostly within -1..1, that changes over about ``period`` seconds."""
    rates = g.uniform(0.5, 1.6, 4) / period
    phases = g.uniform(0, 2 * np.pi, 4)
    return np.asarray(np.sin(2 * np.pi * times[:, None] * rates + phases).sum(axis=1) / 2)


def swing(times: Floats, rate: float, g: np.random.Generator) -> Floats:
    """(T,) to and fro, -1..1, at about ``rate`` Hz, now faster and now slower."""
    phase = g.uniform(0, 2 * np.pi) + 2 * np.pi * g.uniform(0.75, 1.3) * rate * times + 1.5 * wander(times, 2.5, g)
    return np.asarray(np.sin(phase))
