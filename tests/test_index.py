"""The index: what is remembered of files, and what is left out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from vsslfw import load_recipe
from vsslfw.data.manifest import Manifest, read_manifest
from vsslfw.pipeline.cache import Cache
from vsslfw.pipeline.index import Index, build_index
from vsslfw.pipeline.stages import Pipeline
from vsslfw.testing.tiny import tiny_overrides


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest of the tiny synthetic set."""
    recipe = load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides())
    return Pipeline(recipe, tmp_path_factory.mktemp("made")).dataset.manifest(tmp_path_factory.mktemp("data"))


@pytest.fixture
def manifest(made: Path, tmp_path: Path) -> Manifest:
    """Its files as hard links of one's own, which may be removed."""
    for file in made.parent.rglob("*"):
        if file.is_file():
            link = tmp_path / "data" / file.relative_to(made.parent)
            link.parent.mkdir(parents=True, exist_ok=True)
            os.link(file, link)
    return read_manifest(tmp_path / "data" / made.name)


def index(manifest: Manifest, cache: Path) -> Index:
    recipe = load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides(video__on_unreadable="leave_out"))
    return build_index(recipe, manifest, Cache(cache))


def test_a_second_look_remembers_every_file(manifest: Manifest, tmp_path: Path) -> None:
    files = len({row.path for row in manifest.rows})
    first, second = index(manifest, tmp_path / "cache"), index(manifest, tmp_path / "cache")
    assert [(i.files, i.remembered) for i in (first, second)] == [(files, 0), (files, files)]
    assert first.key == second.key


def test_a_file_that_vanished_since_the_manifest_was_read_is_left_out(manifest: Manifest, tmp_path: Path) -> None:
    gone = manifest.rows[0]
    gone.path.unlink()
    found = index(manifest, tmp_path / "cache")
    assert [(video.video_id, video.reason) for video in found.left_out] == [
        (gone.video_id, "the file cannot be read: No such file or directory")
    ]
    assert gone.video_id not in found.videos


def test_a_file_that_cannot_be_read_is_left_out(manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vsslfw.pipeline import index as module

    bad, digest = manifest.rows[0], module.digest_of_file

    def fails(path: Path) -> Any:
        if path == bad.path:
            raise OSError(5, "Input/output error", str(path))
        return digest(path)

    monkeypatch.setattr(module, "digest_of_file", fails)
    found = index(manifest, tmp_path / "cache")
    assert [(video.video_id, video.reason) for video in found.left_out] == [(bad.video_id, "the file cannot be read: Input/output error")]
