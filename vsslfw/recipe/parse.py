"""A recipe file -> a tree of values with their places. The file is Python that is data: it is parsed, never executed."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from vsslfw.errors import Problem, UserError
from vsslfw.recipe.evaluate import Evaluator
from vsslfw.recipe.tree import Node, Place

MAX_BYTES = 1_000_000
TABLES = (".csv", ".tsv", ".xlsx", ".xls", ".ods")


@dataclass
class Parsed:
    """One file: its settings (a dict node), what ``_base_`` and ``profiles`` say, and what was refused."""

    settings: Node
    base: Node | None = None
    profiles: Node | None = None
    problems: list[Problem] = field(default_factory=list)


def parse_file(path: Path, shown: str) -> Parsed:
    """Parse a recipe; ``shown`` is its name in messages. Raises UserError if it cannot be read as Python at all."""
    text = _read(path, shown)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # its code never runs, so what might go wrong in it does not matter
            module = ast.parse(text)
        return _parse(module, text, shown)
    except SyntaxError as error:
        place = Place(shown, error.lineno or 1, error.offset or 1)
        raise UserError(Problem(f"this is not valid Python: {error.msg}", str(place))) from None
    except (RecursionError, MemoryError):
        raise UserError(Problem("it is nested too deeply for a recipe", shown)) from None


def _read(path: Path, shown: str) -> str:
    try:
        if path.is_dir():
            raise UserError(Problem("this is a folder; a recipe is a Python file", shown))
        if not path.is_file():
            raise UserError(Problem("this is not a file; a recipe is a Python file", shown))
        if path.suffix.lower() in TABLES:
            hint = f"a manifest is given with --data: vsslfw run seizure_bart --data {path.name}"
            raise UserError(Problem("this is a table; a recipe is a Python file", shown, hint))
        if path.stat().st_size > MAX_BYTES:
            raise UserError(Problem(f"this is too large for a recipe (above {MAX_BYTES:,} bytes)", shown))
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(Problem(f"it cannot be read: {error.strerror}", shown)) from None
    except UnicodeDecodeError:
        raise UserError(Problem("this is not text in UTF-8; a recipe is a Python file", shown)) from None
    if "\0" in text:
        raise UserError(Problem("this is a binary file; a recipe is a Python file", shown))
    if not text.strip():
        raise UserError(Problem("this file is empty", shown, 'a recipe may start from another one: _base_ = "seizure_bart"'))
    return text


def _parse(module: ast.Module, text: str, shown: str) -> Parsed:
    evaluator = Evaluator(shown, text.splitlines())
    statements = module.body
    if (
        statements
        and isinstance(first := statements[0], ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        statements = statements[1:]  # the docstring
    for statement in statements:
        _assign(statement, evaluator)
    # A name that starts with an underscore only helps the lines below it.
    settings = {name: node for name, node in evaluator.names.items() if not name.startswith("_") and name != "profiles"}
    return Parsed(Node(settings, Place(shown)), evaluator.names.get("_base_"), evaluator.names.get("profiles"), evaluator.problems)


def _assign(statement: ast.stmt, evaluator: Evaluator) -> None:
    if not isinstance(statement, ast.Assign):
        evaluator.found(statement)
        return
    target = statement.targets[0]
    if len(statement.targets) > 1 or not isinstance(target, ast.Name):
        evaluator.refuse(target, "found an assignment to something else than one name", "write NAME = VALUE")
        return
    node = evaluator.evaluate(statement.value, target)
    if target.id in evaluator.names:
        evaluator.refuse(target, f'"{target.id}" is assigned twice', f"it is first at {evaluator.names[target.id].place}")
    else:
        evaluator.names[target.id] = node
