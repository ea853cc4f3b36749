"""Loss curves as inline SVG: no date, no random id, so the same values give the same bytes. Colours follow the page."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vsslfw.report.data import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, QUIET, ACCENT = "#010203", "#040506", "#070809"
THEME = {INK: "var(--ink)", QUIET: "var(--quiet)", ACCENT: "var(--accent)"}
"""matplotlib knows no CSS variables: it draws in these colours, which then give way to the page's, light or dark."""
SIZE_IN = (5.4, 2.7)
LOG_RANGE = 20
"""A loss that falls by more than this factor is drawn on a logarithmic axis."""
MANY = 12
"""From this many curves on, each is drawn faintly behind their mean."""


def loss_curves(histories: Sequence[History], *, name: str, ylabel: str) -> str:
    """An ``<svg>`` of loss against epoch: a line for each history, and the mean over histories if there are several.

    ``name`` makes the element ids unique on the page. Returns "" if no history has a finite loss.
    """
    curves = [curve for curve in map(_points, histories) if curve]
    if not curves:
        return ""
    from matplotlib import style
    from matplotlib.figure import Figure

    options: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "font.size": 11,
        "font.family": "sans-serif",
        "axes.unicode_minus": True,
    }
    for part in ("text.color", "axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor"):
        options[part] = INK
    for part in ("axes.edgecolor", "xtick.color", "ytick.color"):
        options[part] = QUIET
    with style.context(["default", options]):
        drawing = Figure(figsize=SIZE_IN, layout="constrained")
        axes = drawing.add_subplot()
        _draw(axes, curves)
        axes.set_xlabel("epoch")
        axes.set_ylabel(ylabel)
        text = io.StringIO()
        drawing.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _inline(text.getvalue(), name)


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


def _inline(document: str, name: str) -> str:
    """The ``<svg>`` element alone, its ids made unique, its colours the page's, its size the page's."""
    svg = document[document.index("<svg") :].strip()
    svg = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r'(<svg [^>]*?) width="[^"]*" height="[^"]*"', r'\1 aria-hidden="true"', svg, count=1)
    svg = re.sub(r"font-family: [^;\"]*", "font-family: inherit", svg)
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, count=1, flags=re.DOTALL)
    for drawn, shown in THEME.items():
        svg = svg.replace(drawn, shown)
    return svg
