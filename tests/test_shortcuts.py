"""Shortcuts that are planted in a data set are named by the run's table."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from vsslfw import load_recipe
from vsslfw.pipeline.shortcuts import shortcuts_of
from vsslfw.pipeline.stages import Pipeline
from vsslfw.pipeline.tested import Tested
from vsslfw.testing.tiny import TINY

SUBJECTS, SIZE, RATE, FRAMES = 8, (48, 64), 10, 30


def write_video(path: Path, frames: Any, size: tuple[int, int] = SIZE) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=RATE)
        stream.height, stream.width, stream.pix_fmt = *size, "yuv420p"
        for image in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


def noise(seed: int, size: tuple[int, int] = SIZE) -> Any:
    """Frames (FRAMES, H, W, 3) with a grey of their own."""
    g = np.random.default_rng(seed)
    return np.clip(g.normal(g.uniform(90, 160), 20, (FRAMES, *size, 3)), 0, 255).astype(np.uint8)


def plain(subject: int, label: str) -> Any:
    return noise(subject)


def bright_room(subject: int, label: str) -> Any:
    frames = noise(subject)
    frames[:, :, :32] = 230 if label == "ES" else 20
    return frames


def bright_start(subject: int, label: str) -> Any:
    frames = np.concatenate([noise(subject), noise(subject)])
    frames[:RATE] = 250 if label == "ES" else 5
    frames[-RATE:] = frames[:RATE]
    return frames


def other_size(subject: int, label: str) -> Any:
    return noise(subject, (48, 64) if label == "ES" else (64, 48))


def made(folder: Path, film: Callable[[int, str], Any], **columns: Callable[[int, str], str]) -> Path:
    """A manifest of eight subjects, alternately of either class, with one video each; columns by name."""
    rows = []
    for subject in range(SUBJECTS):
        label = ("ES", "PNES")[subject % 2]
        frames = film(subject, label)
        write_video(folder / f"{subject}.mp4", frames, frames.shape[1:3])
        row = {"video_id": f"v{subject}", "path": f"{subject}.mp4", "subject_id": f"s{subject}", "role": "labelled", "label": label}
        rows.append(row | {name: value(subject, label) for name, value in columns.items()})
    with (folder / "videos.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    boxes = ["video_id,time_s,x1,y1,x2,y2", *(f"v{subject},0,40,8,60,40" for subject in range(SUBJECTS))]
    (folder / "boxes.csv").write_text("\n".join(boxes))
    return folder / "videos.csv"


@pytest.fixture(autouse=True)
def _one_penalty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is chosen: thousands of fits are a tenth of what they were."""
    monkeypatch.setattr("vsslfw.evaluation.probes.PENALTIES", (0.1,))
    monkeypatch.setattr("vsslfw.pipeline.tested.WORTH_IT", 10**9)


def table(data: Path, *overrides: str) -> dict[str, dict[str, Any]]:
    wanted = {key: value for key, value in TINY.items() if not key.startswith("data.")}
    own = ["pretrain.source=none", "video.fps=10", "statistics.permutations=39", *overrides]
    recipe = load_recipe("seizure_bart", profile="demo", data=data, overrides=[*(f"{k}={v}" for k, v in wanted.items()), *own])
    pipeline = Pipeline(recipe, data.parent / "cache")
    rows, known = shortcuts_of(pipeline, Tested.of(pipeline))
    assert not known
    assert shortcuts_of(pipeline, Tested.of(pipeline)) == (rows, True), "the second time from the cache"
    return {row["key"]: row for row in rows}


def warned(rows: dict[str, dict[str, Any]]) -> set[str]:
    return {key for key, row in rows.items() if row["outcome"] == "warning"}


def test_a_clean_data_set_is_quiet(tmp_path: Path) -> None:
    rows = table(made(tmp_path, plain, site=lambda s, _: f"site {s // 4}"), 'finetune.region=dict(type="whole_frame")')
    assert warned(rows) == set()
    assert rows["file:picture size"]["detail"] == "the same in all videos: 64 x 48"
    assert (rows["background"]["outcome"], "not checked" in rows["background"]["detail"]) == ("noted", True)


@pytest.mark.slow
def test_a_column_that_is_the_label(tmp_path: Path) -> None:
    rows = table(made(tmp_path, plain, site=lambda _, label: f"ward of {label}", bed=lambda s, _: str(s // 2 % 2)))
    assert warned(rows) == {"column:site"}
    assert rows["column:site"]["balanced_accuracy"] == 1.0
    assert "predictable" in rows["column:site"]["detail"]


@pytest.mark.slow
def test_classes_that_were_recorded_in_other_sizes(tmp_path: Path) -> None:
    assert "file:picture size" in warned(table(made(tmp_path, other_size)))


def test_a_room_that_gives_the_class_away(tmp_path: Path) -> None:
    data = made(tmp_path, bright_room)
    rows = table(data, f'finetune.region=dict(type="boxes_csv", path="{tmp_path}/boxes.csv")')
    assert "background" in warned(rows)


def test_classes_that_were_cut_differently(tmp_path: Path) -> None:
    rows = table(made(tmp_path, bright_start))
    assert "edges" in warned(rows)
    assert "as long a stretch of the middle" in rows["edges"]["detail"]


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_a_cut_leaves_something_of_the_shortest_video(share: float) -> None:
    from vsslfw.pipeline.shortcuts import _cut

    for length in (1, 2, 3, 100):
        assert len(_cut(np.zeros((length, 2)), np.array([share, share]))) >= 1
