"""How people move: at rest, in daily life, in an epileptic seizure (ES) and in a psychogenic one (PNES).

ES unfolds in order: stiff, then rhythmic jerks of all limbs together whose period grows, then limp. PNES has no order:
each limb thrashes at its own changing rate, strength waxes and wanes, there are pauses, and the head goes from side to side.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np

from vsslfw.data.synthetic.body import LEFT, RIGHT, Floats, Pose
from vsslfw.data.synthetic.looks import Look
from vsslfw.seeds import Stream


@dataclass(frozen=True)
class Event:
    """Something that happens in a video, in seconds from its start."""

    name: str
    start_s: float
    end_s: float


@dataclass
class Motion:
    """The patient's pose over time, what happens when, and the path of a nurse (T, 3), if one comes in."""

    pose: Pose
    events: list[Event] = field(default_factory=list)
    nurse: Floats | None = None


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


def epileptic(times: Floats, look: Look, stream: Stream, *, onset: float) -> Motion:
    """ES from ``onset`` (seconds) to the end: tonic, then clonic jerks of growing period in all limbs at once, then limp."""
    g = (stream / "seizure").generator()
    motion = Motion(at_rest(times, look, stream / "rest"))
    pose, end = motion.pose, float(times[-1])
    clonic = onset + (end - onset) * g.uniform(0.15, 0.25)
    limp = end - (end - onset) * g.uniform(0.05, 0.15)
    side = g.choice([-1.0, 1.0])
    stiff = plateau(times, onset, limp, 0.5)
    tonic = plateau(times, onset, clonic + 0.4, 0.4)
    onsets, jerk = _jerks(times, clonic, limp, g)
    tremor = tonic * 0.07 * np.sin(2 * np.pi * 7 * times)
    pose.turn = (1 - stiff) * pose.turn + stiff * side * g.uniform(0.6, 0.9) + 0.25 * jerk
    pose.arch += 0.08 * stiff * g.uniform(0.7, 1.3) + 0.1 * jerk
    reach, bend = g.uniform(0.55, 0.75), g.uniform(1.3, 1.6)
    for s in (LEFT, RIGHT):
        strength, late = g.uniform(0.85, 1.15), g.uniform(0.0, 0.04)
        shake = strength * np.interp(times - late, times, jerk)
        pose.arm_out[:, s] += stiff * (0.2 - pose.arm_out[:, s]) + 0.1 * shake
        pose.arm_up[:, s] += stiff * reach + 0.6 * shake + tremor
        pose.elbow[:, s] += stiff * (bend - pose.elbow[:, s]) - 0.3 * tonic - 1.0 * shake + tremor
        pose.hip[:, s] += 0.4 * shake
        pose.knee[:, s] += 0.8 * shake
        pose.leg_out[:, s] += 0.1 * stiff
    motion.pose = pose.limited()
    motion.events += [Event("ictal", onset, end), Event("tonic", onset, clonic), Event("clonic", clonic, limp)]
    motion.events += [Event("jerk", float(a), float(b)) for a, b in itertools.pairwise(onsets)]
    return motion


def _jerks(times: Floats, start: float, end: float, g: np.random.Generator) -> tuple[Floats, Floats]:
    """Onsets of jerks whose period grows from about 0.35 s to about 1.1 s, and their time course (T,), 0 to 1."""
    period, growth, onsets = g.uniform(0.32, 0.4), g.uniform(2.6, 3.4), [start]
    while onsets[-1] < end:
        done = (onsets[-1] - start) / (end - start)
        onsets.append(onsets[-1] + period * growth**done * g.uniform(0.95, 1.05))
    course = np.zeros_like(times)
    for a, b in itertools.pairwise(onsets):
        phase = (times - a) / (b - a)
        # A jerk is sudden and its relaxation slow.
        course += np.where((phase >= 0) & (phase < 1), np.minimum(phase / 0.25, (1 - phase) / 0.75), 0.0)
    return np.array(onsets), course


def psychogenic(times: Floats, look: Look, stream: Stream, *, onset: float) -> Motion:
    """PNES from ``onset`` (seconds) to the end: asynchronous thrashing that waxes and wanes, pauses, the head side to side."""
    g = (stream / "seizure").generator()
    motion = Motion(at_rest(times, look, stream / "rest"))
    pose, end = motion.pose, float(times[-1])
    starts = [onset + (end - onset) * (share + g.uniform(-0.08, 0.08)) for share in (0.36, 0.7)]
    pauses = [(start, start + float(g.uniform(0.6, 1.3))) for start in starts]
    active = plateau(times, onset, end + 1, 0.5)
    for start, stop in pauses:
        active = active * (1 - plateau(times, start, stop, 0.3))
    pose.turn += active * 0.8 * swing(times, 0.6, g)
    pose.roll += active * 0.2 * swing(times, 0.5, g)
    pose.arch += active * 0.06 * np.abs(swing(times, 0.6, g))
    pose.shift += active * 0.025 * swing(times, 0.5, g)
    for s in (LEFT, RIGHT):
        strength = active * (0.75 + 0.25 * wander(times, 3.0, g))
        pose.arm_out[:, s] += strength * (0.75 + 0.6 * swing(times, 0.7, g))
        pose.arm_up[:, s] += strength * (0.3 + 0.4 * swing(times, 0.8, g))
        pose.elbow[:, s] += strength * (0.1 + 0.6 * swing(times, 0.8, g))
        kick = strength * (0.2 + 0.25 * swing(times, 0.6, g))
        pose.hip[:, s] += kick
        pose.knee[:, s] += 2 * kick
        pose.leg_out[:, s] += strength * 0.15 * swing(times, 0.7, g)
    motion.pose = pose.limited()
    motion.events += [Event("ictal", onset, end)] + [Event("pause", start, min(stop, end)) for start, stop in pauses]
    return motion


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
