"""The manifest: what is read, and what is said about everything that is wrong with one."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from vsslfw.builtin.videos_csv import VideosCsv
from vsslfw.data.manifest import read_manifest
from vsslfw.errors import UserError

HEADER = "video_id,path,subject_id,role,label"
GOOD = [HEADER, "A1,a1.mp4,A,labelled,ES", "B1,sub/b1.mp4,B,labelled,PNES", "C1,c1.mp4,C,contextual,"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    for name in ("a1.mp4", "sub/b1.mp4", "c1.mp4"):
        (tmp_path / name).write_bytes(b"-")
    return tmp_path


def write(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / "videos.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(UserError) as caught:
        read_manifest(path)
    return [str(problem) for problem in caught.value.problems]


def test_a_manifest_is_read(folder: Path) -> None:
    manifest = read_manifest(write(folder, *GOOD))
    first, second, third = manifest.rows
    assert (first.video_id, first.subject_id, first.role, first.label, first.start_s, first.end_s, first.row) == (
        "A1",
        "A",
        "labelled",
        "ES",
        0.0,
        None,
        2,
    )
    assert second.path == folder / "sub" / "b1.mp4"
    assert third.label is None
    assert (manifest.labelled, manifest.contextual, manifest.labels) == ([first, second], [third], ["ES", "PNES"])


def test_the_real_bedroom_manifest_is_read(shared_data: Path) -> None:
    manifest = read_manifest(shared_data / "gmdcsa24" / "videos.csv")
    assert (len(manifest.rows), manifest.labels, len({row.subject_id for row in manifest.rows})) == (23, ["adl", "fall"], 4)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + "\n".join(GOOD),
        "\r\n".join(GOOD) + "\r\n",
        "\n".join(GOOD).replace(",", ";"),
        "\n".join(GOOD).replace(",", "\t"),
        "\n".join(line.replace(",", " , ") for line in GOOD),
        "\n".join(line + ",," for line in GOOD),
        GOOD[0] + "\n\n" + "\n".join(GOOD[1:]) + "\n,,,,\n",
        "\n".join(GOOD).replace("A1", '"A1"'),
    ],
    ids=["byte order mark", "windows line ends", "semicolons", "tabs", "spaces", "empty columns", "blank rows", "quotes"],
)
def test_what_spreadsheets_make_of_it_is_read_too(folder: Path, text: str) -> None:
    plain = read_manifest(write(folder, *GOOD))
    path = folder / "other.csv"
    path.write_bytes(text.encode())
    other = read_manifest(path)
    assert [dataclasses.replace(row, row=0) for row in other.rows] == [dataclasses.replace(row, row=0) for row in plain.rows]
    assert other.digest == plain.digest


def test_times_and_other_columns_are_kept(folder: Path) -> None:
    lines = [GOOD[0] + ",start_s,end_s,site", GOOD[1] + ",1.5,9,Marseille", GOOD[2] + ",,,", GOOD[3] + ",,7,"]
    rows = read_manifest(write(folder, *lines)).rows
    assert [(row.start_s, row.end_s, row.extra) for row in rows] == [
        (1.5, 9.0, {"site": "Marseille"}),
        (0.0, None, {"site": ""}),
        (0.0, 7.0, {"site": ""}),
    ]


def test_the_digest_follows_the_content_and_not_the_order(folder: Path) -> None:
    digest = read_manifest(write(folder, *GOOD)).digest
    assert read_manifest(write(folder, GOOD[0], *GOOD[:0:-1])).digest == digest
    assert read_manifest(write(folder, *GOOD[:-1], "C1,c1.mp4,D,contextual,")).digest != digest


WRONG_ROWS = {
    "unknown role": ("X,c1.mp4,C,labeled,ES", "column role", 'unknown role "labeled"', 'did you mean "labelled"?'),
    "no role": ("X,c1.mp4,C,,ES", "column role", "is empty", "contextual, labelled"),
    "duplicated id": ("A1,c1.mp4,C,labelled,ES", "column video_id", '"A1" is also the id in row 2', "id of its own"),
    "empty id": (",c1.mp4,C,labelled,ES", "column video_id", "is empty", ""),
    "empty subject": ("X,c1.mp4,,labelled,ES", "column subject_id", "is empty", ""),
    "missing file": ("X,c11.mp4,C,labelled,ES", "column path", 'no such file: "c11.mp4"', 'did you mean "c1.mp4"?'),
    "missing folder": ("X,subs/c1.mp4,C,labelled,ES", "column path", 'no such file: "subs/c1.mp4"', "there is no folder"),
    "backslashes": ("X,sub\\b1.mp4,B,labelled,ES", "column path", "no such file", "write / between folders"),
    "a folder": ("X,sub,C,labelled,ES", "column path", 'a folder, not a file: "sub"', ""),
    "no label": ("X,c1.mp4,C,labelled,", "column label", "a labelled video has no label", "contextual"),
    "contextual label": ("X,c1.mp4,C,contextual,ES", "column label", 'a contextual video has the label "ES"', "labelled"),
    "two subjects": ("X,a1.mp4,C,labelled,ES", "column subject_id", 'belongs to subject "A" in row 2, and to "C" here', "one subject"),
    "end before start": ("X,c1.mp4,C,labelled,ES,9,4", "column end_s", "ends at 4 s, which is not after its start at 9 s", ""),
    "end at zero": ("X,c1.mp4,C,labelled,ES,,0", "column end_s", "not after its start at 0 s", ""),
    "clock time": ("X,c1.mp4,C,labelled,ES,1:20,", "column start_s", '"1:20" is not a time in seconds', "write 83.5"),
    "decimal comma": ('X,c1.mp4,C,labelled,ES,"1,5",', "column start_s", '"1,5" is not a time in seconds', "write a point: 1.5"),
    "negative time": ("X,c1.mp4,C,labelled,ES,-1,", "column start_s", '"-1" is not a time in seconds', ""),
    "infinite time": ("X,c1.mp4,C,labelled,ES,,inf", "column end_s", '"inf" is not a time in seconds', ""),
}


@pytest.mark.parametrize("case", WRONG_ROWS)
def test_a_wrong_cell_is_named_with_its_row_and_column(folder: Path, case: str) -> None:
    row, column, what, hint = WRONG_ROWS[case]
    (problem,) = problems(write(folder, HEADER + ",start_s,end_s", *GOOD[1:3], row))
    assert problem.startswith(f"videos.csv row 4, {column}: ")
    assert what in problem
    assert hint in problem


TWO_SPELLINGS = {
    "case": ("Müller", "müller"),
    "full case folding": ("Groß", "GROSS"),
    "inner spaces": ("Anna M", "Anna  M"),
    "space or none": ("P 7", "P7"),
    "no-break space": ("Anna M", "Anna\u00a0M"),
    "dashes": ("P-7", "P\u20137"),
    "dash or underscore": ("site-1-7", "site_1_7"),
    "wide letters": ("P7", "\uff30\uff17"),
    "zero-width space": ("P7", "P\u200b7"),
}


@pytest.mark.parametrize("case", TWO_SPELLINGS)
def test_one_patient_under_two_spellings_is_refused(folder: Path, case: str) -> None:
    one, other = TWO_SPELLINGS[case]
    (problem,) = problems(write(folder, HEADER, f"A1,a1.mp4,{one},labelled,ES", GOOD[2], f"C1,c1.mp4,{other},contextual,"))
    assert problem.startswith("videos.csv row 4, column subject_id: ")
    assert f'"{other}" and "{one}" (row 2)' in problem
    assert "use one spelling" in problem


def test_one_class_under_two_spellings_is_refused(folder: Path) -> None:
    (problem,) = problems(write(folder, *GOOD[:3], "C1,c1.mp4,C,labelled,Pnes"))
    assert problem.startswith("videos.csv row 4, column label: ")
    assert '"Pnes" and "PNES" (row 3)' in problem


@pytest.mark.parametrize("ids", [("1-11", "11-1"), ("P1", "P11"), ("A", "Ä"), ("P1-1", "P11")], ids=" ".join)
def test_two_patients_are_not_taken_for_one(folder: Path, ids: tuple[str, str]) -> None:
    manifest = read_manifest(write(folder, HEADER, f"A1,a1.mp4,{ids[0]},labelled,ES", f"B1,c1.mp4,{ids[1]},labelled,PNES"))
    assert [row.subject_id for row in manifest.rows] == list(ids)


def test_ids_and_labels_are_the_same_however_unicode_writes_them(folder: Path) -> None:
    composed, decomposed = "M\u00fcller", "Mu\u0308ller"
    lines = [
        HEADER,
        f"{composed}1,a1.mp4,{composed},labelled,{composed}",
        f"{decomposed}2,c1.mp4,{decomposed},labelled,{decomposed}",
        GOOD[2],
    ]
    manifest = read_manifest(write(folder, *lines))
    assert [(row.video_id, row.subject_id, row.label) for row in manifest.rows[:2]] == [
        (f"{composed}1", composed, composed),
        (f"{composed}2", composed, composed),
    ]
    assert f'"{composed}1" is also the id in row 2' in problems(write(folder, *lines, f"{decomposed}1,c1.mp4,C,contextual,"))[0]


SAME_STRETCH = {
    "two labels of a whole file": ((",", "ES"), (",", "PNES"), "column path", "labels of the same stretch of this file, 0 s to its end"),
    "overlapping": (("3,9", "ES"), ("8.5,20", "PNES"), "column start_s", '"PNES" here and "ES" in row 4'),
    "one inside another": (("3,", "ES"), ("8,9", "PNES"), "column start_s", "8 s to 9 s"),
    "labelled twice": (("3,9", "ES"), ("3,9", "ES"), "column start_s", "labelled in row 4 already: it would count twice"),
}


@pytest.mark.parametrize("case", SAME_STRETCH)
def test_a_stretch_of_a_file_has_one_label_once(folder: Path, case: str) -> None:
    (times, label), (times_too, label_too), column, what = SAME_STRETCH[case]
    rows = [f"C1,c1.mp4,C,labelled,{label},{times}", f"C2,sub/../c1.mp4,C,labelled,{label_too},{times_too}"]
    (problem,) = problems(write(folder, HEADER + ",start_s,end_s", *GOOD[1:3], *rows))
    assert problem.startswith(f"videos.csv row 5, {column}: ")
    assert what in problem


def test_stretches_of_a_file_may_touch_and_those_of_one_label_overlap(folder: Path) -> None:
    rows = ["C1,c1.mp4,C,labelled,ES,0,5", "C2,c1.mp4,C,labelled,PNES,5,9", "C3,c1.mp4,C,labelled,PNES,8,20", "C4,c1.mp4,C,contextual,,,"]
    assert len(read_manifest(write(folder, HEADER + ",start_s,end_s", *GOOD[1:3], *rows)).rows) == 6


def test_everything_that_is_wrong_is_said_at_once(folder: Path) -> None:
    found = problems(write(folder, *GOOD[:3], "A1,nowhere.mp4,,labelled,", "Z,c1.mp4,C,nonsense,ES"))
    assert [problem.partition(":")[0] for problem in found] == [
        "videos.csv row 4, column subject_id",
        "videos.csv row 4, column label",
        "videos.csv row 4, column path",
        "videos.csv row 5, column role",
    ]


def test_many_problems_of_one_kind_are_counted(folder: Path) -> None:
    rows = [f"X{n},gone/{n}.mp4,S{n},labelled,ES" for n in range(60)]
    found = problems(write(folder, *GOOD, *rows, "Y,c1.mp4,C,nonsense,ES"))
    assert len(found) == 12
    assert any("50 more rows: no such file" in problem for problem in found)
    assert any("nonsense" in problem for problem in found)


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ([GOOD[1], "B1,sub/b1.mp4,B,labelled,ES"], 'all 2 labelled videos have the label "ES"'),
        ([GOOD[1], "B1,sub/b1.mp4,A,labelled,PNES"], 'all 2 labelled videos are of subject "A"'),
        ([GOOD[3]], "no row has the role labelled"),
    ],
    ids=["one class", "one subject", "nothing labelled"],
)
def test_what_cannot_be_classified_is_refused(folder: Path, rows: list[str], what: str) -> None:
    (problem,) = problems(write(folder, HEADER, *rows))
    assert what in problem


WRONG_HEADERS = {
    "missing column": ("video_id,path,subject_id,role", 'column "label" is missing', ""),
    "another name": ("video_id,path,subject_id,role,labels", 'column "label" is missing', 'did you mean "labels"?'),
    "another spelling": ("Video ID,path,subject_id,role,label", 'column "video_id" is missing', 'rename the column "Video ID"'),
    "optional spelling": (HEADER + ",Start_S", 'column "Start_S" would not be read', 'write it "start_s"'),
    "twice": (HEADER + ",label", 'column "label" occurs 2 times', ""),
}


@pytest.mark.parametrize("case", WRONG_HEADERS)
def test_a_wrong_header_is_named(folder: Path, case: str) -> None:
    header, what, hint = WRONG_HEADERS[case]
    (problem,) = problems(write(folder, header, *GOOD[1:]))
    assert what in problem
    assert hint in problem


def test_a_row_that_is_too_long_is_named(folder: Path) -> None:
    (problem,) = problems(write(folder, *GOOD, "X,a, b.mp4,C,labelled,ES"))
    assert "videos.csv row 5: has 6 cells where the header has 5" in problem


WRONG_FILES = {
    "empty": (b"", "the file is empty"),
    "blank": (b"\n \n", "the file is empty"),
    "header only": (HEADER.encode(), "no row below"),
    "binary": (bytes(range(256)) * 9, "a binary file"),
    "workbook": (b"PK\x03\x04" + bytes(99), 'save it as "CSV UTF-8'),
    "utf-16": ("\n".join(GOOD).encode("utf-16"), "UTF-16"),
    "latin-1": (("\n".join(GOOD) + "\nD,é.mp4,D,labelled,ES").encode("latin-1"), "videos.csv line 5: the text is not UTF-8 (byte 0xe9)"),
    "open quote": (b'video_id,path,subject_id,role,label\n"A,b', "not a CSV file"),
}


@pytest.mark.parametrize("case", WRONG_FILES)
def test_a_file_that_is_no_manifest_says_what_it_is(folder: Path, case: str) -> None:
    content, what = WRONG_FILES[case]
    (folder / "videos.csv").write_bytes(content)
    (problem,) = problems(folder / "videos.csv")
    assert what in problem


def test_a_folder_and_a_missing_file_are_answered_with_what_is_there(folder: Path) -> None:
    write(folder, *GOOD)
    assert "name the file in it: videos.csv" in problems(folder)[0]
    assert 'did you mean "videos.csv"?' in problems(folder / "video.csv")[0]


def test_the_dataset_hands_out_the_path_of_a_manifest_that_exists(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, *GOOD)
    monkeypatch.chdir(folder)
    assert VideosCsv(path="videos.csv").manifest(folder / "unused") == folder / "videos.csv"
    with pytest.raises(UserError, match=r'did you mean "videos\.csv"\?'):
        VideosCsv(path="videoss.csv").manifest(folder)
