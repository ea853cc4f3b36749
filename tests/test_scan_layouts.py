"""Whose a file is and what it shows, by its place and its name."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from vsslfw.errors import UserError
from vsslfw.scan import words
from vsslfw.scan.layouts import Entry, list_folder
from vsslfw.scan.memory import Memory


def touched(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def said(folder: Path, layout: str, **options: object) -> dict[str, tuple[str, str, str]]:
    entries = list_folder(folder, layout, **options).entries  # type: ignore[arg-type]
    return {entry.name: (entry.subject_id, entry.role, entry.label) for entry in entries}


def only(folder: Path, layout: str) -> Entry:
    (entry,) = list_folder(folder, layout).entries
    return entry


def test_the_first_folder_is_the_subject_and_the_second_the_label(tmp_path: Path) -> None:
    touched(tmp_path, "P1/night.mp4", "P1/ES/a.mp4", "P2/PNES/deeper/b.mkv", "P2/Contextual/c.avi")
    assert said(tmp_path, "folders") == {
        "P1/ES/a.mp4": ("P1", "labelled", "ES"),
        "P1/night.mp4": ("P1", "contextual", ""),
        "P2/Contextual/c.avi": ("P2", "contextual", ""),
        "P2/PNES/deeper/b.mkv": ("P2", "labelled", "PNES"),
    }


def test_label_and_contextual_hold_for_all(tmp_path: Path) -> None:
    touched(tmp_path, "P1/ES/a.mp4", "P2/b.mp4")
    assert {label for _, _, label in said(tmp_path, "folders", label="PNES").values()} == {"PNES"}
    assert {role for _, role, _ in said(tmp_path, "folders", contextual=True).values()} == {"contextual"}


def test_of_many_subjects_and_classes_the_first_are_named(tmp_path: Path) -> None:
    touched(tmp_path, *(f"P{number}/C{number % 7}/a.mp4" for number in range(9)))
    subjects, classes = words.read_as(list_folder(tmp_path, "folders"))
    assert f"{tmp_path}: P0, P1, P2, P3, P4, P5 and 3 more. If" in subjects
    assert ": C0, C1, C2, C3, C4, C5 and 1 more. If" in classes


def test_in_a_flat_folder_the_name_says_the_subject(tmp_path: Path) -> None:
    touched(tmp_path, "P1_a.mp4", "P2_b.mp4", "nobody.mp4")
    assert said(tmp_path, "flat")["P1_a.mp4"][0] == "P1"
    trouble = {entry.name: entry.trouble for entry in list_folder(tmp_path, "flat").entries}
    assert "does not say whose it is" in trouble["nobody.mp4"]


@pytest.mark.parametrize("pattern", [r"pat(\d+)", r"pat(?P<subject>\d+)", r"(?<=pat)\d+"])
def test_a_pattern_finds_the_subject_in_a_group_or_as_a_whole(tmp_path: Path, pattern: str) -> None:
    touched(tmp_path, "ward-pat07-cam2.mp4")
    assert said(tmp_path, "flat", subject_pattern=pattern)["ward-pat07-cam2.mp4"][0] == "07"


BIDS = "sub-01/ses-a/beh/sub-01_ses-a_task-seizure_run-1_video.mp4"


def test_bids_names_say_the_subject_and_the_nearest_sidecar_the_label(tmp_path: Path) -> None:
    touched(tmp_path, BIDS, "sub-02/beh/sub-02_task-seizure_video.mkv", "sub-02/beh/sub-02_task-rest_video.mkv")
    (tmp_path / "task-seizure_video.json").write_text(json.dumps({"Label": "PNES"}))
    (tmp_path / BIDS).with_suffix(".json").write_text(json.dumps({"label": "ES"}))
    (tmp_path / "sub-02/beh/sub-02_task-rest_video.json").write_text(json.dumps({"role": "contextual"}))
    assert said(tmp_path, "bids") == {
        BIDS: ("01", "labelled", "ES"),
        "sub-02/beh/sub-02_task-rest_video.mkv": ("02", "contextual", ""),
        "sub-02/beh/sub-02_task-seizure_video.mkv": ("02", "labelled", "PNES"),
    }


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sub-01/beh/seizure.mp4", "not of the form sub-X"),
        ("sub-01/beh/sub-02_task-a_video.mp4", "lies in the folder sub-01 and its name says sub-02"),
        ("sub-01/ses-a/beh/sub-01_task-a_video.mp4", "lies in the folder ses-a and its name says no ses-"),
    ],
)
def test_a_bids_name_that_contradicts_its_place_belongs_to_nobody(tmp_path: Path, name: str, words: str) -> None:
    touched(tmp_path, BIDS, name)
    assert words in next(entry.trouble for entry in list_folder(tmp_path, "bids").entries if entry.name == name)


@pytest.mark.parametrize(
    ("content", "words"),
    [("[]", "not a JSON object"), ('{"role": "seizure"}', "contextual or labelled"), ('{"role": "labelled"}', "no label")],
)
def test_a_wrong_sidecar_is_told(tmp_path: Path, content: str, words: str) -> None:
    touched(tmp_path, BIDS, "sub-02/beh/sub-02_task-rest_video.mkv")
    (tmp_path / BIDS).with_suffix(".json").write_text(content)
    assert words in next(entry.trouble for entry in list_folder(tmp_path, "bids").entries if entry.name == BIDS)


def test_what_lies_beside_videos_is_counted_and_not_looked_at(tmp_path: Path) -> None:
    touched(tmp_path, "P1/a.mp4", "P1/a.edf", "P1/notes.TXT", "LICENSE", ".hidden/b.mp4", "P1/.c.mp4")
    listing = list_folder(tmp_path, "folders")
    assert [entry.name for entry in listing.entries] == ["P1/a.mp4"]
    assert listing.others == {".edf": 1, ".txt": 1, "LICENSE": 1}


def test_ids_differ_though_names_are_alike(tmp_path: Path) -> None:
    touched(tmp_path, "P1/a.mp4", "P1/a.avi", "P1/b.mp4", "P1-b/c.mp4", "P1/b-c.mp4")
    ids = [entry.video_id for entry in list_folder(tmp_path, "folders").entries]
    assert len(set(ids)) == len(ids) == 5
    assert "P1-a.avi" in ids
    assert "P1-b" in ids


def test_a_name_that_is_no_text_is_told(tmp_path: Path) -> None:
    name = os.path.join(os.fsencode(tmp_path), b"P1", b"m\xfcller.mp4")
    touched(tmp_path, "P1/a.mp4")
    try:
        os.close(os.open(name, os.O_CREAT))
    except OSError:
        pytest.skip("this file system holds no such name")
    entry = next(entry for entry in list_folder(tmp_path, "folders").entries if entry.trouble)
    assert "not UTF-8" in entry.trouble
    entry.video_id.encode("utf-8")
    entry.shown.encode("utf-8")


def test_a_link_that_leads_back_up_is_followed_once(tmp_path: Path) -> None:
    touched(tmp_path, "P1/a.mp4")
    (tmp_path / "P1" / "again").symlink_to(tmp_path)
    assert [entry.name for entry in list_folder(tmp_path, "folders").entries] == ["P1/a.mp4"]


def test_one_folder_under_two_subjects_is_seen_under_both(tmp_path: Path) -> None:
    touched(tmp_path / "store", "a.mp4")
    ward = touched(tmp_path / "ward", "P01/b.mp4")
    for subject in ("P03", "P07"):
        (ward / subject).symlink_to(tmp_path / "store")
    assert list(said(ward, "folders")) == ["P01/b.mp4", "P03/a.mp4", "P07/a.mp4"]


def test_a_file_to_which_links_of_its_subject_and_class_lead_is_listed_once(tmp_path: Path) -> None:
    ward = touched(tmp_path / "ward", "P1/ES/b.mp4", "P1/ES/z/c.mp4")
    (ward / "P1/ES/a.mp4").symlink_to("b.mp4")
    (ward / "P1/ES/again").symlink_to("z")
    entries = list_folder(ward, "folders").entries
    assert [(entry.name, entry.also) for entry in entries] == [
        ("P1/ES/b.mp4", ("P1/ES/a.mp4",)),
        ("P1/ES/z/c.mp4", ("P1/ES/again/c.mp4",)),
    ]


def test_two_links_to_a_file_elsewhere_are_one_file(tmp_path: Path) -> None:
    touched(tmp_path, "store/a.mp4", "ward/P1/c.mp4")
    for name in ("x", "y"):
        (tmp_path / f"ward/P1/{name}.mp4").symlink_to(tmp_path / "store/a.mp4")
    entries = list_folder(tmp_path / "ward", "folders").entries
    assert [(entry.name, entry.also) for entry in entries] == [("P1/c.mp4", ()), ("P1/x.mp4", ("P1/y.mp4",))]


def test_a_file_with_links_under_two_subjects_or_classes_stays_twice(tmp_path: Path) -> None:
    touched(tmp_path, "P1/ES/a.mp4", "P1/PNES/b.mp4", "P2/ES/c.mp4")
    for other in ("P1/PNES/link.mp4", "P2/ES/link.mp4"):
        (tmp_path / other).symlink_to(tmp_path / "P1/ES/a.mp4")
    assert [entry.also for entry in list_folder(tmp_path, "folders").entries] == [()] * 5
    assert len(list_folder(tmp_path, "folders", contextual=True).entries) == 4


def test_a_link_to_nothing_is_a_file_that_is_not_there(tmp_path: Path) -> None:
    touched(tmp_path, "P1/a.mp4")
    (tmp_path / "P1/b.mp4").symlink_to(tmp_path / "unplugged" / "b.mp4")
    assert [entry.name for entry in list_folder(tmp_path, "folders").entries] == ["P1/a.mp4", "P1/b.mp4"]
    found = Memory(tmp_path / "cache").look(tmp_path / "P1/b.mp4", full=False, tick=lambda share: None)
    assert (found.digest, found.facts.error) == ("", "no such file: a link to nothing")


def test_a_folder_that_cannot_be_listed_is_an_error_and_not_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touched(tmp_path, "P1/a.mp4", "P2/b.mp4")
    scandir = os.scandir

    def refusing(path: str) -> object:
        if os.path.basename(path) == "P2":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(UserError, match=r"P2.*Permission denied|Permission denied.*P2"):
        list_folder(tmp_path, "folders")


@pytest.mark.parametrize(
    ("names", "layout", "hint"),
    [
        (["P1_a.mp4"], "folders", "use --layout flat"),
        (["a.mp4"], "flat", "--subject-pattern"),
        (["P1/a.mp4"], "bids", "use --layout folders"),
        (["notes.txt"], "folders", "videos are looked for"),
    ],
)
def test_a_layout_that_fits_nothing_says_what_to_try(tmp_path: Path, names: list[str], layout: str, hint: str) -> None:
    with pytest.raises(UserError, match=hint):
        list_folder(touched(tmp_path, *names), layout)


def test_a_folder_that_is_none_and_a_pattern_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        list_folder(tmp_path / "nowhere", "folders")
    with pytest.raises(UserError, match="no regular expression"):
        list_folder(touched(tmp_path, "a_b.mp4"), "flat", subject_pattern="(")
