"""The rows of a comparison for programs: a number a cell, and each row with its run, recipe digest and plugin versions."""

from __future__ import annotations

from typing import Any

from vsslfw.ablation.outcome import Outcome, Row


def variant_records(outcome: Outcome) -> list[dict[str, Any]]:
    """A row for each arm; a figure that is not there is empty."""
    metrics = list(next((row.figures for row in outcome.rows if row.figures), {}))
    records = []
    for row in outcome.rows:
        record: dict[str, Any] = {"variant": row.name, "state": row.state, "reason": row.reason, "changes": row.changes}
        for metric in metrics:
            figure = row.figures.get(metric)
            record |= {
                metric: figure and figure.value,
                f"{metric}_low": figure and figure.low,
                f"{metric}_high": figure and figure.high,
                f"{metric}_reason": figure and figure.reason,
            }
        records.append(record | _origin(row))
    return records


def contrast_records(outcome: Outcome) -> list[dict[str, Any]]:
    """A row for each contrast, the primary one first."""
    rows = {row.name: row for row in outcome.rows}
    records = []
    for one in outcome.contrasts:
        against = {f"{key}_against": value for key, value in _origin(rows[one.against]).items()}
        records.append({**one.to_dict(), "confidence": outcome.confidence, **_origin(rows[one.arm]), **against})
    return records


def origin_told(row: Row) -> str:
    """In a line: the run, the digest and the versions behind a row."""
    parts = [f"{maker} ({', '.join(components)})" for maker, components in makers_of(row).items()]
    return f"{row.name}: {row.run or 'no run'}; recipe {row.digest}; {', '.join(parts)}"


def makers_of(row: Row) -> dict[str, list[str]]:
    """A distribution in its version -> the components that a row had from it."""
    found: dict[str, list[str]] = {}
    for component, maker in row.makers.items():
        found.setdefault(maker, []).append(component)
    return found


def _origin(row: Row) -> dict[str, str]:
    return {
        "run": row.run,
        "recipe_digest": row.digest,
        "profile": row.profile,
        "made_by": ", ".join(f"{component} of {maker}" for component, maker in row.makers.items()),
    }
