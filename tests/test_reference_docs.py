"""The reference says all of it, and nothing that is not there: hooks, kinds, contracts, checks, the public API, the kit."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from vsslfw import hookspecs, testing
from vsslfw.cli import COMMANDS
from vsslfw.compat import API, OLDEST_API
from vsslfw.interfaces import CONTRACTS, BackboneSpec, FeatureCorruption, FrameCorruption, SequenceCorruption
from vsslfw.plan import CorruptionPlan
from vsslfw.plugins.selection import ONLY, STRICT
from vsslfw.recipe.components import slots
from vsslfw.registry import KINDS
from vsslfw.testing import checks_for, fixtures
from vsslfw.types import Batch, Loss

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
REFERENCE = [*sorted(DOCS.glob("kinds/*.md")), *(DOCS / f"{name}.md" for name in ("hooks", "compatibility", "testing"))]
HOOKS = {name: list(inspect.signature(hook).parameters) for name, hook in inspect.getmembers(hookspecs, inspect.isfunction)}
FIXTURES = {name for name in vars(fixtures) if name.startswith("vsslfw_")}
TYPES: dict[str, list[type]] = {kind: [contract] for kind, contract in CONTRACTS.items()}
TYPES["backbone"] += [BackboneSpec]
TYPES["corruption"] += [SequenceCorruption, FeatureCorruption, FrameCorruption, CorruptionPlan]
TYPES["head"] += [Batch, Loss]
"""Kind -> the classes that its page must describe."""
SYNTAX = {"len", "batch", "Loss", "Batch"}
"""Words in a table of a contract that are no names of it."""


def update() -> ModuleType:
    """docs/update.py, which makes the tables."""
    spec = importlib.util.spec_from_file_location("docs_update", DOCS / "update.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def sections(text: str) -> dict[str, str]:
    """Title -> text of each ``##`` section, of prose alone: code blocks and tables made from the code are left out."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"<!-- begin (\w+) -->.*?<!-- end \1 -->", "", text, flags=re.DOTALL)
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return {"": parts[0]} | dict(zip(parts[1::2], parts[2::2], strict=True))


def spans(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`\n]+)`", text)


def named_in_rows(text: str) -> list[str]:
    """The words before a bracket in the code of the first column of every table, arguments of methods aside."""
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")]
    return [match[0] for cell in cells for span in spans(cell) if (match := re.match(r"\w+", span))]


def members(cls: type) -> Iterator[str]:
    """The public attributes and methods of a contract, and ``__call__``."""
    own = {**vars(cls), **inspect.get_annotations(cls)}
    yield from (name for name in own if name == "__call__" or not name.startswith("_"))


def arguments(cls: type, name: str) -> list[str]:
    """The named arguments of a method, or none."""
    function = inspect.getattr_static(cls, name, None)
    function = getattr(function, "__func__", function)
    if not inspect.isfunction(function):
        return []
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [p.name for p in inspect.signature(function).parameters.values() if p.kind in kinds and p.name not in ("self", "cls")]


# Hooks


def test_every_hook_has_its_section_and_no_section_is_of_a_hook_that_is_gone() -> None:
    titles = [title for title in sections(read(DOCS / "hooks.md")) if title.startswith("vsslfw_")]
    assert sorted(titles) == sorted(HOOKS)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_argument_of_a_hook_is_described(hook: str) -> None:
    assert named_in_rows(sections(read(DOCS / "hooks.md"))[hook]) == HOOKS[hook]


# Kinds


def test_every_kind_has_its_page_and_its_row_in_the_index_in_the_order_of_a_run() -> None:
    assert {page.stem for page in DOCS.glob("kinds/*.md")} == {"README", *KINDS}
    assert re.findall(r"^\| \[(\w+)\]\(\1\.md\)", read(DOCS / "kinds" / "README.md"), re.MULTILINE) == list(KINDS)


def test_the_pages_of_kinds_have_the_same_sections_in_the_same_order() -> None:
    wanted = ["", "In a run", "Contract", "What must hold", "Example", "Traps", "What exists"]
    assert {kind: list(sections(read(DOCS / "kinds" / f"{kind}.md"))) for kind in KINDS} == dict.fromkeys(KINDS, wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_says_where_a_recipe_names_its_kind(kind: str) -> None:
    keys = {".".join(map(str, path)) for path, slot, _ in slots() if slot.kind == kind}
    assert keys
    assert keys <= set(spans(sections(read(DOCS / "kinds" / f"{kind}.md"))["In a run"]))
    row = next(line for line in read(DOCS / "kinds" / "README.md").splitlines() if line.startswith(f"| [{kind}]"))
    assert set(spans(row)) == {CONTRACTS[kind].__name__, *keys}


@pytest.mark.parametrize(
    ("kind", "cls"), [(kind, cls) for kind in KINDS for cls in TYPES[kind]], ids=lambda value: getattr(value, "__name__", value)
)
def test_everything_in_a_contract_is_named_in_its_page(kind: str, cls: type) -> None:
    said = " ".join(spans(sections(read(DOCS / "kinds" / f"{kind}.md"))["Contract"]))
    names = {name for member in members(cls) for name in (member, *arguments(cls, member))}
    assert names
    assert {name for name in names if not re.search(rf"\b{name}\b", said)} == set()


@pytest.mark.parametrize("kind", KINDS)
def test_everything_in_a_table_of_a_contract_is_there(kind: str) -> None:
    known = {name for cls in TYPES[kind] for member in members(cls) for name in (member, *arguments(cls, member))}
    rows = named_in_rows(sections(read(DOCS / "kinds" / f"{kind}.md"))["Contract"])
    assert [name for name in rows if name not in known | SYNTAX] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_tables_of_a_page_are_what_the_code_says(kind: str) -> None:
    page = DOCS / "kinds" / f"{kind}.md"
    assert read(page) == update().updated(read(page), kind), "run: python docs/update.py"


@pytest.mark.parametrize("kind", KINDS)
def test_every_check_is_in_the_page_of_its_kind(kind: str) -> None:
    table = re.search(r"<!-- begin checks -->(.*)<!-- end checks -->", read(DOCS / "kinds" / f"{kind}.md"), re.DOTALL)
    assert table is not None
    assert set(re.findall(r"check_\w+", table[1])) == {check.name for check in checks_for(kind)}


# The kit, and what is public


def test_every_name_of_the_kit_is_in_its_page_and_no_other() -> None:
    rows = sections(read(DOCS / "testing.md"))
    assert sorted(named_in_rows(rows["All names"])) == sorted(testing.__all__)
    assert sorted(named_in_rows(rows["Fixtures"])) == sorted(FIXTURES)


def public() -> dict[str, set[str]]:
    """Module -> names, as docs/compatibility.md lists them; the hooks, the contracts and the kit stand on pages of their own."""
    rows = [line.split("|") for line in sections(read(DOCS / "compatibility.md"))["What is public"].splitlines() if line.startswith("| `")]
    listed = {spans(row[1])[0]: set(spans(row[2])) for row in rows}
    listed["vsslfw.hookspecs"] |= set(HOOKS)
    listed["vsslfw.interfaces"] |= {cls.__name__ for classes in TYPES.values() for cls in classes if cls.__module__ == "vsslfw.interfaces"}
    listed["vsslfw.testing"] |= set(testing.__all__)
    return listed


def test_every_version_of_the_api_that_still_works_has_its_row() -> None:
    rows = re.findall(r"^\| (\d+) \|", sections(read(DOCS / "compatibility.md"))["VSSLFW_API"], re.MULTILINE)
    assert {str(version) for version in range(OLDEST_API, API + 1)} <= set(rows)


def test_what_is_called_public_is_there() -> None:
    assert len(public()) > 10
    assert [
        f"{module}.{name}" for module, names in public().items() for name in names if not hasattr(importlib.import_module(module), name)
    ] == []


def test_the_plugins_of_this_repository_import_what_is_public_and_nothing_else() -> None:
    known = public()
    imported = [(path.name, *found) for path in ROOT.glob("plugins/*/vsslfw_*/**/*.py") for found in imports(path)]
    assert len(imported) > 20
    assert [(file, module, name) for file, module, name in imported if name not in known.get(module, ())] == []


def test_what_a_new_plugin_is_written_with_is_public_too() -> None:
    lines = [line for path in ROOT.glob("vsslfw/scaffold/templates/*.j2") for line in read(path).splitlines()]
    imported = [match.groups() for line in lines if (match := re.match(r"from (vsslfw[\w.]*) import (.+)", line))]
    assert len(imported) > 5
    known = public()
    assert [(module, names) for module, names in imported if not set(names.split(", ")) <= known.get(module, set())] == []


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """(module, name) of all that a file imports from vsslfw."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "vsslfw":
            yield from ((node.module or "", alias.name) for alias in node.names)


# Nothing that is gone


@pytest.mark.parametrize("page", REFERENCE, ids=lambda page: str(page.relative_to(DOCS)))
def test_a_page_names_nothing_that_does_not_exist(page: Path) -> None:
    text = read(page)
    packages = {path.name for path in ROOT.glob("plugins/*/vsslfw_*")}
    assert set(re.findall(r"\bvsslfw_\w+", text)) <= HOOKS.keys() | FIXTURES | packages
    assert set(re.findall(r"\bVSSLFW_\w+", text)) <= {"VSSLFW_API", ONLY, STRICT}
    assert set(re.findall(r"(?:`|^\$ )vsslfw (\w+)", text, re.MULTILINE)) <= COMMANDS.keys()
    checks = {check.name for kind in KINDS for check in checks_for(kind)}
    assert set(re.findall(r"\bcheck_\w+", text)) - {"check_with"} <= checks
    dotted = {span for span in spans(text) if re.fullmatch(r"vsslfw(\.\w+)+", span)}
    assert [name for name in dotted if not exists(name)] == []
    classes = {cls.__name__: cls for classes in TYPES.values() for cls in classes}
    attributes = [match.groups() for span in spans(text) if (match := re.match(r"(\w+)\.(\w+)", span)) and match[1] in classes]
    assert [f"{cls}.{name}" for cls, name in attributes if name not in dir(classes[cls]) and name not in members(classes[cls])] == []


def exists(dotted: str) -> bool:
    """True for a module, or a name in one."""
    try:
        return importlib.util.find_spec(dotted) is not None
    except ModuleNotFoundError:
        module, _, name = dotted.rpartition(".")
        return exists(module) and hasattr(importlib.import_module(module), name)
