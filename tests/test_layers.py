"""Data flows one way: a layer imports only from the layers before it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "vsslfw"
BELOW = [
    "errors",
    "atomic",
    "digest",
    "seeds",
    "plan",
    "types",
    "hookspecs",
    "registry",
    "plugins",
    "interfaces",
    "weights",
    "locations",
    "compat",
    "culprit",
    "known_plugins",
    "provenance",
    "sections",
    "printable",
    "run_records",
    "last_use",
]
LAYERS = [
    "video",
    "data",
    "detection",
    "builtin",
    "recipe",
    "engine",
    "evaluation",
    "report",
    "scan",
    "pipeline",
    "ablation",
    "caching",
    "cli",
]
MAY_NOT = (
    {("engine", layer) for layer in ("video", "data", "detection", "builtin", "recipe", "evaluation", "report")}
    | {("evaluation", layer) for layer in ("video", "data", "detection", "builtin", "recipe", "engine")}
    | {("scan", layer) for layer in ("detection", "builtin", "recipe", "engine", "evaluation", "report")}
)


def imports(path: Path) -> set[str]:
    """First parts below ``vsslfw`` of all that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = (
            [a.name for a in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        if isinstance(node, ast.ImportFrom) and node.module == "vsslfw":
            names = [f"vsslfw.{a.name}" for a in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("vsslfw.")}
    return found


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_nothing_from_above(layer: str) -> None:
    above = set(LAYERS[LAYERS.index(layer) + 1 :]) | {other for here, other in MAY_NOT if here == layer}
    wrong = {str(path.relative_to(PACKAGE)): imports(path) & above for path in (PACKAGE / layer).rglob("*.py")}
    assert {path: names for path, names in wrong.items() if names} == {}


@pytest.mark.parametrize("module", BELOW)
def test_the_contracts_import_no_layer(module: str) -> None:
    path = PACKAGE / module
    files = sorted(path.rglob("*.py")) if path.is_dir() else [PACKAGE / f"{module}.py"]
    assert {name for file in files for name in imports(file)} & set(LAYERS) == set()
