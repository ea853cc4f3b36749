"""One measurement: a level and a seed; every probe, and every encoder through the pipeline itself."""

from __future__ import annotations

import csv
import functools
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from probes import DESCRIPTIONS, Floats, Known, balanced_accuracy, probe
from sets import Size, angles_of, made

from vsslfw.atomic import write_json
from vsslfw.pipeline.folds import Case, Fold
from vsslfw.pipeline.stages import Pipeline
from vsslfw.recipe import load_recipe

log = logging.getLogger("synthetic_emu")
STABLE = ["finetune.optimiser.lr=5e-5"]
"""The recipe's steps are those of a small Transformer; these are of `seizure_bart`'s profile stable."""
ENCODERS: dict[str, list[str]] = {
    "self_similarity": ['encoder=dict(type="self_similarity")', "pretrain.source=none", *STABLE],
    "bert, from scratch": ["pretrain.source=none"],
    "bert, pre-trained": [],
}
"""Name -> what it changes in the recipe emu_benchmark, profile stable."""
LEFT_OUT = {"video_id", "path", "subject_id", "role", "label", "side"}
"""Columns that name a video, or are what is asked for."""


class HeldOut(Pipeline):
    """The pipeline with one fold: every subject of the training set against every subject of the fresh one."""

    @functools.cached_property
    def folds(self) -> tuple[Fold, ...]:
        """One fold, by the manifest's column ``side``."""
        side = {row.video_id: row.extra["side"] for row in self.manifest.labelled}
        cases = self.features.cases
        return (Fold("fresh", *(tuple(case for case in cases if side[case.video_id] == which) for which in ("train", "test"))),)


def quiet() -> None:
    """In a worker: only the benchmark's own lines, and warnings."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("synthetic_emu").setLevel(logging.INFO)


def measured(at: tuple[str, int], size: Size, folder: Path, encoders: tuple[str, ...]) -> dict[str, Any]:
    """The measurement, or the record that an earlier call has left."""
    kept = folder / "measured.json"
    asked = {"size": asdict(size), "encoders": list(encoders)}
    if kept.is_file() and (record := json.loads(kept.read_text(encoding="utf-8")))["asked"] == asked:
        found: dict[str, Any] = record["found"]
        return found
    folder.mkdir(parents=True, exist_ok=True)
    found = measure(*at, size, folder, encoders)
    write_json(kept, {"asked": asked, "found": found})
    return found


def measure(level: str, seed: int, size: Size, folder: Path, encoders: Sequence[str]) -> dict[str, Any]:
    """Balanced accuracy of each probe and encoder on the fresh subjects; seconds spent."""
    torch.set_num_threads(1)
    started = time.monotonic()
    manifest = made(level, seed, size, folder)
    log.info("%s %d: set made, %.0f s", level, seed, time.monotonic() - started)
    cache = folder / "cache"
    first = _pipeline(manifest, seed, cache, ENCODERS["bert, pre-trained"] if "bert, pre-trained" in encoders else ["pretrain.source=none"])
    (fold,) = first.folds
    log.info("%s %d: features, %.0f s", level, seed, time.monotonic() - started)
    train, test = (_known(manifest, cases) for cases in (fold.train, fold.test))
    found: dict[str, Any] = {
        "level": level,
        "seed": seed,
        "train": {"subjects": len({k.subject for k in train}), "videos": len(train)},
        "test": {"subjects": len({k.subject for k in test}), "videos": len(test)},
        "probes": {name: probe(train, test, describe) for name, describe in DESCRIPTIONS.items()},
        "encoders": {},
        "pretext": None,
    }
    log.info("%s %d: probes %s, %.0f s", level, seed, found["probes"], time.monotonic() - started)
    for name in encoders:
        pipeline = _pipeline(manifest, seed, cache, ENCODERS[name])
        (fold,) = pipeline.folds
        result = pipeline.results[fold.name]
        answers = [pipeline.classes[int(np.argmax(answer["probabilities"]))] for answer in result.predictions]
        found["encoders"][name] = balanced_accuracy([case.label for case in fold.test], answers)
        if (pretrained := pipeline.pretrained[fold.name]) is not None:
            found["pretext"] = pretrained.pretext
        log.info("%s %d: %s %.3f, %.0f s", level, seed, name, found["encoders"][name], time.monotonic() - started)
    return {**found, "seconds": round(time.monotonic() - started)}


def _pipeline(manifest: Path, seed: int, cache: Path, overrides: list[str]) -> HeldOut:
    recipe = load_recipe("emu_benchmark", profile="stable", data=manifest, overrides=[f"seed={seed}", *overrides])
    return HeldOut(recipe, cache, device="cpu")


def _known(manifest: Path, cases: Sequence[Case]) -> list[Known]:
    with manifest.open(newline="", encoding="utf-8") as file:
        rows = {row["video_id"]: row for row in csv.DictReader(file)}
    return [_known_of(manifest, case, rows[case.video_id]) for case in cases]


def _known_of(manifest: Path, case: Case, row: dict[str, str]) -> Known:
    angles = np.loadtxt(angles_of(manifest, row["path"]), delimiter=",", skiprows=1)[:, 1:]
    metadata = {name: _value(text) for name, text in row.items() if name not in LEFT_OUT}
    energy, brightness = _seen(manifest.parent / row["path"])
    metadata |= {"duration": case.seconds, "brightness": brightness}
    return Known(case.subject_id, case.label, case.entry.read()[0].numpy().astype(np.float64), angles, energy, metadata)


def _value(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _seen(path: Path) -> tuple[tuple[float, float], float]:
    """((mean, SD) of the change from frame to frame, mean brightness), in grey levels."""
    with av.open(str(path)) as container:
        frames = [frame.reformat(width=160, height=120, format="gray").to_ndarray() for frame in container.decode(video=0)]
    grey: Floats = np.stack(frames).astype(np.float64)
    change = np.abs(np.diff(grey, axis=0)).mean((1, 2))
    return (float(change.mean()), float(change.std())), float(grey.mean())
