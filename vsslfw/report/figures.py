"""Figures as inline SVG: no date, no random id, so the same values give the same bytes. Colours follow the page."""

from __future__ import annotations

import html
import io
import itertools
import math
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vsslfw.evaluation.predictions import Prediction
from vsslfw.plan import MASK, PAD
from vsslfw.report.data import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, QUIET, ACCENT, SECOND, LINE, PAPER = "#010203", "#040506", "#070809", "#0a0b0c", "#0d0e0f", "#101112"
THEME = {
    INK: "var(--ink)",
    QUIET: "var(--quiet)",
    ACCENT: "var(--accent)",
    SECOND: "var(--second)",
    LINE: "var(--line)",
    PAPER: "var(--paper)",
}
"""matplotlib knows no CSS variables: it draws in these colours, which then give way to the page's, light or dark."""
SIZE_IN = (5.4, 2.7)
LOG_RANGE = 20
"""A loss that falls by more than this factor is drawn on a logarithmic axis."""
MANY = 12
"""From this many curves on, each is drawn faintly behind their mean."""
SHADES = {"own": LINE, "moved": ACCENT, "mask": INK, "pad": PAPER}
"""What stands at a position of the corrupted sequence -> colour."""


def loss_curves(histories: Sequence[History], *, name: str, ylabel: str) -> str:
    """An ``<svg>`` of loss against epoch: a line for each history, and the mean over histories if there are several.

    ``name`` makes the element ids unique on the page. Returns "" if no history has a finite loss.
    """
    curves = [curve for curve in map(_points, histories) if curve]
    if not curves:
        return ""

    def draw(axes: Axes) -> None:
        _draw(axes, curves)
        axes.set_xlabel("epoch")
        axes.set_ylabel(ylabel)

    first, last = curves[0][0][1], curves[0][-1][1]
    return draw_svg(
        draw, name, SIZE_IN, f"{ylabel} by epoch: from {first:.4g} to {last:.4g}" + (", first curve" if len(curves) > 1 else "")
    )


def pretext_bars(table: Mapping[str, Any], places: Mapping[str, str], answers: Mapping[str, str]) -> str:
    """An ``<svg>`` of the held-out pretext loss at each place: the model beside the trivial answers; "" if nothing was measured."""
    rows = [row for row in table["rows"] if any(value is not None for value in row["losses"])]
    if not rows:
        return ""
    names = table["answers"]

    def draw(axes: Axes) -> None:
        height = 0.8 / len(names)
        for k, name in enumerate(names):
            at = [i + (k - (len(names) - 1) / 2) * height for i in range(len(rows))]
            values = [row["losses"][k] or 0.0 for row in rows]
            model = name == "model"
            axes.barh(at, values, 0.9 * height, color=ACCENT if model else PAPER, edgecolor=ACCENT if model else QUIET, linewidth=0.8)
            for y, value in zip(at, values, strict=True):
                axes.text(value, y, f"  {answers.get(name, name)}", va="center", fontsize=8.5, color=INK if model else QUIET)
        axes.set_yticks(range(len(rows)), [places.get(row["place"], row["place"]) for row in rows])
        axes.invert_yaxis()
        axes.set_xlim(0, 1.28 * max(value or 0.0 for row in rows for value in row["losses"]))
        axes.set_xlabel("loss per real frame (lower is better)")
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)

    return draw_svg(
        draw, "pretext", (6.4, 0.7 + 0.8 * len(rows)), "Pretext loss by place, the model beside trivial answers; the table has the values"
    )


def subject_strip(predictions: Sequence[Prediction], positive: str) -> str:
    """An ``<svg>``: a row for each subject, a mark for each answer at the probability of ``positive``; "" without predictions.

    Filled marks are videos of that class, hollow ones are others, and a cross is a wrong answer.
    """
    if not predictions:
        return ""
    subjects = sorted({p.subject for p in predictions}, key=lambda s: (min(p.label != positive for p in predictions if p.subject == s), s))

    def draw(axes: Axes) -> None:
        for wrong in (False, True):
            for own in (True, False):
                shown = [p for p in predictions if (p.label != p.predicted) == wrong and (p.label == positive) == own]
                at = ([p.probabilities[positive] for p in shown], [subjects.index(p.subject) for p in shown])
                colour = ACCENT if own else SECOND
                axes.scatter(*at, s=26, facecolor=colour if own else PAPER, edgecolor=colour, linewidth=1.2, zorder=3)
                if wrong:
                    axes.scatter(*at, s=60, marker="x", color=INK, linewidth=1.1, zorder=4)
        axes.axvline(0.5, color=QUIET, linewidth=0.8, linestyle=(0, (3, 3)))
        axes.set_yticks(range(len(subjects)), [printable(subject) for subject in subjects])
        axes.set_ylim(len(subjects) - 0.5, -0.5)
        axes.set_xlim(-0.02, 1.02)
        axes.set_xlabel(f"probability of {printable(positive)}")
        axes.grid(axis="y", color=LINE, linewidth=0.6)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)

    wrong = sum(p.label != p.predicted for p in predictions)
    label = f"Probability of {positive} of every tested video, by subject; {wrong} of {len(predictions)} answers are wrong"
    return draw_svg(draw, "subjects", (6.4, 0.7 + 0.26 * len(subjects)), label)


def curve(entry: Mapping[str, Any], *, name: str, xlabel: str, ylabel: str, diagonal: bool = False) -> str:
    """An ``<svg>`` of ``y`` against ``x``, both from 0 to 1, with the band from ``low`` to ``high`` if there is one."""

    def draw(axes: Axes) -> None:
        if diagonal:
            axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8, linestyle=(0, (3, 3)))
        if entry["low"]:
            axes.fill_between(entry["x"], entry["low"], entry["high"], color=ACCENT, alpha=0.18, linewidth=0)
        axes.plot(entry["x"], entry["y"], color=ACCENT, linewidth=2.0)
        _unit_square(axes, xlabel, ylabel)

    return draw_svg(draw, name, (4.2, 3.4), f"{ylabel} against {xlabel}; the figures stand in the tables")


def calibration(points: Sequence[Mapping[str, Any]], positive: str) -> str:
    """An ``<svg>``: what came true in groups of videos with like probabilities; "" without points."""
    if not points:
        return ""

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8, linestyle=(0, (3, 3)))
        for point in points:
            if point["low"] is not None:
                axes.plot([point["predicted"]] * 2, [point["low"], point["high"]], color=ACCENT, linewidth=1.2, alpha=0.6)
        axes.scatter([p["predicted"] for p in points], [p["observed"] for p in points], s=[12 + 2 * p["n"] for p in points], color=ACCENT)
        _unit_square(axes, f"mean probability of {printable(positive)}", f"share that was {printable(positive)}")

    return draw_svg(draw, "calibration", (4.2, 3.4), f"Calibration in {len(points)} groups of videos")


def decision(entry: Mapping[str, Any], positive: str) -> str:
    """An ``<svg>`` of the net benefit by threshold: the model, treating all, treating none."""

    def draw(axes: Axes) -> None:
        x = entry["threshold"]
        if entry["low"]:
            axes.fill_between(x, entry["low"], entry["high"], color=ACCENT, alpha=0.18, linewidth=0)
        axes.plot(x, entry["all"], color=SECOND, linewidth=1.4, label=f"all are {printable(positive)}")
        axes.plot(x, [0] * len(x), color=QUIET, linewidth=1.0, label="none is")
        axes.plot(x, entry["model"], color=ACCENT, linewidth=2.0, label="the model")
        top = max(max(entry["model"]), entry["all"][0], 0.05)
        axes.set_ylim(-0.25 * top, 1.1 * top)
        axes.set_xlim(0, 1)
        axes.set_xlabel("threshold probability")
        axes.set_ylabel("net benefit a video")
        axes.legend(frameon=False, fontsize=8.5, labelcolor=INK)
        axes.spines[["top", "right"]].set_visible(False)

    return draw_svg(draw, "decision", (4.2, 3.4), "Net benefit by threshold: the model, all, none")


def abstention(entry: Mapping[str, Any]) -> str:
    """An ``<svg>``: what is right among the surest answers, for more and more of them."""

    def draw(axes: Axes) -> None:
        axes.plot(entry["answered"], entry["accuracy"], color=QUIET, linewidth=1.2, label="accuracy")
        known = [(a, b) for a, b in zip(entry["answered"], entry["balanced_accuracy"], strict=True) if b is not None]
        if known:
            axes.plot(*zip(*known, strict=True), color=ACCENT, linewidth=2.0, label="balanced accuracy")
        axes.legend(frameon=False, fontsize=8.5, loc="lower left", labelcolor=INK)
        _unit_square(axes, "share of videos that get an answer", "right among them")

    return draw_svg(draw, "abstention", (4.2, 3.4), "Accuracy among the surest answers, by the share that is answered")


def _unit_square(axes: Axes, xlabel: str, ylabel: str) -> None:
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.spines[["top", "right"]].set_visible(False)


def plan_strip(source: Sequence[int], fps: float) -> str:
    """An ``<svg>`` of a whole corruption plan: which frame stands at each position, and a strip of what kind it is."""
    kinds = ["mask" if s == MASK else "pad" if s == PAD else "own" if s == i else "moved" for i, s in enumerate(source)]

    def draw(axes: Axes) -> None:
        real = [(i / fps, s / fps) for i, s in enumerate(source) if s >= 0]
        axes.plot(*zip(*real, strict=True), ".", markersize=2.2, color=ACCENT) if real else None
        low = -0.12 * len(source) / fps
        for kind in SHADES:
            runs = _runs([k == kind for k in kinds])
            spans = [(a / fps, (b - a) / fps) for a, b in runs]
            axes.broken_barh(spans, (low, -low * 0.6), facecolor=SHADES[kind], edgecolor=QUIET, linewidth=0.3)
        axes.set_xlabel("position, seconds")
        axes.set_ylabel("frame that stands there, s")
        axes.spines[["top", "right"]].set_visible(False)

    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in SHADES)
    return draw_svg(draw, "plan", (6.4, 2.5), f"The corruption plan of {len(source)} positions: {counts}")


def printable(text: str) -> str:
    """Without control characters and half letters: no XML may hold them."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def _runs(flags: Sequence[bool]) -> list[tuple[int, int]]:
    """Half-open ranges in which the flags are true."""
    edges = [0, *(i for i in range(1, len(flags)) if flags[i] != flags[i - 1]), len(flags)]
    return [(a, b) for a, b in itertools.pairwise(edges) if a < b and flags[a]]


def draw_svg(draw: Callable[[Axes], None], name: str, size: tuple[float, float], label: str) -> str:
    """An ``<svg>`` of what ``draw`` draws, ``size`` in inches; ``name`` makes its ids unique, ``label`` says in words what it shows."""
    from matplotlib import style
    from matplotlib.figure import Figure

    options: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "font.size": 11,
        "font.family": "sans-serif",
        "axes.unicode_minus": True,
        "text.parse_math": False,
    }
    for part in ("text.color", "axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor"):
        options[part] = INK
    for part in ("axes.edgecolor", "xtick.color", "ytick.color"):
        options[part] = QUIET
    with style.context(["default", options]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # the browser has the letters that matplotlib's own font lacks
        drawing = Figure(figsize=size, layout="constrained")
        draw(drawing.add_subplot())
        text = io.StringIO()
        drawing.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _inline(text.getvalue(), name, label)


def _points(history: History) -> list[tuple[float, float]]:
    return [(entry["epoch"], float(entry["loss"])) for entry in history if math.isfinite(entry["loss"])]


def _draw(axes: Axes, curves: list[list[tuple[float, float]]]) -> None:
    from matplotlib.ticker import MaxNLocator

    one = len(curves) == 1
    for curve in curves:
        look: dict[str, Any] = {"color": ACCENT, "linewidth": 2.0}
        if not one:
            look = {"color": QUIET, "linewidth": 0.8, "alpha": 0.35 if len(curves) >= MANY else 0.7}
        axes.plot(*zip(*curve, strict=True), marker="o" if len(curve) == 1 else None, markersize=4, **look)
    if not one:
        axes.plot(*zip(*_mean(curves), strict=True), color=ACCENT, linewidth=2.2, marker="o" if len(_mean(curves)) == 1 else None)
    values = [value for curve in curves for _, value in curve]
    if min(values) > 0 and max(values) > LOG_RANGE * min(values):
        axes.set_yscale("log")
    elif min(values) >= 0:
        axes.set_ylim(0, max(values) * 1.05 or 1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=QUIET, alpha=0.25, linewidth=0.6)


def _mean(curves: list[list[tuple[float, float]]]) -> list[tuple[float, float]]:
    """The mean at each epoch, over the curves that reach it."""
    by_epoch: dict[float, list[float]] = {}
    for curve in curves:
        for epoch, value in curve:
            by_epoch.setdefault(epoch, []).append(value)
    return [(epoch, sum(values) / len(values)) for epoch, values in sorted(by_epoch.items())]


def _inline(document: str, name: str, label: str) -> str:
    """The ``<svg>`` element alone, its ids made unique, its colours the page's, its size the page's."""
    svg = document[document.index("<svg") :].strip()
    svg = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(
        r'(<svg [^>]*?) width="[^"]*" height="[^"]*"',
        lambda m: f'{m[1]} role="img" aria-label="{html.escape(printable(label))}"',
        svg,
        count=1,
    )
    svg = re.sub(r"font-family: [^;\"]*", "font-family: inherit", svg)
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, count=1, flags=re.DOTALL)
    for drawn, shown in THEME.items():
        svg = svg.replace(drawn, shown)
    return svg
