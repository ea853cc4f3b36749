"""The shortcut table of a run: probes on what has nothing to do with the seizure, over the run's own folds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsslfw.atomic import read_json, write_json
from vsslfw.digest import digest_of
from vsslfw.evaluation.permutation import p_value
from vsslfw.evaluation.probes import Described
from vsslfw.evaluation.shortcuts import ALPHA, MARGIN, Shortcut, judged, not_checked, same_in_all
from vsslfw.last_use import note_use
from vsslfw.pipeline.background import without_patient
from vsslfw.pipeline.descriptions import DURATION, column, metadata, of_features
from vsslfw.pipeline.keys import component_key
from vsslfw.pipeline.stages import Pipeline
from vsslfw.pipeline.tested import Tested
from vsslfw.seeds import Stream

VERSION = 1
EDGE_S = 1.0
"""Seconds at either end of a video."""
JITTER = 0.2
"""Share of a video that is cut off at most, at either end."""


def shortcuts_of(pipeline: Pipeline, tested: Tested) -> tuple[list[dict[str, Any]], bool]:
    """The lines of the table, and whether the cache had them."""
    properties = file_properties(pipeline)
    region = pipeline.recipe.settings.finetune.region
    key = digest_of(
        {
            "stage": "shortcuts",
            "version": VERSION,
            **tested.key(pipeline),
            "metadata": metadata(pipeline),
            "properties": properties,
            "region": component_key(pipeline.recipe, "detector", region),
            "content": [case.content for case in pipeline.features.cases],
        }
    )
    path = pipeline.stage_cache.stage("shortcuts", key) / "result.json"
    with pipeline.stage_cache.lock(key):
        known = path.is_file()
        if known:
            note_use(path)
        else:
            write_json(
                path, {"rows": [asdict(line) for line in _Table(pipeline, tested).lines(properties)], "provenance": pipeline.provenance}
            )
        lines = [Shortcut(**row) for row in read_json(path)["rows"]]
    return [asdict(line) for line in judged(lines, 1 / len(tested.classes))], known


def file_properties(pipeline: Pipeline) -> dict[str, list[Any]]:
    """Property of the files -> its value for each case."""
    videos = [pipeline.index.videos[case.video_id] for case in pipeline.features.cases]
    sizes = [video.row.path.stat().st_size for video in videos]
    lengths = [video.probe.duration_s or 1.0 for video in videos]
    return {
        "picture size": [f"{video.probe.size[1]} x {video.probe.size[0]}" for video in videos],
        "frame rate": [round(video.probe.rate or 0.0, 2) for video in videos],
        "codec and container": [f"{video.probe.codec}, {video.probe.container}" for video in videos],
        "bytes per second": [round(size / length) for size, length in zip(sizes, lengths, strict=True)],
    }


class _Table:
    def __init__(self, pipeline: Pipeline, tested: Tested) -> None:
        self.pipeline = pipeline
        self.tested = tested

    def lines(self, properties: dict[str, list[Any]]) -> Iterator[Shortcut]:
        rows = metadata(self.pipeline)
        names = sorted(name for name in rows[0] if name != DURATION)
        yield self._of_values("duration", "duration", "The length of the video.", [round(row[DURATION], 2) for row in rows])
        for name in names:
            yield self._of_values(f"column:{name}", f'column "{name}"', "One column of the manifest.", [row[name] for row in rows])
        if len(names) > 1:
            everything = [{name: row[name] for name in names} for row in rows]
            yield self._tried("columns", "all columns together", "The manifest's own columns.", everything)
        for name, values in properties.items():
            yield self._of_values(f"file:{name}", name, "A property of the file, not of what it shows.", values)
        background, why = without_patient(self.pipeline)
        what = "The room with the patient's box filled in."
        if background is None:
            yield not_checked("background", "background only", what, why)
        else:
            yield self._tried("background", "background only", what, background)
        yield from self._cuts()

    def _of_values(self, key: str, name: str, what: str, values: list[Any]) -> Shortcut:
        if len(set(map(str, values))) == 1:
            return same_in_all(key, name, what, "" if key.startswith("column:") else values[0])
        cells: Any = values if not all(isinstance(value, str) for value in values) else column(values)
        return self._tried(key, name, what, [{"value": cell} for cell in cells])

    def _tried(self, key: str, name: str, what: str, X: Any, detail: str = "") -> Shortcut:
        _, scores, null = self.tested.tried(Described(key, name, what, X), self.pipeline.recipe.settings, "shortcuts")
        value = scores["balanced_accuracy"]
        if not null.m:
            return Shortcut(key, name, what, value, detail=detail)
        own = null.scores["balanced_accuracy"]
        return Shortcut(key, name, what, value, p_value(value, own), null.m, float(np.quantile(own, 0.95)), "ok", detail)

    def _cuts(self) -> Iterator[Shortcut]:
        """Where videos were cut: the edges alone beside as long a stretch of the middle, and cuts that are moved."""
        cases, rate = self.pipeline.features.cases, self.pipeline.recipe.settings.video.fps / self.pipeline.backbone.module.clip_stride
        edge = max(1, round(EDGE_S * rate))
        generators = [(Stream(self.pipeline.recipe.settings.seed, "jitter") / case.entry.key).generator() for case in cases]
        cuts = {case.entry.key: generator.uniform(0, JITTER, 2) for case, generator in zip(cases, generators, strict=True)}

        def score_of(describe: Callable[[NDArray[np.float64]], NDArray[np.float64]], name: str) -> Shortcut:
            return self._tried(name, name, "", of_features(cases, describe))

        middle = score_of(lambda x: x[max(0, len(x) // 2 - edge) : len(x) // 2 + edge].mean(0), "middle")
        edges = score_of(lambda x: np.concatenate([x[:edge], x[-edge:]]).mean(0), "edges")
        whole = score_of(lambda x: x.mean(0), "whole")
        jittered = np.stack([_cut(case.entry.read(0)[0].double().numpy(), cuts[case.entry.key]).mean(0) for case in cases])
        moved = self._tried("jittered", "jittered cuts", "", jittered)
        yield self._compared(edges, middle, "trimmed edges", "The first and the last second alone.", "as long a stretch of the middle")
        what = f"Mean features after up to {JITTER:.0%} more was cut off at either end."
        detail = f"{_figure(moved)} with moved cuts, {_figure(whole)} as they are"
        lost = (whole.balanced_accuracy or 0.0) - (moved.balanced_accuracy or 0.0)
        reached = whole.p is not None and whole.p <= ALPHA + 1e-12
        outcome = "warning" if lost >= MARGIN and reached else "ok"
        if outcome == "warning":
            detail = f"what tells the classes apart lies where the videos were cut: {detail}"
        yield Shortcut("jittered", "jittered cuts", what, moved.balanced_accuracy, None, moved.m, moved.null_high, outcome, detail)

    def _compared(self, line: Shortcut, other: Shortcut, name: str, what: str, with_what: str) -> Shortcut:
        detail = f"{_figure(line)}; {with_what} {_figure(other)}"
        apart = (line.balanced_accuracy or 0.0) - (other.balanced_accuracy or 0.0) >= MARGIN
        return Shortcut(line.key, name, what, line.balanced_accuracy, line.p if apart else None, line.m, line.null_high, "ok", detail)


def _cut(features: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    first, last = (int(share * len(features)) for share in shares)
    return features[first : max(first + 1, len(features) - last)]


def _figure(line: Shortcut) -> str:
    return f"balanced accuracy {line.balanced_accuracy:.3f}"
