"""Draws a picture of each noise, from the noise itself. Usage: python docs/draw.py [FOLDER]; without a folder, the ones of the README."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams |= {"svg.hashsalt": "vsslfw", "hatch.linewidth": 0.7, "font.family": "DejaVu Sans", "font.size": 9.5}

import numpy as np  # noqa: E402
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.patches import PathPatch, Rectangle  # noqa: E402
from matplotlib.path import Path as Curve  # noqa: E402
from vsslfw_bart_noise.document_rotation import DocumentRotation  # noqa: E402
from vsslfw_bart_noise.sentence_permutation import SentencePermutation  # noqa: E402
from vsslfw_bart_noise.text_infilling import TextInfilling  # noqa: E402
from vsslfw_bart_noise.time_reversal import TimeReversal  # noqa: E402
from vsslfw_bart_noise.token_deletion import TokenDeletion  # noqa: E402
from vsslfw_bart_noise.token_masking import TokenMasking  # noqa: E402

from vsslfw.interfaces import SequenceCorruption  # noqa: E402
from vsslfw.plan import MASK, PAD, CorruptionPlan  # noqa: E402

K, T = 36, 40
COLOUR = matplotlib.colormaps["viridis"](np.linspace(0.17, 0.97, K))
CARD, INK, MUTED, GREY = "#ffffff", "#1f2429", "#5b636d", "#d5d9de"
WORDS: dict[str, Any] = {"color": MUTED, "va": "center", "fontsize": 8.5}
# A card brings its own ground, so it can be read on any page; in a dark browser it turns dark as a whole.
DARK = {CARD: "#161b22", INK: "#e8edf2", MUTED: "#9da7b1", GREY: "#3a424b"}

PICTURES: dict[str, tuple[SequenceCorruption, int]] = {
    "token_masking": (TokenMasking(ratio=0.25), 1),
    "token_deletion": (TokenDeletion(ratio=0.25), 1),
    "text_infilling": (TextInfilling(ratio=0.35, lam=3.0, unit=1), 9),
    "sentence_permutation": (SentencePermutation(segment=8), 2),
    "document_rotation": (DocumentRotation(), 0),
    "time_reversal": (TimeReversal(span=16, probability=1.0), 3),
}
"""Noise and seed of each, with values for a sequence as short as the pictures'."""


def corrupted(name: str) -> CorruptionPlan:
    """The plan that is drawn: of K = 36 frames and 4 PAD."""
    noise, seed = PICTURES[name]
    return noise(CorruptionPlan.clean(K, T), np.random.default_rng(seed))


def sequence_text(plan: CorruptionPlan) -> str:
    """What is shown, in words; kept in the picture's description, where a test compares it."""
    return " ".join({MASK: "MASK", PAD: "PAD"}.get(i, str(i)) for i in plan.source.tolist())


def draw(name: str, folder: Path) -> Path:
    """Write ``name``.svg: the clean sequence above, the corrupted one below, and where each frame went."""
    plan = corrupted(name)
    figure, axes = plt.subplots(figsize=(8.6, 1.95), facecolor=CARD)
    figure.subplots_adjust(left=0, right=1, top=1, bottom=0)
    axes.set(xlim=(-4.4, T + 0.5), ylim=(-1.5, 4.5))
    axes.axis("off")
    place = {int(frame): i for i, frame in enumerate(plan.source) if frame >= 0}
    for i, frame in enumerate(CorruptionPlan.clean(K, T).source.tolist()):
        _cell(axes, i, 3.2, frame)
        if frame in place:
            _thread(axes, i, place[frame])
        elif frame != PAD:
            _cross(axes, i + 0.5, 2.83)
    for i, frame in enumerate(plan.source.tolist()):
        _cell(axes, i, 0.1, frame)
    for y, words in ((3.7, "clean"), (0.6, "corrupted")):
        axes.text(-0.4, y, words, ha="right", va="center", color=INK)
    _legend(axes, gone=len(place) < K)
    axes.text(T, -0.75, f"{name}({', '.join(f'{key}={value!r}' for key, value in vars(PICTURES[name][0]).items())})", **WORDS, ha="right")
    path = folder / f"{name}.svg"
    figure.savefig(path, metadata={"Title": name, "Description": sequence_text(plan), "Date": None, "Creator": None})
    plt.close(figure)
    path.write_text(_finished(path.read_text(encoding="utf-8")), encoding="utf-8")
    return path


def _cell(axes: Axes, x: float, y: float, frame: int, height: float = 1.0) -> None:
    looks: dict[str, Any] = {"facecolor": COLOUR[frame], "edgecolor": "none"}
    if frame == MASK:
        looks = {"facecolor": GREY, "edgecolor": MUTED, "hatch": "//////", "linewidth": 0.8}
    elif frame == PAD:
        looks = {"facecolor": "none", "edgecolor": MUTED, "linestyle": (0, (1.5, 1.5)), "linewidth": 0.9}
    axes.add_patch(Rectangle((x + 0.06, y), 0.88, height, clip_on=False, **looks))


def _thread(axes: Axes, above: int, below: int) -> None:
    x, y = above + 0.5, below + 0.5
    curve = Curve([(x, 3.15), (x, 2.0), (y, 2.3), (y, 1.15)], [Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4])
    axes.add_patch(PathPatch(curve, facecolor="none", edgecolor=COLOUR[above], linewidth=1.3, clip_on=False))


def _cross(axes: Axes, x: float, y: float) -> None:
    axes.plot([x], [y], marker="x", color=INK, markersize=4.5, markeredgewidth=1.1, clip_on=False)


def _legend(axes: Axes, *, gone: bool) -> None:
    """Below the sequences: what coloured, hatched, dotted and crossed mean."""
    for i, frame in enumerate(range(0, K, 6)):
        axes.add_patch(Rectangle((0.06 + i * 0.4, -1.05), 0.4, 0.6, facecolor=COLOUR[frame], edgecolor="none", clip_on=False))
    axes.text(2.8, -0.75, "frame, by its time", **WORDS)
    for x, frame, words in ((9.4, MASK, "MASK"), (13.6, PAD, "PAD")):
        _cell(axes, x, -1.05, frame, height=0.6)
        axes.text(x + 1.2, -0.75, words, **WORDS)
    if gone:
        _cross(axes, 17.6, -0.75)
        axes.text(18.1, -0.75, "not shown", **WORDS)


def _finished(svg: str) -> str:
    """The picture in tenths of a point, with a style sheet that exchanges its plain colours where the reader's browser is dark."""
    rules = [
        f'[style*="{part}: {light}"], [{part}="{light}"] {{{part}: {dark} !important}}'
        for light, dark in DARK.items()
        for part in ("fill", "stroke")
    ]
    style = "<style>@media (prefers-color-scheme: dark) {\n  " + "\n  ".join(rules) + "\n }</style>\n "
    svg = re.sub(r' d="[^"]*"', lambda path: re.sub(r"\d+\.\d+", lambda number: f"{float(number[0]):.1f}", path[0]), svg)
    return svg.replace("<defs>", style + "<defs>", 1)


def main(folder: Path) -> list[Path]:
    """Draw all six."""
    return [draw(name, folder) for name in PICTURES]


if __name__ == "__main__":
    for drawn in main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent):
        print(drawn)
