"""Rows of the page's tables that are computed, not copied."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from vsslfw.report.data import Pretraining, VideoLine
from vsslfw.report.words import in_order


def data_table(videos: Sequence[VideoLine], classes: Sequence[str]) -> list[dict[str, Any]]:
    """A row for each class of labelled video, then all labelled, then contextual: counts and durations in seconds."""
    labelled = [video for video in videos if video.role == "labelled"]
    groups = [(name, [video for video in labelled if video.label == name]) for name in classes]
    groups += [("all labelled", labelled), ("contextual", [video for video in videos if video.role == "contextual"])]
    return [_row(name, group) for name, group in groups]


def _row(name: str, videos: Sequence[VideoLine]) -> dict[str, Any]:
    seconds = [video.seconds for video in videos]
    return {
        "name": name,
        "videos": len(videos),
        "subjects": len({video.subject for video in videos}),
        "total": sum(seconds),
        "shortest": min(seconds, default=None),
        "median": statistics.median(seconds) if seconds else None,
        "longest": max(seconds, default=None),
    }


def confusion_table(confusion: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each true class: count, share of the row, and whether it is the right answer, for each predicted class."""
    rows = []
    for i, (name, numbers) in enumerate(zip(confusion["classes"], confusion["matrix"], strict=True)):
        total = sum(numbers)
        cells = [{"count": n, "share": n / total if total else None, "right": i == j} for j, n in enumerate(numbers)]
        rows.append({"name": name, "total": total, "cells": cells})
    return rows


def pretext_table(pretrainings: Sequence[Pretraining]) -> dict[str, Any]:
    """Held-out losses as the mean over pre-trainings: ``answers`` in order, and a row for each place."""
    measured = [p.held_out for p in pretrainings if p.held_out is not None]
    places = list(dict.fromkeys(place for held_out in measured for place, _ in in_order(held_out.losses)))
    answers = list(dict.fromkeys(answer for held_out in measured for losses in held_out.losses.values() for answer in losses))
    rows = []
    for place in places:
        columns = []
        for answer in answers:
            values = [value for h in measured if (value := h.losses.get(place, {}).get(answer)) is not None]
            columns.append(statistics.fmean(values) if values else None)
        rows.append({"place": place, "losses": columns, "frames": sum(h.frames.get(place, 0) for h in measured)})
    return {"answers": answers, "rows": rows, "clips": sum(h.clips for h in measured), "measured": len(measured)}
