"""A recipe file is data: what it may hold, what is refused and where, and that nothing in it ever runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from vsslfw.errors import UserError
from vsslfw.recipe import load_recipe
from vsslfw.recipe.parse import Parsed, parse_file


def parse(folder: Path, text: str) -> Parsed:
    path = folder / "my.py"
    path.write_text(text, encoding="utf-8")
    return parse_file(path, "my.py")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1e-4", 1e-4),
        ("-3", -3),
        ("None", None),
        ("'two ' 'parts'", "two parts"),
        ('"a" + "b"', "ab"),
        ("2 * 3 + 4 - 1", 9),
        ("7 / 2", 3.5),
        ("7 // 2 + 7 % 4", 6),
        ("2 ** 10", 1024),
        ("[1, (2, 3)]", [1, (2, 3)]),
        ("dict(a=1, b=dict(c=[True]))", {"a": 1, "b": {"c": [True]}}),
        ('{"a-b": 1}', {"a-b": 1}),
        ("list((1, 2))", [1, 2]),
        ("tuple([1, 2])", (1, 2)),
        ("_fps * 10", 250),
        ("dict(rate=_fps)", {"rate": 25}),
    ],
)
def test_values(tmp_path: Path, written: str, meant: object) -> None:
    parsed = parse(tmp_path, f'"""A docstring."""\n_fps = 25  # a comment\nx = {written}\n')
    assert parsed.problems == []
    assert parsed.settings.plain() == {"x": meant}


@pytest.mark.parametrize(
    ("line", "column", "what"),
    [
        ("import os", 1, "an import"),
        ("from os import path", 1, "an import"),
        ("x = open('f')", 5, "a call of open()"),
        ("x = __import__('os').system('true')", 5, "a call of __import__('os').system()"),
        ("x = _a.real", 5, "an attribute"),
        ("x = [i for i in _a]", 5, "a comprehension"),
        ("x = f'{_a}'", 5, "an f-string"),
        ("x = lambda: 1", 5, "a lambda"),
        ("x = 1 if _a else 2", 5, "a conditional expression"),
        ("x = _a[0]", 5, "an index"),
        ("x = {1, 2}", 5, "a set"),
        ("x = [*_a]", 6, "a starred value"),
        ("x = 1 < 2", 5, "a comparison"),
        ("def f(): pass", 1, "a function definition"),
        ("class C: pass", 1, "a class definition"),
        ("for i in _a: pass", 1, "for, which is code"),
        ("x += 1", 1, "an assignment with an operator"),
        ("x: int = 1", 1, "an annotated assignment"),
        ("x = y = 1", 1, "something else than one name"),
        ("x, y = 1, 2", 1, "something else than one name"),
        ("'just text'", 1, "given no name"),
        ("x = b'bytes'", 5, "type bytes"),
        ("x = 1j", 5, "type complex"),
        ("x = ...", 5, "type ellipsis"),
        ("x = dict([1])", 5, "key=value pairs"),
        ("x = dict(**_d)", 5, "key=value pairs"),
        ("x = {1: 2}", 6, "a key that is not a string"),
        ("x = list(3)", 5, "one list or tuple"),
        ("x = 'a' * 3", 5, "arithmetic needs numbers"),
        ("x = True + 1", 5, "arithmetic needs numbers"),
        ("x = -'a'", 5, "a sign needs a number"),
        ("x = not 1", 5, "unaryop"),
        ("x = 1 / 0", 5, "division by zero"),
        ("x = (-8) ** 0.5", 5, "type complex"),
        ("x = 1e999", 5, "not a finite number"),
        ("x = 9 ** 9 ** 9", 5, "too large"),
        ("x = 2 ** 100 * 2 ** 100", 5, "too large"),
        ("x = unknown", 5, '"unknown" is not assigned above'),
        ("x = {'a': 1, 'a': 2}", 14, 'the key "a" is there twice'),
        ("_a = 2", 1, '"_a" is assigned twice'),
        ("x = 'é' + [1]", 5, "arithmetic needs numbers"),
        ("x = ['é', f()]", 11, "a call of f()"),
    ],
)
def test_everything_else_is_refused_with_its_place(tmp_path: Path, line: str, column: int, what: str) -> None:
    parsed = parse(tmp_path, f"_a = [1]\n_d = dict()\n{line}\n")
    assert [(what in problem.what, problem.where) for problem in parsed.problems] == [(True, f"my.py:3:{column}")]


def test_all_refusals_of_a_file_are_found_at_once_and_what_is_allowed_is_said_once(tmp_path: Path) -> None:
    parsed = parse(tmp_path, "import os\nx = [f(), g()]\ny = lambda: 1\nz = 3\n")
    assert [problem.where for problem in parsed.problems] == ["my.py:1:1", "my.py:2:6", "my.py:2:11", "my.py:3:5"]
    assert [problem.hint.startswith("a recipe is data") for problem in parsed.problems] == [True, False, False, False]
    assert parsed.settings.plain()["z"] == 3


def test_nothing_in_a_recipe_runs(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    (tmp_path / "my.py").write_text(f"x = open({str(victim)!r}, 'w')\nimport os\nos.mkdir({str(victim)!r})\n")
    with pytest.raises(UserError):
        load_recipe(tmp_path / "my.py")
    assert not victim.exists()


def test_what_grows_without_end_is_refused_before_it_is_made(tmp_path: Path) -> None:
    lines = ["_x0 = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"] + [f"_x{i} = [{', '.join([f'_x{i - 1}'] * 10)}]" for i in range(1, 9)]
    assert "too large" in parse(tmp_path, "\n".join(lines)).problems[0].what
    assert (
        "too long"
        in parse(tmp_path, "\n".join(["_x0 = 'aaaaaaaaaa'"] + [f"_x{i} = _x{i - 1} + _x{i - 1}" for i in range(1, 40)])).problems[0].what
    )


@pytest.mark.parametrize("text", ["x = " + "-" * 100_000 + "1", "x = " + "+".join("1" * 50_000)])
def test_deep_nesting_is_an_error_not_a_crash(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match="nested too deeply"):
        parse(tmp_path, text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "this file is empty"),
        (b"  \n\n", "this file is empty"),
        (b"x = 1\0", "binary file"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "not text in UTF-8"),
        ("x = 'é'".encode("latin-1"), "not text in UTF-8"),
        (b"x = (\n", "my.py:1:5: this is not valid Python: '(' was never closed"),
        (b"x = 1\n  y = 2\n", "my.py:2:2: this is not valid Python"),
        (b"#" * 2_000_000, "too large for a recipe"),
    ],
)
def test_files_that_are_no_recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my.py").write_bytes(content)
    with pytest.raises(UserError) as raised:
        load_recipe("my.py")
    assert message in str(raised.value)
    assert raised.value.exit_code == 2


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="this is a folder"):
        load_recipe(tmp_path)
    with pytest.raises(UserError, match=r"no such recipe\n.*seizure_bart"):
        load_recipe("seizure_bert")
    with pytest.raises(UserError, match='did you mean the shipped recipe "seizure_bart"'):
        load_recipe(tmp_path / "recipes" / "seizure_bart.py")


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ('"my.py"', "my.py -> my.py"),
        ('"other.py"', "my.py -> other.py -> my.py"),
        ('"seizure_brat"', 'did you mean "seizure_bart"?'),
        ("[3]", "expected the path or name of a recipe"),
        ('"."', "this is a folder"),
    ],
)
def test_bases_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: str, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("other.py").write_text('_base_ = ["my.py"]\n')
    Path("my.py").write_text(f"_base_ = {base}\n")
    with pytest.raises(UserError) as raised:
        load_recipe("my.py")
    assert message in str(raised.value)
    assert "missing" not in str(raised.value), "what a base that cannot be read would have given is not said to be missing"
