"""The files of a plugin, from the templates: all of them or none."""

from __future__ import annotations

import ast
import functools
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsslfw.errors import Problem, UserError
from vsslfw.scaffold.names import Names, checked
from vsslfw.scaffold.variants import WHERE, Variant

if TYPE_CHECKING:
    from jinja2 import Environment

VSSLFW = "vsslfw>=0.1"
"""What a new plugin requires: the first release with this API."""


@dataclass(frozen=True)
class Written:
    """A plugin that was written: its folder or file, the files in it, and what it was made from."""

    path: Path
    files: tuple[str, ...]
    names: Names
    variant: Variant


def write_plugin(name: str, variant: Variant, component: str, out: Path = Path()) -> Written:
    """Write the package ``name`` below ``out``, or the file, if the name ends in .py.

    UserError for a name that cannot be, or if something of that name is there already: it is left as it is.
    """
    names = checked(name, variant.kind, component)
    target = out / name
    if target.exists() or target.is_symlink():
        raise UserError(Problem(f"{target} is there already, and is left as it is", f"{WHERE} {name}", "choose another name, or --out"))
    try:
        out.mkdir(parents=True, exist_ok=True)
        files = _write(target, rendered(names, variant))
    except OSError as error:
        raise UserError(Problem(f"{target} cannot be written: {error.strerror}", f"{WHERE} {name}")) from error
    return Written(target, tuple(files), names, variant)


def rendered(names: Names, variant: Variant) -> dict[str, str]:
    """Path in the package -> text. Of a plugin that is a single file: its name alone."""
    values = _values(names, variant)
    if names.single:
        return {names.distribution: _render(variant.template, single=True, **values)}
    module, name = names.module, names.component
    return {
        "pyproject.toml": _render("pyproject.toml.j2", **values),
        "README.md": _render("README.md.j2", **values),
        ".gitignore": _render("gitignore.j2", **values),
        f"{module}/__init__.py": _render("init.py.j2", **values),
        f"{module}/{name}.py": _render(variant.template, single=False, **values),
        f"{module}/py.typed": "",
        f"tests/test_{name}.py": _render("test.py.j2", **values),
    }


def run_command(names: Names, variant: Variant) -> str:
    """The line that runs the shipped recipe with the component, for a shell."""
    plugin = f" --plugin ./{names.distribution}" if names.single else ""
    settings = (override.split("=", 1) for override in variant.overrides(names.component))
    return f"vsslfw run seizure_bart{plugin}" + "".join(f" --set {key}='{value}'" for key, value in settings)


def _values(names: Names, variant: Variant) -> dict[str, Any]:
    """What the templates may use."""
    name = names.component
    return {
        "distribution": names.distribution,
        "file": names.distribution,
        "module": names.module,
        "kind": variant.kind,
        "name": name,
        "cls": names.cls(variant.kind, taken(variant)),
        "does": variant.does,
        "requirements": [(VSSLFW, f"the contract of a {variant.kind}, and the hook"), *variant.requirements],
        "tiny": ", ".join(map(_python, variant.overrides(f"{names.distribution}/{name}", variant.tiny))),
        "recipe_lines": variant.recipe_lines(name),
        "run_line": run_command(names, variant),
    }


def _python(text: str) -> str:
    """The text as a literal of Python, in the quotes that a formatter would choose."""
    return f"'{text}'" if '"' in text else f'"{text}"'


@functools.cache
def taken(variant: Variant) -> frozenset[str]:
    """The names that the module of a variant uses at its top: its class needs another."""
    values = {"cls": "_", "name": "_", "kind": variant.kind, "does": "", "file": "_.py", "distribution": "_", "module": "_"}
    tree = ast.parse(_render(variant.template, single=True, **values))
    nodes = list(ast.walk(tree))
    imported = [alias.asname or alias.name for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names]
    assigned = [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return frozenset([*imported, *assigned])


def _render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values).rstrip("\n") + "\n"


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # the text is Python, not HTML
    )


def _write(target: Path, files: dict[str, str]) -> list[str]:
    """Write beside and rename: what is there is whole. Returns the paths of the files, below ``target`` if it is a folder."""
    beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    try:
        made = beside / target.name
        for name, text in files.items():
            path = beside / name if name == target.name else made / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        os.rename(made, target)  # fails if a folder with something in it has come there in the meantime
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return list(files)
