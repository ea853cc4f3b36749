"""The five schemes: never a subject on both sides, the same folds each time, and words for what cannot be split."""

from __future__ import annotations

import hashlib
import logging
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold
from vsslfw_validation.repeated import RepeatedStratifiedGroupKFold
from vsslfw_validation.sites import LeaveOneSiteOut
from vsslfw_validation.split_file import SplitFile

from vsslfw.errors import UserError
from vsslfw.plugins import registries
from vsslfw.testing import parametrize_with_checks

Videos = list[tuple[str, str, str]]
"""(subject, label, site) of each video."""
EIGHT: Videos = [(f"S{s}", "ES" if s % 2 else "PNES", f"site {s // 3}") for s in range(8) for _ in range(2)]


def arguments(videos: Videos) -> tuple[Any, Any, Any]:
    """X, y and groups, as the framework hands them to ``split``."""
    X = np.empty(len(videos), dtype=object)
    X[:] = [{"video_id": f"V{n}", "subject_id": s, "label": label, "site": site} for n, (s, label, site) in enumerate(videos)]
    return X, np.array([["ES", "PNES"].index(label) for _, label, _ in videos]), np.array([subject for subject, _, _ in videos])


def folds_of(scheme: Any, videos: Videos) -> list[tuple[list[int], list[int]]]:
    return [(train.tolist(), test.tolist()) for train, test in scheme.split(*arguments(videos))]


def refusal(scheme: Any, videos: Videos) -> str:
    with pytest.raises(ValueError, match=r"\w") as caught:
        list(scheme.split(*arguments(videos)))
    return str(caught.value)


def test_all_five_are_found_as_a_plugin_two_of_them_straight_from_scikit_learn() -> None:
    expected = {
        "group_kfold": GroupKFold,
        "stratified_group_kfold": StratifiedGroupKFold,
        "repeated_stratified_group_kfold": RepeatedStratifiedGroupKFold,
        "leave_one_site_out": LeaveOneSiteOut,
        "split_file": SplitFile,
    }
    found = {c.name: c.load() for c in registries().components("validation") if c.distribution == "vsslfw-validation"}
    assert found == expected


def test_finding_the_plugin_imports_neither_scikit_learn_nor_torch() -> None:
    code = "import sys, vsslfw_validation; print({'torch', 'sklearn'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"


@parametrize_with_checks("validation", GroupKFold)
def test_group_kfold_keeps_the_contract(check: Callable[[], None]) -> None:
    check()


@parametrize_with_checks("validation", StratifiedGroupKFold)
def test_stratified_group_kfold_keeps_the_contract(check: Callable[[], None]) -> None:
    check()


@parametrize_with_checks("validation", RepeatedStratifiedGroupKFold)
def test_repeated_stratified_group_kfold_keeps_the_contract(check: Callable[[], None]) -> None:
    check()


@parametrize_with_checks("validation", LeaveOneSiteOut)
def test_leave_one_site_out_keeps_the_contract(check: Callable[[], None]) -> None:
    check()


@parametrize_with_checks("validation", SplitFile)
def test_split_file_keeps_the_contract(check: Callable[[], None]) -> None:
    check()


# what every scheme keeps, over random manifests


@st.composite
def manifests(draw: st.DrawFn) -> Videos:
    """Up to 14 subjects, each of one site, with up to 5 videos of any classes; in any order."""
    subjects = draw(st.lists(st.tuples(st.integers(0, 3), st.lists(st.sampled_from(["ES", "PNES"]), min_size=1, max_size=5)), max_size=14))
    videos = [(f"S{n}", label, f"site {site}") for n, (site, labels) in enumerate(subjects) for label in labels]
    return draw(st.permutations(videos))


def keeps_the_contract(scheme: Any, videos: Videos, times: int = 1) -> None:
    """Whatever it can split, it splits rightly; what it cannot is a ValueError."""
    try:
        folds = folds_of(scheme, videos)
    except ValueError:
        return
    assert folds == folds_of(scheme, videos)
    for train, test in folds:
        assert not {videos[i][0] for i in train} & {videos[i][0] for i in test}
        assert sorted(train + test) == list(range(len(videos)))
    assert Counter(i for _, test in folds for i in test) == dict.fromkeys(range(len(videos)), times)


@pytest.mark.filterwarnings("ignore:The least populated class")
@pytest.mark.parametrize("cls", [GroupKFold, StratifiedGroupKFold])
@settings(deadline=None)
@given(videos=manifests(), n_splits=st.integers(2, 5))
def test_k_folds_never_put_a_subject_on_both_sides(cls: type, videos: Videos, n_splits: int) -> None:
    keeps_the_contract(cls(n_splits=n_splits, shuffle=True, random_state=3), videos)


@pytest.mark.filterwarnings("ignore:The least populated class")
@settings(max_examples=40, deadline=None)  # what cannot be repeated is found out by a hundred draws
@given(videos=manifests(), n_splits=st.integers(2, 4), n_repeats=st.integers(1, 3))
def test_repeats_never_put_a_subject_on_both_sides(videos: Videos, n_splits: int, n_repeats: int) -> None:
    keeps_the_contract(RepeatedStratifiedGroupKFold(n_splits=n_splits, n_repeats=n_repeats), videos, n_repeats)


@settings(deadline=None)
@given(videos=manifests())
def test_sites_never_put_a_subject_on_both_sides(videos: Videos) -> None:
    keeps_the_contract(LeaveOneSiteOut(), videos)


@settings(deadline=None)
@given(videos=manifests(), data=st.data())
def test_a_split_file_never_puts_a_subject_on_both_sides(videos: Videos, data: st.DataObject) -> None:
    subjects = sorted({subject for subject, _, _ in videos}) or ["nobody"]
    folds = data.draw(st.lists(st.sampled_from(["1", "2", "10", "b"]), min_size=len(subjects), max_size=len(subjects)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "folds.csv")
        path.write_text("subject_id,fold\n" + "".join(f"{s},{f}\n" for s, f in zip(subjects, folds, strict=True)))
        keeps_the_contract(SplitFile(path=str(path)), videos)


# repeated_stratified_group_kfold


def test_repeats_are_other_splits_and_the_first_stay_however_many_follow() -> None:
    three = folds_of(RepeatedStratifiedGroupKFold(n_splits=4, n_repeats=3), EIGHT)
    assert len(three) == 12
    assert len({frozenset(tuple(test) for _, test in three[start : start + 4]) for start in (0, 4, 8)}) == 3
    assert folds_of(RepeatedStratifiedGroupKFold(n_splits=4, n_repeats=1), EIGHT) == three[:4]
    assert folds_of(RepeatedStratifiedGroupKFold(n_splits=4, n_repeats=3, random_state=1), EIGHT) != three


def test_repeats_are_stratified() -> None:
    for _, test in folds_of(RepeatedStratifiedGroupKFold(n_splits=4, n_repeats=3), EIGHT):
        assert Counter(EIGHT[i][1] for i in test) == {"ES": 2, "PNES": 2}


def test_more_repeats_than_there_are_splits_are_refused() -> None:
    four: Videos = [("A", "ES", ""), ("B", "ES", ""), ("C", "PNES", ""), ("D", "PNES", "")]
    assert len(folds_of(RepeatedStratifiedGroupKFold(n_splits=2, n_repeats=2), four)) == 4
    said = refusal(RepeatedStratifiedGroupKFold(n_splits=2, n_repeats=3), four)
    assert said.startswith("n_repeats is 3, and only 2 different splits into 2 folds were found")


def test_repeats_draw_from_their_own_stream() -> None:
    np.random.seed(0)
    before = folds_of(RepeatedStratifiedGroupKFold(n_splits=2, n_repeats=2), EIGHT)
    state = np.random.get_state()[1].tolist()  # type: ignore[union-attr]
    np.random.seed(1)
    assert folds_of(RepeatedStratifiedGroupKFold(n_splits=2, n_repeats=2), EIGHT) == before
    np.random.seed(0)
    assert np.random.get_state()[1].tolist() == state  # type: ignore[union-attr]


# leave_one_site_out


def test_each_site_is_tested_once_in_the_order_of_their_names() -> None:
    folds = folds_of(LeaveOneSiteOut(), EIGHT)
    assert [{EIGHT[i][2] for i in test} for _, test in folds] == [{"site 0"}, {"site 1"}, {"site 2"}]


def test_a_missing_column_is_answered_with_the_nearest() -> None:
    assert refusal(LeaveOneSiteOut(column="sight"), EIGHT) == 'column is "sight", which the manifest does not have; did you mean "site"?'


def test_all_that_is_wrong_with_the_sites_is_said_at_once() -> None:
    videos = [("S1", "ES", "Lyon"), ("S1", "ES", "Nice"), ("S2", "ES", ""), ("S3", "PNES", "lyon")]
    said = refusal(LeaveOneSiteOut(), videos)
    assert said.startswith("column site: ")
    assert "no site is given for video V2" in said
    assert "at several is S1 (Lyon, Nice)" in said
    assert "two spellings of one site: Lyon and lyon" in said


def test_one_site_alone_cannot_be_left_out() -> None:
    assert "all videos are of site Lyon" in refusal(LeaveOneSiteOut(), [("S1", "ES", "Lyon"), ("S2", "PNES", "Lyon")])


# split_file


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def write(text: str, name: str = "folds.csv") -> str:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return write


HALVES = "subject_id,fold\n" + "".join(f"S{n},{'late' if n > 3 else 'early'}\n" for n in range(8))


def test_the_file_says_who_is_tested_when(written: Any) -> None:
    folds = folds_of(SplitFile(path=written(HALVES)), EIGHT)
    assert [sorted({EIGHT[i][0] for i in test}) for _, test in folds] == [["S0", "S1", "S2", "S3"], ["S4", "S5", "S6", "S7"]]


def test_folds_come_in_the_order_of_their_numbers(written: Any) -> None:
    path = written("fold;subject_id\n10;S0\n2;S1\n1;S2\n")
    folds = folds_of(SplitFile(path=path), [("S0", "ES", ""), ("S1", "ES", ""), ("S2", "ES", "")])
    assert [test for _, test in folds] == [[2], [1], [0]]


def test_letters_with_accents_are_the_same_however_they_are_written(written: Any) -> None:
    path = written("subject_id,fold\nRene\N{COMBINING ACUTE ACCENT},1\nS2,2\n")
    assert len(folds_of(SplitFile(path=path), [("Ren\N{LATIN SMALL LETTER E WITH ACUTE}", "ES", ""), ("S2", "ES", "")])) == 2


def test_a_digest_takes_this_content_alone_and_shows_both(written: Any) -> None:
    path = written(HALVES)
    digest = hashlib.sha256(HALVES.encode()).hexdigest()
    for right in (digest, digest[:8], digest[:12].upper(), None):
        SplitFile(path=path, digest=right)
    written(HALVES.replace("late", "last"))
    with pytest.raises(UserError) as caught:
        SplitFile(path=path, digest=digest[:10])
    (problem,) = caught.value.problems
    other = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert problem.where == "folds.csv"
    assert f"begins with {other[:10]}, and digest says {digest[:10]}" in problem.what


@pytest.mark.parametrize("digest", ["0123abc", "0123abcg", "sha256:0123abcd", "", "0" * 65])
def test_what_is_no_digest_is_refused(digest: str, written: Any) -> None:
    with pytest.raises(ValueError, match="must be 8 to 64 hexadecimal digits"):
        SplitFile(path=written(HALVES), digest=digest)


def test_a_subject_that_the_file_lacks_is_named_with_the_nearest(written: Any) -> None:
    path = written(HALVES.replace("S3,", "S-3,").replace("S5,early\n", "").replace("S5,late\n", ""))
    assert refusal(SplitFile(path=path), EIGHT) == 'folds.csv has no row of subject "S3" (did you mean "S-3"?), "S5"'


def test_subjects_without_video_are_counted_and_never_named(written: Any, caplog: pytest.LogCaptureFixture) -> None:
    scheme = SplitFile(path=written(HALVES + "Jean Dupont,early\n"))
    with caplog.at_level(logging.WARNING):
        assert len(folds_of(scheme, EIGHT)) == 2
    assert "folds.csv: 1 of its 9 subjects have no labelled video here" in caplog.text
    assert "Dupont" not in caplog.text
    list(scheme.split(*arguments(EIGHT)))
    assert len(caplog.records) == 1


def test_one_fold_alone_tests_everybody(written: Any) -> None:
    said = refusal(SplitFile(path=written(HALVES.replace("late", "early"))), EIGHT)
    assert said == "folds.csv tests all of these subjects in one fold; two are needed"


def test_all_that_is_wrong_with_the_file_is_said_at_once(written: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        SplitFile(path=written("subject_id,fold\nS1,1\nS1,1\n,2\nS3,\n"))
    assert [f"{problem.where}: {problem.what}" for problem in caught.value.problems] == [
        'folds.csv row 3, column subject_id: "S1" stands in row 2 already',
        "folds.csv row 4, column subject_id: is empty",
        "folds.csv row 5, column fold: is empty",
    ]
    for text, said in {"subject,fold\nS1,1\n": 'column "subject_id" is missing', "subject_id,fold\n": "no row below it"}.items():
        with pytest.raises(UserError, match=said):
            SplitFile(path=written(text))
    with pytest.raises(UserError, match="no such file"):
        SplitFile(path=str(tmp_path / "fold.csv"))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (partial(RepeatedStratifiedGroupKFold, n_splits=1), "n_splits is 1; it must be at least 2"),
        (partial(RepeatedStratifiedGroupKFold, n_repeats=0), "n_repeats is 0"),
        (partial(RepeatedStratifiedGroupKFold, random_state=-1), "random_state is -1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_values_that_make_no_sense_are_refused_in_words(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()
