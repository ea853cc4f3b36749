"""Seizures of the two classes, at three levels of difficulty.

A seizure is a tonic lead-in, a train of movement cycles, and a limp end. In an epileptic one (ES) the cycles follow each other in
order: their period grows. A psychogenic one (PNES) is made of the very same cycles, shuffled. So both have the same poses, the
same energy and the same duration; what else tells them apart is a matter of the level:

- ``order``: nothing. All limbs move together in both classes, pauses fall anywhere in both.
- ``rhythm``: in ES the limbs keep one rhythm, each at its own constant phase, and pauses come between the last cycles; in PNES
  each limb shuffles the cycles for itself, and pauses fall anywhere.
- ``easy``: ``rhythm``, and the limbs of ES move together with bent arms and the head held to one side; in PNES the arms are
  thrown out and the head goes from side to side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vsslfw.data.synthetic.body import LEFT, RIGHT, Floats, Pose
from vsslfw.data.synthetic.looks import Look
from vsslfw.data.synthetic.motion import Event, Motion, at_rest, plateau, swing
from vsslfw.seeds import Stream

LEVELS = ("easy", "rhythm", "order")
LIMBS = ("left arm", "right arm", "left leg", "right leg", "trunk")
SHUFFLED = 0.2
"""A shuffle whose rank correlation with growing periods is further from 0 than this is drawn again."""


@dataclass(frozen=True)
class Cycles:
    """The cycles of one seizure, in the order of growing periods."""

    periods: Floats
    """(N,) seconds."""
    strengths: Floats
    """(N,), 1 on average."""
    start_s: float
    pauses: Floats
    """(P,) seconds that each pause lasts."""


@dataclass(frozen=True)
class Pauses:
    """Where the whole body stops for a while: movement goes on afterwards where it was."""

    start_s: float
    """Of the movement."""
    at: Floats
    """(P,) growing, seconds of movement done before each pause."""
    lengths: Floats
    """(P,) seconds."""

    def moved(self, times: Floats) -> Floats:
        """(T,) seconds of movement done until each time."""
        starts = self.at + np.concatenate([[0.0], np.cumsum(self.lengths)[:-1]])
        since = times - self.start_s
        stood = np.clip(since[:, None] - starts, 0, self.lengths).sum(axis=1)
        return np.asarray(np.maximum(since, 0) - stood)

    def clock(self, moved: Floats) -> Floats:
        """(N,) the time at which so many seconds of movement are done."""
        return np.asarray(self.start_s + moved + (self.lengths * (moved[:, None] > self.at + 1e-9)).sum(axis=1))


@dataclass(frozen=True)
class Train:
    """How one limb goes through the cycles."""

    order: NDArray[np.int64]
    """(N,) which cycle comes when."""
    ends: Floats
    """(N,) seconds of movement after which each has ended."""
    phase: float
    """Share of a cycle by which the limb lags."""

    def course(self, moved: Floats, strengths: Floats) -> Floats:
        """(T,) how far the limb is in its movement, 0 at rest, about 1 at the height of a cycle; ``moved`` (T,) in seconds."""
        done = np.interp(moved, np.concatenate([[0.0], self.ends]), np.arange(len(self.ends) + 1)) - self.phase
        which = np.clip(np.floor(done).astype(int), 0, len(self.order) - 1)
        within = np.clip(done - which, 0, 1)
        # A jerk is sudden and its relaxation slow.
        return np.asarray(strengths[self.order[which]] * np.minimum(within / 0.3, (1 - within) / 0.7))


def seizure(label: str, level: str, times: Floats, look: Look, stream: Stream, *, onset: float) -> Motion:
    """A seizure of class ``label`` (ES, PNES) from ``onset`` (seconds) to the end.

    All but what the level says is drawn without looking at the label.
    """
    motion = Motion(at_rest(times, look, stream / "rest"))
    end = float(times[-1])
    g = (stream / "cycles").generator()
    tonic_end = onset + (end - onset) * g.uniform(0.12, 0.2)
    limp = end - (end - onset) * g.uniform(0.05, 0.12)
    cycles = draw_cycles(tonic_end, limp, g)
    trains, pauses = arrange(label, level, cycles, (stream / "order").generator())
    moved = pauses.moved(times)
    # What the phase cuts off at the end runs out smoothly.
    courses = {limb: train.course(moved, cycles.strengths) * plateau(times, tonic_end - 1, limp, 0.2) for limb, train in trains.items()}
    stiff = plateau(times, onset, limp, 0.5)
    _move(motion.pose, courses, stiff, plateau(times, onset, tonic_end + 0.4, 0.4), times, (stream / "style").generator())
    if level == "easy":
        _pose_of_the_class(label, motion.pose, stiff, times, (stream / "pose").generator())
    motion.pose = motion.pose.limited()
    motion.events += [Event("ictal", onset, end), Event("tonic", onset, tonic_end), Event("clonic", tonic_end, limp)]
    for limb, train in trains.items():
        starts = pauses.clock(np.concatenate([[0.0], train.ends[:-1]]) + train.phase * cycles.periods[train.order])
        motion.events += [Event("cycle", float(at), float(at), limb) for at in starts if at < limp]
    ended = pauses.start_s + pauses.at + np.cumsum(pauses.lengths)
    motion.events += [Event("pause", float(b - s), float(b)) for b, s in zip(ended, pauses.lengths, strict=True)]
    return motion


def draw_cycles(start: float, end: float, g: np.random.Generator) -> Cycles:
    """Cycles that fill ``start`` to ``end`` (seconds): periods from about 0.36 s to about 1.1 s, and one or two pauses."""
    room = end - start
    pauses = g.uniform(0.4, 0.8, 2 if room > 5 else 1) * min(room / 6, 1)
    shortest, growth = g.uniform(0.34, 0.4), g.uniform(2.7, 3.3)
    # The mean of a geometric row tells how many cycles fill the time.
    mean = shortest * (growth - 1) / np.log(growth)
    count = max(round((room - pauses.sum()) / mean), 3)
    periods = np.sort(shortest * growth ** ((np.arange(count) + 0.5) / count) * g.uniform(0.96, 1.04, count))
    periods *= (room - pauses.sum()) / periods.sum()
    return Cycles(periods, g.uniform(0.8, 1.2, count), start, pauses)


def arrange(label: str, level: str, cycles: Cycles, g: np.random.Generator) -> tuple[dict[str, Train], Pauses]:
    """Limb -> its way through the cycles, and where the body pauses. The draws are the same for both labels."""
    count, paused = len(cycles.periods), len(cycles.pauses)
    together, anywhere = level == "order" or (level == "easy" and label == "ES"), level == "order" or label == "PNES"
    shuffles = [_shuffled(count, g) for _ in LIMBS]
    phases, lags = g.uniform(0, 1, len(LIMBS)), g.uniform(0, 0.06, len(LIMBS))
    places = np.sort(g.uniform(0.1, 0.9, paused)) * cycles.periods.sum()
    trains = {}
    for k, limb in enumerate(LIMBS):
        order = np.arange(count) if label == "ES" else shuffles[0 if level == "order" else k]
        trains[limb] = Train(order, np.cumsum(cycles.periods[order]), float((lags if together else phases)[k]))
    at = places if anywhere else np.cumsum(cycles.periods)[-1 - paused : -1]
    return trains, Pauses(cycles.start_s, at, cycles.pauses)


def _shuffled(count: int, g: np.random.Generator) -> NDArray[np.int64]:
    """(count,) a permutation that is neither sorted nor reversed, not even by half."""
    for _ in range(1000):
        order = g.permutation(count)
        if count < 4 or abs(np.corrcoef(order, np.arange(count))[0, 1]) <= SHUFFLED:
            return order
    raise AssertionError(f"no shuffle of {count} in a thousand")  # of 4, every eighth is one


def _move(pose: Pose, courses: dict[str, Floats], stiff: Floats, tonic: Floats, times: Floats, g: np.random.Generator) -> None:
    """Stiff limbs, a fine tremor in the tonic part, and on top of it the cycles."""
    tremor = tonic * 0.07 * np.sin(2 * np.pi * 5 * times)
    side, turn, lift = g.choice([-1.0, 1.0]), g.uniform(0.2, 0.9), g.uniform(0.7, 1.3)
    reach, bend, out = g.uniform(0.4, 0.8, 2), g.uniform(1.0, 1.6, 2), g.uniform(0.15, 0.6, 2)
    strengths = g.uniform(0.85, 1.15, len(LIMBS))
    shakes = {limb: strength * courses[limb] for limb, strength in zip(LIMBS, strengths, strict=True)}
    pose.turn += stiff * (side * turn - pose.turn) + 0.25 * side * shakes["trunk"]
    pose.arch += 0.06 * stiff * lift + 0.08 * shakes["trunk"]
    for s, name in ((LEFT, "left"), (RIGHT, "right")):
        arm, leg = shakes[f"{name} arm"], shakes[f"{name} leg"]
        pose.arm_out[:, s] += stiff * (out[s] - pose.arm_out[:, s]) + 0.2 * arm
        pose.arm_up[:, s] += stiff * (reach[s] - pose.arm_up[:, s]) + 0.6 * arm + tremor
        pose.elbow[:, s] += stiff * (bend[s] - pose.elbow[:, s]) - 0.9 * arm + tremor
        pose.hip[:, s] += 0.4 * leg
        pose.knee[:, s] += 0.8 * leg
        pose.leg_out[:, s] += 0.1 * stiff


def _pose_of_the_class(label: str, pose: Pose, stiff: Floats, times: Floats, g: np.random.Generator) -> None:
    """Level easy: bent arms, or arms thrown out and the head from side to side."""
    if label == "ES":
        pose.elbow += 0.35 * stiff[:, None]
        pose.arm_out += (0.15 - pose.arm_out) * 0.6 * stiff[:, None]
        return
    pose.turn += stiff * (0.8 * swing(times, 0.6, g) - pose.turn)
    pose.roll += 0.15 * stiff * swing(times, 0.5, g)
    for s in (LEFT, RIGHT):
        pose.arm_out[:, s] += stiff * (0.6 + 0.45 * swing(times, 0.7, g))
