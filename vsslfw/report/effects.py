"""Figures of a comparison: the forest plot of differences, and how each subject fares in two arms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vsslfw.report.figures import ACCENT, INK, LINE, QUIET, SECOND, draw_svg, printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def forest(contrasts: Sequence[Mapping[str, Any]], metric: str, margin: float | None) -> str:
    """An ``<svg>``: a line for each contrast with its interval, the primary one above and filled; "" without contrasts."""
    if not contrasts:
        return ""

    def draw(axes: Axes) -> None:
        axes.axvline(0, color=LINE, linewidth=1)
        if margin is not None:
            axes.axvspan(-margin, margin, color=LINE, alpha=0.35, linewidth=0)
        for row, one in enumerate(contrasts):
            colour = ACCENT if one["primary"] else INK
            if one["low"] is not None:
                axes.plot([one["low"], one["high"]], [row, row], color=colour, linewidth=2 if one["primary"] else 1.2)
            axes.plot([one["difference"]], [row], "s" if one["primary"] else "o", color=colour, markersize=6 if one["primary"] else 4.5)
        axes.set_yticks(
            range(len(contrasts)), [f"{printable(one['arm'])}\nminus {printable(one['against'])}" for one in contrasts], fontsize=7
        )
        axes.set_ylim(len(contrasts) - 0.5, -0.5)
        axes.set_xlabel(f"difference in {metric}")

    told = "; ".join(f"{one['arm']} minus {one['against']}: {one['difference']:+.3f}" for one in contrasts)
    return draw_svg(draw, "forest", (6.2, 0.9 + 0.42 * len(contrasts)), f"Differences in {metric}: {told}")


def slopes(before: Mapping[str, float], after: Mapping[str, float], labels: Mapping[str, str], names: tuple[str, str], *, name: str) -> str:
    """An ``<svg>``: for each subject the share of videos answered rightly in two arms; ``names`` are theirs, left and right."""
    shifted: dict[tuple[float, float], int] = {}

    def draw(axes: Axes) -> None:
        for subject in before:
            left, right = before[subject], after[subject]
            again = shifted[left, right] = shifted.get((left, right), -1) + 1
            nudge = 0.012 * ((again + 1) // 2) * (1 if again % 2 else -1)  # subjects that fare alike lie side by side
            colour = ACCENT if right > left else SECOND if right < left else QUIET
            axes.plot([0, 1], [left + nudge, right + nudge], "-o", color=colour, linewidth=1, markersize=3, alpha=0.8)
        axes.set_xticks([0, 1], [printable(text) for text in names])
        axes.set_xlim(-0.15, 1.15)
        axes.set_ylim(-0.08, 1.08)
        axes.set_ylabel("share answered rightly")

    better = sum(after[s] > before[s] for s in before)
    worse = sum(after[s] < before[s] for s in before)
    told = f"{names[0]} to {names[1]}: {better} subjects fare better, {worse} worse, {len(before) - better - worse} alike"
    return draw_svg(draw, name, (5.4, 3.2), told)
