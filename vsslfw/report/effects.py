"""Figures of a comparison: the forest plot of differences, and how each subject fares in two arms."""

from __future__ import annotations

import itertools
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from vsslfw.report.figures import ACCENT, INK, LINE, PAPER, QUIET, SECOND, draw_svg, printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SPREAD = 0.02
"""Of the axis, up and down: more than that would be read as another share."""
APART = 0.012
"""Of the axis: two lines side by side that can still be told apart."""
DIGITS = 9
"""After the point, within which two shares are the same one."""
WRAPPED = 34
"""Letters of an arm's name on a line."""
LOOKS: tuple[dict[str, Any], ...] = (
    {"linestyle": "-", "marker": "o"},
    {"linestyle": (0, (4, 2)), "marker": "s", "markerfacecolor": PAPER},
    {"linestyle": (0, (1, 1.5)), "marker": "^"},
    {"linestyle": (0, (6, 2, 1, 2)), "marker": "D", "markerfacecolor": PAPER},
)
"""Of the subjects of a class; colours tell how they fare."""
UNKNOWN = "class not known"
FATES = {"better": ACCENT, "worse": SECOND, "alike": QUIET}


def forest(contrasts: Sequence[Mapping[str, Any]], metric: str, margin: float | None) -> str:
    """An ``<svg>``: a line for each contrast with its interval, the primary one above and filled; "" without contrasts."""
    if not contrasts:
        return ""
    names = [f"{_wrapped(one['arm'])}\n{_wrapped('minus ' + one['against'])}" for one in contrasts]
    height = max(0.42, 0.08 + 0.13 * max(name.count("\n") + 1 for name in names))

    def draw(axes: Axes) -> None:
        axes.axvline(0, color=LINE, linewidth=1)
        if margin is not None:
            axes.axvspan(-margin, margin, color=LINE, alpha=0.35, linewidth=0)
        for row, one in enumerate(contrasts):
            colour = ACCENT if one["primary"] else INK
            if one["low"] is not None:
                axes.plot([one["low"], one["high"]], [row, row], color=colour, linewidth=2 if one["primary"] else 1.2)
            axes.plot([one["difference"]], [row], "s" if one["primary"] else "o", color=colour, markersize=6 if one["primary"] else 4.5)
        axes.set_yticks(range(len(contrasts)), names, fontsize=7)
        axes.set_ylim(len(contrasts) - 0.5, -0.5)
        axes.set_xlabel(f"difference in {metric}")

    told = "; ".join(f"{one['arm']} minus {one['against']}: {one['difference']:+.3f}" for one in contrasts)
    return draw_svg(draw, "forest", (6.2, 0.9 + height * len(contrasts)), f"Differences in {metric}: {told}")


def slopes(before: Mapping[str, float], after: Mapping[str, float], labels: Mapping[str, str], names: tuple[str, str], *, name: str) -> str:
    """An ``<svg>``: for each subject the share of videos answered rightly in two arms; ``names`` are theirs, left and right.

    ``labels``: subject -> class, as far as known, which is told by dashes and markers. A number at an end counts the subjects there, if
    several are.
    """
    own = {subject: labels.get(subject, UNKNOWN) for subject in before}  # arms of another question have other subjects
    looks = dict(zip(sorted(set(own.values())), itertools.cycle(LOOKS)))

    def draw(axes: Axes) -> None:
        for (left, right), subjects in _alike(before, after).items():
            colour = ACCENT if right > left else SECOND if right < left else QUIET
            for label, nudge in zip(sorted(own[subject] for subject in subjects), nudges(len(subjects)), strict=True):
                look = looks[label] | {"color": colour, "linewidth": 1, "markersize": 3.5}
                axes.plot([0, 1], [left + nudge, right + nudge], alpha=0.8, **look)
        _count(axes, -0.04, before.values(), "right")
        _count(axes, 1.04, after.values(), "left")
        axes.set_xticks([0, 1], [_wrapped(text) for text in names], fontsize=9)
        axes.set_xlim(-0.15, 1.15)
        axes.set_ylim(-0.08, 1.08)
        axes.set_ylabel("share of videos answered rightly", fontsize=9)
        _legend(axes, looks)

    better, worse, alike = fates(before, after)
    told = f"{names[0]} to {names[1]}: {better} subjects fare better, {worse} worse, {alike} alike"
    return draw_svg(draw, name, (6.2, 3.6), told)


def fates(before: Mapping[str, float], after: Mapping[str, float]) -> tuple[int, int, int]:
    """How many subjects fare better, worse and alike in the second arm."""
    counts = [0, 0, 0]
    for (left, right), subjects in _alike(before, after).items():
        counts[0 if right > left else 1 if right < left else 2] += len(subjects)
    return counts[0], counts[1], counts[2]


def nudges(count: int) -> list[float]:
    """How far from their place the lines of subjects are drawn that fare alike: side by side, within `SPREAD` however many they are."""
    step = min(APART, 2 * SPREAD / max(count - 1, 1))
    return [(i - (count - 1) / 2) * step for i in range(count)]


def _wrapped(name: str) -> str:
    return textwrap.fill(printable(name), WRAPPED)


def _alike(before: Mapping[str, float], after: Mapping[str, float]) -> dict[tuple[float, float], list[str]]:
    """Both shares -> the subjects that have them; rounded, since they are means and two ways to one share differ in the last digit."""
    found: dict[tuple[float, float], list[str]] = {}
    for subject in before:
        found.setdefault((round(before[subject], DIGITS), round(after[subject], DIGITS)), []).append(subject)
    return found


def _count(axes: Axes, x: float, shares: Iterable[float], side: Literal["left", "right"]) -> None:
    for share, count in Counter(round(share, DIGITS) for share in shares).items():
        if count > 1:
            axes.text(x, share, str(count), ha=side, va="center", fontsize=8, color=QUIET)


def _legend(axes: Axes, looks: Mapping[str, Mapping[str, Any]]) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=INK, linewidth=1, markersize=3.5, label=printable(name), **look) for name, look in looks.items()]
    handles += [Line2D([], [], color=colour, linewidth=2, label=word) for word, colour in FATES.items()]
    axes.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=len(handles), fontsize=8, frameon=False)
