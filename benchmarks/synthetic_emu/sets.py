"""The data of one measurement: a set to train on, a fresh one of another seed to test on, in one manifest."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vsslfw.atomic import write_text
from vsslfw.builtin.synthetic_emu import SyntheticEMU
from vsslfw.recipe import load_recipe

TEST_SEED = 1000
"""Added to the seed of the training set: subjects whom nobody has seen, the developers of an encoder included."""
SIDES = {"train": "T", "test": "F"}
"""Side -> what its ids begin with, so that two sets can stand in one manifest."""


@dataclass(frozen=True)
class Size:
    """How many subjects, and seizures of each, on either side."""

    train_subjects: int = 24
    train_seizures: int = 4
    test_subjects: int = 36
    test_seizures: int = 3


def made(level: str, seed: int, size: Size, folder: Path) -> Path:
    """The manifest of both sides; contextual video belongs to the training side alone."""
    recipe = load_recipe("emu_benchmark", profile="stable")
    common = {k: v for k, v in recipe.settings.data.items() if k not in ("type", "subjects", "seizures_per_subject", "level", "seed")}
    own: dict[str, dict[str, Any]] = {
        "train": {"subjects": size.train_subjects, "seizures_per_subject": size.train_seizures, "seed": seed},
        "test": {
            "subjects": size.test_subjects,
            "seizures_per_subject": size.test_seizures,
            "seed": TEST_SEED + seed,
            "contextual_per_subject": 0,
        },
    }
    rows: list[dict[str, str]] = []
    for side, letter in SIDES.items():
        manifest = SyntheticEMU(**{**common, "level": level, **own[side]}).manifest(folder / "sets")
        with manifest.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                path = (manifest.parent / row["path"]).relative_to(folder)
                ids = {name: letter + row[name] for name in ("video_id", "subject_id")}
                rows.append({**row, **ids, "path": str(path), "side": side})
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    target = folder / f"{level}-{seed}.csv"
    write_text(target, text.getvalue())
    return target


def angles_of(manifest: Path, video_path: str) -> Path:
    """Where the angles of a video of the manifest lie."""
    video = manifest.parent / video_path
    return video.parents[1] / "angles" / f"{video.stem}.csv"
