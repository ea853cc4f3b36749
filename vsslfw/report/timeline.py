"""A timeline of each video: the probability over time, by window, and which moments mattered (occlusion over time)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vsslfw.evaluation.predictions import Occlusion, Prediction, WindowAnswer

WIDTH, HEIGHT, LOWER = 600.0, 60.0, 26.0
"""Units of the drawing: the strip of probabilities, and the strip of occlusion below it."""
BARS = 60
"""Of a long video so many moments are drawn at most, those that mattered most."""


@dataclass(frozen=True)
class Bar:
    """A moment: where it is drawn, and whether it spoke for the positive class."""

    x: float
    width: float
    height: float
    supports: bool


@dataclass(frozen=True)
class Timeline:
    """What is drawn of one video, in units of the drawing; words beside it."""

    video: str
    subject: str
    truth: str | None
    """The true class; none where it is not known."""
    answer: str
    probability: float
    positive: str
    seconds: float
    windows: Sequence[tuple[float, float, float]]
    """(x, width, y) of each window at its probability of the positive class."""
    bars: Sequence[Bar]
    moments: str
    """Which moments mattered, in a sentence."""
    threshold: float = 0.5

    @property
    def wrong(self) -> bool:
        """The answer is known to be wrong."""
        return self.truth is not None and self.truth != self.answer

    @property
    def label(self) -> str:
        """The drawing in words, for whoever cannot see it."""
        return f"{self.video}: probability of {self.positive} over {self.seconds:.1f} s in {len(self.windows)} windows. {self.moments}"


def timeline(
    *,
    video: str,
    subject: str,
    truth: str | None,
    answer: str,
    positive: str,
    probability: float,
    seconds: float,
    windows: Sequence[tuple[float, float, float]],
    occlusion: Sequence[tuple[float, float, float]],
    threshold: float | None = None,
) -> Timeline:
    """A timeline from windows (start_s, end_s, p) and occlusion (start_s, end_s, p of the video without that moment); p of ``positive``."""
    length = max([seconds, *(end for _, end, _ in windows), 1e-6])
    scale = WIDTH / length
    drawn = [(start * scale, (end - start) * scale, HEIGHT * (1 - p)) for start, end, p in windows]
    changes = [(start, end, probability - p) for start, end, p in occlusion]
    most = max((abs(change) for *_, change in changes), default=0.0)
    kept = sorted(sorted(changes, key=lambda c: -abs(c[2]))[:BARS])
    bars = [Bar(s * scale, (e - s) * scale, LOWER / 2 * abs(c) / most, c > 0) for s, e, c in kept if most > 0 and abs(c) > most / 50]
    cut = 0.5 if threshold is None else threshold
    return Timeline(video, subject, truth, answer, probability, positive, length, drawn, bars, _moments(changes, positive), cut)


def timelines(
    predictions: Sequence[Prediction], windows: Sequence[WindowAnswer], occlusions: Sequence[Occlusion], positive: str
) -> list[tuple[str, list[Timeline]]]:
    """By subject, sorted; of a repeated split the first repeat. Nothing without windows."""
    shown: dict[str, list[WindowAnswer]] = {}
    for window in windows:
        if window.repeat == 1:
            shown.setdefault(window.video, []).append(window)
    hidden: dict[str, list[Occlusion]] = {}
    for occlusion in occlusions:
        if occlusion.repeat == 1:
            hidden.setdefault(occlusion.video, []).append(occlusion)
    by_subject: dict[str, list[Timeline]] = {}
    for p in sorted(predictions, key=lambda p: (p.subject, p.video)):
        if p.repeat != 1 or p.video not in shown:
            continue
        own = timeline(
            video=p.video,
            subject=p.subject,
            truth=p.label,
            answer=p.predicted,
            positive=positive,
            probability=p.probabilities[positive],
            seconds=p.seconds,
            windows=[(w.start_s, w.end_s, w.probabilities[positive]) for w in shown[p.video]],
            occlusion=[(o.start_s, o.end_s, o.probability) for o in hidden.get(p.video, ())],
            threshold=p.threshold,
        )
        by_subject.setdefault(p.subject, []).append(own)
    return list(by_subject.items())


def _moments(changes: Sequence[tuple[float, float, float]], positive: str) -> str:
    if not changes:
        return "Too short to say which moments mattered, or that was not looked for."
    start, end, change = max(changes, key=lambda c: abs(c[2]))
    if abs(change) < 0.005:
        return "No single moment mattered: hiding any of them changes the probability by less than .005."
    side = "for" if change > 0 else "against"
    return f"{start:.1f}-{end:.1f} s mattered most: without it the probability changes by {abs(change):.3f} (it spoke {side} {positive})."
