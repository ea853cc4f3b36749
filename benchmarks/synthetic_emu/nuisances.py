"""Whether anything but movement tells the classes apart: a probe on each nuisance, over many seeds; no video has to be drawn for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from probes import balanced_accuracy, fitted
from sets import TEST_SEED, Size

from vsslfw.data.synthetic.writing import Design, _videos
from vsslfw.recipe import load_recipe

NUISANCES: dict[str, tuple[str, ...]] = {
    "light": ("night",),
    "brightness": ("gain",),
    "blanket": ("blanket",),
    "visitors": ("visit",),
    "lead-in": ("lead_in",),
    "duration": ("duration",),
    "camera": ("camera_x", "camera_y", "camera_z", "tilt", "zoom"),
    "room": ("mirrored", "rails", "table", "stand"),
    "build and restlessness": ("height", "girth", "restlessness"),
    "all of them": (
        *("night", "gain", "blanket", "visit", "lead_in", "duration", "camera_x", "camera_y", "camera_z", "tilt", "zoom"),
        *("mirrored", "rails", "table", "stand", "height", "girth", "restlessness"),
    ),
}
"""Name -> what it is made of."""
Row = dict[str, Any]


def nuisances(seeds: Sequence[int], size: Size, level: str = "order") -> dict[str, dict[str, list[float]]]:
    """Name -> balanced accuracy of each seed on fresh subjects: with the labels, and with the labels of the subjects permuted."""
    found: dict[str, dict[str, list[float]]] = {name: {"labels": [], "permuted": []} for name in NUISANCES}
    for seed in seeds:
        train, test = _rows(level, seed, size, "train"), _rows(level, seed, size, "test")
        g = np.random.default_rng(seed)
        for name, columns in NUISANCES.items():
            found[name]["labels"].append(_score(train, test, columns, *([row["label"] for row in side] for side in (train, test))))
            found[name]["permuted"].append(_score(train, test, columns, *(_permuted(side, g) for side in (train, test))))
    return found


def _score(train: list[Row], test: list[Row], columns: Sequence[str], labels: list[str], answers: list[str]) -> float:
    described, fresh = ([{column: row[column] for column in columns} for row in side] for side in (train, test))
    model = fitted(described, labels, [row["subject"] for row in train])
    return balanced_accuracy(answers, model.predict(fresh))


def _permuted(rows: list[Row], g: np.random.Generator) -> list[str]:
    """Every subject gets the label of another: what a probe scores where there is nothing to find."""
    by_subject = {row["subject"]: row["label"] for row in rows}
    drawn = dict(zip(by_subject, g.permutation(list(by_subject.values())).tolist(), strict=True))
    return [drawn[row["subject"]] for row in rows]


def _rows(level: str, seed: int, size: Size, side: str) -> list[Row]:
    data = load_recipe("emu_benchmark", profile="stable").settings.data
    subjects, seizures = (getattr(size, f"{side}_{what}") for what in ("subjects", "seizures"))
    own = seed if side == "train" else TEST_SEED + seed
    design = Design(subjects, own, level, seizures, data["seizure_s"], 0, 1.0, data["fps"], data["size"])
    rows = []
    for video in _videos(design):
        look, light = video.setting.look, video.setting.light
        camera = dict(zip(("camera_x", "camera_y", "camera_z"), look.camera, strict=True))
        of_room = {name: float(getattr(look, name)) for name in ("tilt", "zoom", "mirrored", "rails", "table", "stand")}
        of_person = {name: getattr(look, name) for name in ("height", "girth", "restlessness")}
        onset = next(event.start_s for event in video.motion.events if event.name == "ictal")
        own_row = {"night": float(light.night), "gain": light.gain, "blanket": video.blanket, "visit": video.visit, "lead_in": onset}
        told = {"subject": video.subject_id, "label": video.label, "duration": len(video.motion.pose.roll) / design.fps}
        rows.append({**told, **own_row, **camera, **of_room, **of_person})
    return rows
