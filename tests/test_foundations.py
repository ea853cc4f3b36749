"""Streams, digests and atomic files: small things on which every promise stands."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsslfw import atomic
from vsslfw.digest import canonical_json, digest_of
from vsslfw.errors import Problem, RunError, UserError, did_you_mean
from vsslfw.seeds import Stream

names = st.lists(st.one_of(st.integers(0, 9), st.text(max_size=4)), max_size=4)


@given(st.integers(0, 2**40), names)
def test_a_stream_depends_on_its_path_alone(root: int, path: list[str | int]) -> None:
    stepwise = Stream(root)
    for name in path:
        stepwise = stepwise / name
    stepwise.generator().random(100)
    assert stepwise.seed() == Stream(root, *path).seed()
    assert 0 <= stepwise.seed() < 2**63


@given(st.integers(0, 99), names, names)
def test_other_paths_are_other_streams(root: int, one: list[str | int], two: list[str | int]) -> None:
    same = [(type(name), name) for name in one] == [(type(name), name) for name in two]
    assert (Stream(root, *one).seed() == Stream(root, *two).seed()) == same


def test_digests_do_not_depend_on_the_order_of_keys_and_refuse_nan() -> None:
    assert digest_of({"a": 1, "b": (2, 3)}) == digest_of({"b": [2, 3], "a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(float("nan"))


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    atomic.write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        atomic.write_json(path, {"a": float("inf")})
    with pytest.raises(TypeError), atomic.replacing(path) as part:
        part.write_text(b"half")  # type: ignore[arg-type]
    assert atomic.read_json(path) == {"a": 1}
    assert os.listdir(tmp_path) == ["file.json"]


def test_private_files_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    atomic.write_text(tmp_path / "key.csv", "secret", private=True)
    assert stat.S_IMODE((tmp_path / "key.csv").stat().st_mode) == 0o600


def test_a_link_replaces_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("new")
    (tmp_path / "b").write_text("old")
    atomic.link_or_copy(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "new"


def test_errors_show_every_problem_with_its_place_and_survive_a_pickle() -> None:
    import pickle

    error = UserError(Problem("is wrong", where="a.csv row 2", hint="mend it"), "also wrong", title="2 problems")
    assert str(error) == "2 problems\na.csv row 2: is wrong\n    mend it\nalso wrong"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.exit_code) == (UserError, str(error), 2)
    assert RunError("x").exit_code == 1


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("resnet125", ["resnet152", "bert"], 'did you mean "resnet152"?'),
        ("x", ["abc", "def"], "known: abc, def"),
        ("x", [], ""),
        ("x", [f"component{i}" for i in range(50)], ""),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest(name: str, known: list[str], said: str) -> None:
    assert did_you_mean(name, known) == said
