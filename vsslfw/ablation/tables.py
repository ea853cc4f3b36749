"""The tables of a comparison, as rows of text: for the terminal, CSV, Markdown, LaTeX and the page alike."""

from __future__ import annotations

from math import isclose

from vsslfw.ablation.outcome import Figure, Outcome, Row
from vsslfw.evaluation.arms import METRICS
from vsslfw.evaluation.contrasts import Contrast

Table = tuple[list[str], list[list[str]]]
"""Column names, and rows of text."""


def arms_table(outcome: Outcome) -> Table:
    """A row for each arm: its figures with their intervals, or why it has none."""
    metrics = list(dict.fromkeys([outcome.metric, "balanced_accuracy", "f1_macro", "mcc", "sensitivity", "specificity"]))
    rows = []
    for row in outcome.rows:
        cells = [told(row.figures[m]) if row.figures else "–" for m in metrics]
        rows.append([row.name, *cells, row.reason or "", row.digest[:8]])
    return ["variant", *(METRICS[m][0] for m in metrics), "failed because", "recipe digest"], rows


def contrasts_table(outcome: Outcome) -> Table:
    """A row for each contrast, the primary one first."""
    level = f"{outcome.confidence:.0%}"
    names = ["contrast", "kind", f"difference ({level} interval)", "p", "p (Holm)", "subjects that differ", "smallest p", "detectable"]
    equivalence = any(one.margin is not None for one in outcome.contrasts)
    rows = [[*contrast_cells(one), *([equivalence_told(one)] if equivalence else [])] for one in outcome.contrasts]
    return [*names, *(["equivalent"] if equivalence else [])], rows


def contrast_cells(one: Contrast) -> list[str]:
    """A contrast in words and figures."""
    between = f" ({one.low:+.3f} to {one.high:+.3f})" if one.low is not None and one.high is not None else ""
    return [
        f"{one.arm} minus {one.against}",
        "primary" if one.primary else "secondary",
        f"{one.difference:+.3f}{between}",
        p_told(one.p),
        p_told(one.p_holm) if one.p_holm is not None else "–",
        f"{one.differing} of {one.subjects}",
        p_told(one.smallest_p),
        _detectable(one),
    ]


def _detectable(one: Contrast) -> str:
    if one.detectable is None:
        return "none" if one.se is not None else "–"
    largest = 2.0 if one.metric == "mcc" else 1.0
    return f"{one.detectable:.3f}" if one.detectable <= largest else "none"


def equivalence_told(one: Contrast) -> str:
    """Whether the difference lies within the margin."""
    if one.margin is None:
        return "–"
    if one.p_equivalence is None:
        return f"within ±{one.margin:g}: not known"
    return f"within ±{one.margin:g}: {'yes' if one.equivalent else 'not shown'} (p {p_told(one.p_equivalence)})"


def p_told(p: float) -> str:
    """``.031``, ``< .001``."""
    return "< .001" if p < 0.001 else f"{p:.3f}"


def told(figure: Figure) -> str:
    """``0.667 (0.310 to 1.000)``."""
    if figure.value is None:
        return "–"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3f}"
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def lacking(row: Row) -> str:
    """Which of a row's figures have no value, or no interval, and why; "" if all have both."""
    why: dict[tuple[bool, str], list[str]] = {}
    for metric, figure in row.figures.items():
        if figure.reason:
            why.setdefault((figure.value is None, figure.reason), []).append(METRICS[metric][0])
    return " ".join(
        f"{'No value' if undefined else 'No interval'} of {', '.join(own)}: {reason}" for (undefined, reason), own in why.items()
    )


def remarks(outcome: Outcome) -> list[str]:
    """A line for each arm that lacks a value or an interval."""
    return [f"“{row.name}”: {told}" for row in outcome.rows if (told := lacking(row))]


def without_empty(table: Table) -> Table:
    """Without columns in which no row says anything."""
    names, rows = table
    kept = [i for i in range(len(names)) if any(row[i] for row in rows)]
    return [names[i] for i in kept], [[row[i] for i in kept] for row in rows]


def sentences(outcome: Outcome) -> list[str]:
    """What the contrasts say, one sentence each; the first is the one to quote."""
    return [_sentence(one, outcome) for one in outcome.contrasts]


def _sentence(one: Contrast, outcome: Outcome) -> str:
    name = f"“{one.arm}” minus “{one.against}”: {one.difference:+.3f} {outcome.metric_name}"
    if one.differing == 0:
        return f"{name}: both answered every video alike."
    said = f"{name}{_difference_told(one, 1 - outcome.confidence)}"
    if one.equivalent:
        said += f" Within ±{one.margin:g} (p {p_told(one.p_equivalence or 0.0)}): the two are equivalent in that sense."
    return said


def _difference_told(one: Contrast, alpha: float) -> str:
    p = one.p if one.p_holm is None else one.p_holm
    if one.smallest_p > alpha and not isclose(one.smallest_p, alpha):
        few = "one subject that differs" if one.differing == 1 else f"{one.differing} subjects that differ"
        few = few if one.exact else f"{one.permutations:,} permutations"
        others = "" if one.p_holm is None else " after adjustment for the other contrasts"
        return f"; with {few} no p below {p_told(one.smallest_p)} can come out{others}: no difference can be shown."
    if p < alpha:
        return f", p {p_told(p)}: a difference is shown."
    bound = "" if one.detectable is None else f"; only differences of about {one.detectable:.2f} or more would have been found (power 80%)"
    return f", p {p_told(p)}: no difference is shown, which is not the same as none{bound}."
