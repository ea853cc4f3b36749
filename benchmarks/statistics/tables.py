"""The tables of docs/statistics.md, from the record of the simulations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

Record = dict[str, list[dict[str, Any]]]
METRICS = ("accuracy", "balanced accuracy", "macro F1", "MCC", "AUROC, pooled", "AUROC, within folds")


def tables(record: Record) -> dict[str, str]:
    """Name -> table in Markdown."""
    return {
        "nulls": _nulls(record["nulls"]),
        "permutations": _permutations(record["permutations"]),
        "predictions": _coverage(record["of_predictions"]),
        "methods": _coverage(record["of_methods"]),
        "differences": _differences(record["differences"]),
    }


def rewrite(page: Path, record: Record) -> None:
    """Put each table between its markers, ``<!-- table NAME -->`` and ``<!-- /table -->``."""
    text = page.read_text(encoding="utf-8")
    for name, table in tables(record).items():
        before, rest = text.split(f"<!-- table {name} -->\n", 1)
        text = f"{before}<!-- table {name} -->\n{table}\n<!-- /table -->{rest.split('<!-- /table -->', 1)[1]}"
    page.write_text(text, encoding="utf-8")


def _nulls(rows: list[dict[str, Any]]) -> str:
    lines = [("learner", "scheme", "subjects", *METRICS)]
    for learner, scheme, size in dict.fromkeys((r["learner"], r["scheme"], r["subjects"]) for r in rows):
        own = {r["metric"]: r for r in rows if (r["learner"], r["scheme"], r["subjects"]) == (learner, scheme, size)}
        lines.append((learner, scheme, str(size), *(_range(own[name]) for name in METRICS)))
    return _markdown(lines)


def _range(row: dict[str, Any]) -> str:
    return "–" if row["mean"] is None else f"{_figure(row['mean'])} ({_figure(row['low'])} to {_figure(row['high'])})"


def _permutations(rows: list[dict[str, Any]]) -> str:
    lines = [("permuted", "p at most .05, nothing to find", "p at most .05, a strong signal")]
    for name in dict.fromkeys(r["permuted"] for r in rows):
        lines.append((name, *(f"{r['found']:.0%}" for r in rows if r["permuted"] == name)))
    return _markdown(lines)


def _coverage(rows: list[dict[str, Any]]) -> str:
    sizes = list(dict.fromkeys(r["subjects"] for r in rows))
    lines = [("interval of 95%", *(f"{size} subjects" for size in sizes))]
    for name in dict.fromkeys(r["interval"] for r in rows):
        own = {r["subjects"]: r for r in rows if r["interval"] == name}
        lines.append((name, *(f"{own[size]['coverage']:.0%} (width {own[size]['width']:.2f})" for size in sizes)))
    return _markdown(lines)


def _differences(rows: list[dict[str, Any]]) -> str:
    lines = [("subjects", "true difference", "method", "95% interval holds it", "p at most .05", "called equivalent (margin .10)")]
    for r in rows:
        truth = f"{r['difference']}, {_figure(r['truth'])}" if r["truth"] else r["difference"]
        rates = (_rate(r[name]) for name in ("coverage", "found", "equivalent"))
        lines.append((str(r["subjects"]), truth, r["method"], *rates))
    return _markdown(lines)


def _rate(rate: dict[str, float] | None) -> str:
    return "–" if rate is None else f"{rate['share']:.1%} ({rate['low']:.1%} to {rate['high']:.1%})"


def _figure(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.2f}"


def _markdown(lines: list[tuple[str, ...]]) -> str:
    head, *rest = lines
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, ("---",) * len(head), *rest))
