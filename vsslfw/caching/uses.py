"""Which runs used a result: run folders record the keys of what they were made of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vsslfw.atomic import read_json
from vsslfw.caching.contents import Result
from vsslfw.digest import digest_of
from vsslfw.pipeline.origin import ORIGIN
from vsslfw.run_records import find_runs

RECORDED = ("features", "pretrain", "folds", "baselines")
"""Stages of which a run folder tells, by itself or through what the cache notes of its results."""
STUDIES = "studies"
"""Where studies lie, beside the folder of runs: as `vsslfw.ablation.running.STUDIES`, which is heavy to import."""
OF_THE_PROBE = ("stage", "version", "probe", "inputs")
"""Inputs of a probe; the others are those of all probes of a run, whose digest the run records."""


def runs_using(result: Result, inputs: dict[str, Any] | None, cache: Path) -> list[Path]:
    """The folders of such runs in those of `places`."""
    wanted = result.key
    if result.stage == "baselines":
        if inputs is None:
            return []
        wanted = digest_of({name: value for name, value in inputs.items() if name not in OF_THE_PROBE})
    folders = dict.fromkeys(record.folder for place in places(cache) for record in find_runs(place))
    return [folder for folder in folders if _names(folder, wanted, result.stage, cache)]


def places(cache: Path) -> list[Path]:
    """Where runs are looked for: the folder in which the cache lies, and the studies beside it, if there are any."""
    own = cache.resolve().parent
    studies = own.with_name(STUDIES)
    return [own, studies] if studies.is_dir() and studies != own else [own]


def _names(folder: Path, wanted: str, stage: str, cache: Path) -> bool:
    try:
        return wanted in _keys(folder, stage, cache)
    except (AttributeError, KeyError, TypeError, ValueError):  # a damaged run folder tells nothing
        return False


def _keys(folder: Path, stage: str, cache: Path) -> Iterator[str]:
    if stage == "baselines":
        yield from (line.get("key", "") for line in _read(folder / "stages.json").get("stages", ()) if line.get("stage") == stage)
        return
    for kind in ("pretrain", "folds"):
        for path in sorted((folder / kind).glob("*/training.json")):
            for key in _recorded(_read(path)):
                yield key
                if stage == "features":
                    yield from _features_of(_read(cache / kind / key / ORIGIN).get("inputs", {}))


def _recorded(training: dict[str, Any]) -> list[str]:
    own = [training, *training.get("more_seeds", ())]
    return [one["key"] for one in own if isinstance(one.get("key"), str)]


def _features_of(inputs: dict[str, Any]) -> list[str]:
    return [*inputs.get("clips", ()), *inputs.get("test", ()), *(key for key, _, _ in inputs.get("train", ()))]


def _read(path: Path) -> dict[str, Any]:
    """A file that cannot be read tells nothing."""
    try:
        content = read_json(path)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
