"""``vsslfw index``, as a person gives it."""

from __future__ import annotations

import csv
import os
import re
import shutil
import stat
from pathlib import Path
from zlib import crc32

import pytest
from made_video import walk, write

from vsslfw.cli import main
from vsslfw.data.manifest import read_manifest
from vsslfw.scan import memory, run
from vsslfw.scan.layouts import list_folder


def ward(folder: Path) -> Path:
    """Two subjects, two classes, a night, and an empty file."""
    for seed, name in enumerate(["P1/ES/a.mp4", "P1/night one.mp4", "P2/PNES/b.mp4"]):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write(folder / name, walk(3, fps=15, seed=seed), fps=15)
    (folder / "P2/broken.mp4").touch()
    return folder


def audit(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "audit.csv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


def test_a_folder_becomes_a_manifest_that_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", str(ward(tmp_path))]) == 0
    manifest = read_manifest(tmp_path / "videos.csv")
    assert [(r.subject_id, r.role, r.label) for r in manifest.rows] == [
        ("P1", "labelled", "ES"),
        ("P1", "contextual", None),
        ("P2", "labelled", "PNES"),
    ]
    assert "\nP1-ES-a,P1/ES/a.mp4,P1,labelled,ES\n" in (tmp_path / "videos.csv").read_text()
    out = " ".join(capsys.readouterr().out.split())
    assert "4 files: 3 ok, 0 warn, 1 unusable" in out
    assert "empty file (0 bytes)" in out
    assert "3 videos of 2 subjects: ES 1, PNES 1, contextual 1" in out
    assert "1 video without a label" in out


def told(capsys: pytest.CaptureFixture[str], folder: Path, *options: str) -> str:
    """What is printed of a folder, without its table: the lines behind the summary."""
    assert main(["index", str(folder), *options]) == 0
    return capsys.readouterr().out.partition(" of video that can be used.\n")[2].replace(str(folder), "DIR")


def of(folder: Path, *names: str) -> Path:
    """The folder, with a recording of its own under each of these names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write(folder / name, walk(3, fps=15, size=(72, 96), seed=crc32(name.encode())), fps=15)
    return folder


def test_what_folders_were_taken_for_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of(tmp_path, "P1/2024-01-05/a.mp4", "P2/Kamera1/a.mp4", "P2/b.mp4")
    said = told(capsys, tmp_path)
    assert "Subjects are the folders of DIR: P1, P2. If they are none, name the folder" in said
    assert "Classes are the folders below those: 2024-01-05, Kamera1. If they are none, give --contextual" in said
    assert "Classes are" not in told(capsys, tmp_path, "--contextual")
    assert "are the folders" not in told(capsys, tmp_path, "--layout", "flat", "--subject-pattern", ".")


def test_a_class_of_one_subject_alone_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of(tmp_path, "P1/ES/a.mp4", "P1/PNES/b.mp4")
    assert "Warning" not in told(capsys, tmp_path)
    of(tmp_path, "P2/ES/c.mp4")
    assert "Warning: the class PNES occurs in one subject only." in told(capsys, tmp_path)
    of(tmp_path, "P2/Camera/d.mp4")
    assert "Warning: the classes Camera, PNES occur in one subject each." in told(capsys, tmp_path)
    of(tmp_path, "P1/Camera/e.mp4", "P2/PNES/f.mp4")
    assert "Warning" not in told(capsys, tmp_path)


@pytest.mark.parametrize(("signs", "words"), [("sub-...", "folders sub-..."), ("description", "dataset_description.json")])
def test_a_data_set_in_bids_is_told_of_its_layout(tmp_path: Path, capsys: pytest.CaptureFixture[str], signs: str, words: str) -> None:
    of(tmp_path, f"{'sub-01' if signs == 'sub-...' else 'P1'}/beh/sub-01_task-rest_video.mp4")
    if signs == "description":
        (tmp_path / "dataset_description.json").write_text("{}")
    assert f"This looks like a data set in BIDS ({words}): --layout bids reads" in told(capsys, tmp_path)


def test_what_is_read_as_bids_needs_no_hint_at_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of(tmp_path, "sub-01/beh/sub-01_task-rest_video.mp4")
    (tmp_path / "dataset_description.json").write_text("{}")
    said = told(capsys, tmp_path, "--layout", "bids")
    assert "looks like" not in said
    assert "are the folders" not in said


def test_every_file_stands_in_the_audit(tmp_path: Path) -> None:
    main(["index", str(ward(tmp_path))])
    rows = audit(tmp_path)
    assert (rows["P2/broken.mp4"]["verdict"], rows["P2/broken.mp4"]["reasons"]) == ("unusable", "empty file (0 bytes)")
    row = rows["P1/ES/a.mp4"]
    assert (row["verdict"], row["codec"], row["width"], row["height"], row["measured_fps"]) == ("ok", "h264", "160", "120", "15.0")
    assert (row["expected_frames"], row["decoded_frames"], row["duration_s"], row["variable_rate"]) == ("45", "45", "3.0", "no")
    assert re.fullmatch("[0-9a-f]{64}", row["sha256"])


def test_the_page_shows_every_file_and_fetches_nothing(tmp_path: Path) -> None:
    main(["index", str(ward(tmp_path))])
    page = (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert "empty file (0 bytes)" in page
    assert page.count("data:image/jpeg;base64,") == 3 * 8
    assert "<script" not in page
    assert not re.search(r"(https?:)?//[a-z]", re.sub(r"base64,[^\"]*", "", page))


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_what_shows_patients_is_for_its_owner_alone(tmp_path: Path) -> None:
    main(["index", str(ward(tmp_path))])
    written = [tmp_path / name for name in ("videos.csv", "audit.csv", "audit.html")]
    notes = list((tmp_path / ".vsslfw-cache" / "private" / "index").iterdir())
    assert notes
    assert {stat.S_IMODE(path.stat().st_mode) for path in written + notes} == {0o600}
    assert stat.S_IMODE((tmp_path / ".vsslfw-cache" / "private").stat().st_mode) == 0o700


def test_the_same_twice_writes_the_same_and_looks_at_nothing_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("videos.csv", "audit.csv", "audit.html")
    main(["index", str(ward(tmp_path))])
    before = [(tmp_path / name).read_bytes() for name in names]
    monkeypatch.setattr(memory, "examine", lambda *_, **__: pytest.fail("looked at again"))
    assert main(["index", str(tmp_path)]) == 0
    assert [(tmp_path / name).read_bytes() for name in names] == before


def test_a_scan_that_was_stopped_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    ward(tmp_path)
    looked: list[str] = []
    examine = memory.examine

    def counting(path: Path, **options: object) -> object:
        if len(looked) == 2 and "again" not in looked:
            raise KeyboardInterrupt
        looked.append(path.name)
        return examine(path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(memory, "examine", counting)
    assert main(["index", str(tmp_path)]) == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert not (tmp_path / "videos.csv").exists()
    looked.append("again")
    assert main(["index", str(tmp_path)]) == 0
    assert sorted(looked) == sorted(["a.mp4", "night one.mp4", "again", "b.mp4", "broken.mp4"])


def test_a_file_that_moved_is_known_by_its_content_and_one_that_changed_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main(["index", str(ward(tmp_path))])
    (tmp_path / "P1/ES/a.mp4").rename(tmp_path / "P1/ES/renamed.mp4")
    write(tmp_path / "P2/PNES/b.mp4", walk(2, fps=15, seed=9), fps=15)
    looked: list[str] = []
    examine = memory.examine
    monkeypatch.setattr(memory, "examine", lambda path, **options: (looked.append(path.name), examine(path, **options))[1])
    main(["index", str(tmp_path)])
    assert looked == ["b.mp4"]


@pytest.mark.parametrize("anew", [False, True])
def test_one_recording_under_two_subjects_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str], anew: bool) -> None:
    ward(tmp_path)
    if anew:
        write(tmp_path / "P2/PNES/c.mp4", walk(3, fps=15, size=(72, 96)), fps=15, options={"crf": "32"})
    else:
        shutil.copy(tmp_path / "P1/ES/a.mp4", tmp_path / "P2/PNES/c.mp4")
    assert main(["index", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert '"P1/ES/a.mp4" of subject "P1" and "P2/PNES/c.mp4" of subject "P2"' in said
    rows = audit(tmp_path)
    assert {rows[name]["verdict"] for name in ("P1/ES/a.mp4", "P2/PNES/c.mp4")} == {"unusable"}
    assert "one recording cannot be of two subjects" in rows["P2/PNES/c.mp4"]["reasons"]
    assert "c.mp4" not in (tmp_path / "videos.csv").read_text()


def test_the_search_for_copies_tells_how_far_it_is(tmp_path: Path) -> None:
    for number, name in enumerate(("P1/a.mp4", "P1/b.mp4", "P2/c.mp4")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path / name, walk(2, seed=number))
    told: list[object] = []
    known = memory.Memory(tmp_path / "cache")
    listing = list_folder(tmp_path, "folders")
    run.audit(listing, known, full=False, progress=lambda entry, share: told.append(entry.shown), compared=told.append)
    assert told[-2:] == [pytest.approx(2 / 3), 1.0]
    assert all(isinstance(one, str) for one in told[:-2])


def test_a_copy_within_a_subject_is_a_warning(tmp_path: Path) -> None:
    ward(tmp_path)
    shutil.copy(tmp_path / "P1/ES/a.mp4", tmp_path / "P1/ES/again.mp4")
    assert main(["index", str(tmp_path)]) == 0
    rows = audit(tmp_path)
    assert rows["P1/ES/a.mp4"]["verdict"] == "warn"
    assert rows["P1/ES/a.mp4"]["reasons"] == 'the same content as "P1/ES/again.mp4": it would count twice'


def test_a_link_within_a_subject_and_class_makes_a_note_and_a_manifest_that_loads(tmp_path: Path) -> None:
    (ward(tmp_path) / "P1/ES/link.mp4").symlink_to("a.mp4")
    assert main(["index", str(tmp_path)]) == 0
    rows = audit(tmp_path)
    assert (rows["P1/ES/a.mp4"]["verdict"], "P1/ES/link.mp4" in rows) == ("ok", False)
    assert rows["P1/ES/a.mp4"]["reasons"] == 'the same file as "P1/ES/link.mp4", by a link: listed once'
    assert len(read_manifest(tmp_path / "videos.csv").rows) == 3


def test_after_an_error_of_the_manifest_everything_else_is_said_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of(tmp_path, "P1/ES/a.mp4", "P2/es/b.mp4", "P3/ES/c.mp4")
    shutil.copy(tmp_path / "P3/ES/c.mp4", tmp_path / "P1/ES/c.mp4")
    assert main(["index", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert "videos.csv: 2 videos of 2 subjects: ES 1, es 1." in said.out
    assert said.out.rstrip().endswith(f"for you alone: {tmp_path / 'audit.html'}")
    assert 0 < said.err.index("have the same content") < said.err.index("two spellings of one class")


def test_where_no_file_can_be_used_the_audit_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of(tmp_path, "P1/a.mp4")
    (tmp_path / "P2").mkdir()
    shutil.copy(tmp_path / "P1/a.mp4", tmp_path / "P2/b.mp4")
    assert main(["index", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert f"for you alone: {tmp_path / 'audit.html'}" in said.out
    assert said.err.index("have the same content") < said.err.index("none of the files can be used, so there is no manifest")
    assert not (tmp_path / "videos.csv").exists()


def test_the_manifest_may_lie_elsewhere_and_keep_what_is_unusable(tmp_path: Path) -> None:
    out = tmp_path / "lists" / "all.csv"
    assert main(["index", str(ward(tmp_path / "ward")), "-o", str(out), "--keep-unusable", "--contextual"]) == 0
    manifest = read_manifest(out, to_split=False)
    assert len(manifest.contextual) == 4
    assert "../ward/P2/broken.mp4" in out.read_text()
    assert (out.parent / "all.audit.html").exists()


def test_what_a_person_wrote_into_the_manifest_is_never_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["index", str(ward(tmp_path))])
    manifest = tmp_path / "videos.csv"
    manifest.write_text(manifest.read_text().replace("contextual,", "labelled,ES"))
    worked = manifest.read_text()
    assert main(["index", str(tmp_path)]) == 2
    assert "what stands in it would be lost" in capsys.readouterr().err
    assert manifest.read_text() == worked


def test_the_manifest_of_another_folder_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ward(tmp_path / "ward")
    out = str(tmp_path / "list.csv")
    assert main(["index", str(tmp_path / "ward"), "-o", out]) == 0
    assert main(["index", str(tmp_path), "-o", out]) == 2
    assert "what stands in it would be lost" in capsys.readouterr().err


def test_each_manifest_has_an_audit_of_its_own(tmp_path: Path) -> None:
    ward(tmp_path / "ward")
    for subject, name in (("P1", "one.csv"), ("P2", "two.csv")):
        options = ["--layout", "flat", "--subject-pattern", ".", "-o", str(tmp_path / "lists" / name)]
        assert main(["index", str(tmp_path / "ward" / subject), *options]) == 0
    written = sorted(path.name for path in (tmp_path / "lists").iterdir() if path.is_file())
    assert written == [f"{list_}{end}" for list_ in ("one", "two") for end in (".audit.csv", ".audit.html", ".csv")]
    assert "a.mp4" in (tmp_path / "lists" / "one.audit.csv").read_text()


@pytest.mark.parametrize("name", ["audit.csv", "audit.html"])
def test_an_audit_that_somebody_else_wrote_is_never_lost_and_nothing_is_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (ward(tmp_path) / name).write_text("the ward's own\n")
    monkeypatch.setattr(memory, "examine", lambda *_, **__: pytest.fail("looked at"))
    assert main(["index", str(tmp_path)]) == 2
    assert "what stands in it would be lost" in capsys.readouterr().err
    assert (tmp_path / name).read_text() == "the ward's own\n"


def test_a_manifest_that_is_worked_on_during_the_scan_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main(["index", str(ward(tmp_path))])
    write(tmp_path / "P2/PNES/new.mp4", walk(2, fps=15, seed=9), fps=15)
    examine = memory.examine

    def meanwhile(path: Path, **options: object) -> object:
        (tmp_path / "videos.csv").write_text("worked on\n")
        return examine(path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(memory, "examine", meanwhile)
    before = (tmp_path / "audit.csv").read_bytes()
    assert main(["index", str(tmp_path)]) == 2
    assert (tmp_path / "videos.csv").read_text() == "worked on\n"
    assert (tmp_path / "audit.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--label", "ES", "--contextual"], "a contextual video has no label"),
        (["--subject-pattern", "x"], "add --layout flat"),
        (["--label", " "], "name the class"),
        (["-o", "audit.csv"], "the audit is written under this name"),
        (["-o", "es.audit.csv"], "the audit is written under this name"),
    ],
)
def test_options_that_contradict_each_other_start_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    (tmp_path / "P1").mkdir()
    (tmp_path / "P1/a.mp4").touch()
    assert main(["index", str(tmp_path), *options]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "audit.html").exists()


def test_a_folder_that_cannot_be_written_to_asks_for_one_place_for_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ward(tmp_path / "ward")
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: access(path, mode) and not (mode == os.W_OK and Path(path).name == "ward"))
    assert main(["index", str(tmp_path / "ward")]) == 2
    assert "name another place: -o FOLDER/videos.csv" in capsys.readouterr().err
    assert not (tmp_path / "ward" / ".vsslfw-cache").exists()
    assert main(["index", str(tmp_path / "ward"), "-o", str(tmp_path / "lists" / "videos.csv")]) == 0


def test_subjects_that_a_manifest_cannot_tell_apart_are_told_with_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed, name in enumerate(["P-1/a.mp4", "P 1/b.mp4"]):
        (tmp_path / name).parent.mkdir()
        write(tmp_path / name, walk(2, fps=15, seed=seed), fps=15)
    assert main(["index", str(tmp_path)]) == 2
    assert "two spellings of one subject" in capsys.readouterr().err
    assert (tmp_path / "audit.html").exists()


def test_names_are_as_people_make_them(tmp_path: Path) -> None:
    names = [" P1/-a, b.mp4", ' P1/=1+1 "x".mp4', " P1/ä\nö.mp4", "日本/[bold]c.mp4"]
    for seed, name in enumerate(names):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path / name, walk(2, fps=15, seed=seed), fps=15)
    assert main(["index", str(tmp_path)]) == 0
    rows = read_manifest(tmp_path / "videos.csv", to_split=False).rows
    assert sorted(row.path for row in rows) == sorted(tmp_path / name for name in names)
