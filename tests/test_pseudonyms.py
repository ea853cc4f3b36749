"""Pseudonyms: stable, of two levels, and saying nothing about names or order."""

from __future__ import annotations

from pathlib import Path

import pytest

from vsslfw.data.manifest import Manifest, VideoRow
from vsslfw.data.pseudonyms import Pseudonyms


def manifest(*ids: tuple[str, str]) -> Manifest:
    return Manifest(Path("videos.csv"), [VideoRow(video, Path(f"/{video}"), subject, "contextual", None) for subject, video in ids], "")


MANY = manifest(*((f"patient-{s:03}", f"film-{s:03}-{v}") for s in range(30) for v in range(3)))


def test_subjects_and_videos_are_numbered_without_gaps() -> None:
    names = Pseudonyms.of(MANY, 0)
    assert sorted(names.subjects.values()) == [f"P{n:02}" for n in range(1, 31)]
    assert sorted(names.videos.values()) == [f"P{s:02}-V{v:02}" for s in range(1, 31) for v in range(1, 4)]


def test_a_video_carries_its_subject() -> None:
    names = Pseudonyms.of(MANY, 0)
    assert all(names.video(row.video_id).startswith(names.subject(row.subject_id) + "-V") for row in MANY.rows)


def test_the_numbers_show_neither_the_names_order_nor_the_manifests() -> None:
    names = Pseudonyms.of(MANY, 0)
    in_order = [names.subject(f"patient-{s:03}") for s in range(30)]
    assert in_order != sorted(in_order)
    assert names == Pseudonyms.of(Manifest(MANY.path, MANY.rows[::-1], ""), 0)
    assert names.subjects != Pseudonyms.of(MANY, 1).subjects


def test_numbers_grow_wider_when_there_are_more_than_99() -> None:
    names = Pseudonyms.of(manifest(*((f"s{n}", f"v{n}") for n in range(120))), 0)
    assert min(names.subjects.values()) == "P001"


def test_the_key_has_a_row_for_each_video() -> None:
    header, *rows = Pseudonyms.of(manifest(("Ann", "a1"), ("Ann", "a2"), ("Bob", "b1")), 0).rows()
    assert header == ("subject", "video", "subject_id", "video_id")
    assert sorted(row[3] for row in rows) == ["a1", "a2", "b1"]
    assert [row[1] for row in rows] == sorted(row[1] for row in rows)


def test_an_id_that_is_not_in_the_manifest_has_no_pseudonym() -> None:
    with pytest.raises(KeyError):
        Pseudonyms.of(MANY, 0).subject("somebody else")
