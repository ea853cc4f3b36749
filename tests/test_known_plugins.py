"""What is known of the plugins in this repository is what they register, and each is a complete package."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path

import pytest

from vsslfw.known_plugins import COMPONENTS, who_would_have
from vsslfw.plugins import plugins

ROOT = Path(__file__).parents[1]
FOLDERS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))


def test_the_table_of_known_plugins_is_what_they_register() -> None:
    registered: dict[str, dict[str, tuple[str, ...]]] = {}
    for plugin in plugins().found:
        if plugin.distribution in {folder.name for folder in FOLDERS}:
            assert plugin.state == "ok", plugin.trouble
            kinds = registered.setdefault(plugin.distribution, {})
            for component in plugin.components:
                kinds[component.kind] = (*kinds.get(component.kind, ()), component.name)
    assert registered == COMPONENTS
    assert who_would_have("backbone", "timm") == "vsslfw-timm"
    assert who_would_have("backbone", "none") == ""


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_plugin_is_a_package_with_readme_tests_entry_point_and_a_recipe(folder: Path) -> None:
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    assert project["project"]["name"] == folder.name
    ((entry, module),) = project["project"]["entry-points"]["vsslfw"].items()
    assert entry == folder.name
    assert importlib.import_module(module).VSSLFW_API == 1
    assert (folder / module / "py.typed").is_file()
    assert (folder / "README.md").is_file()
    assert list((folder / "tests").glob("test_*.py"))
    names = [f'type="{name}"' for kind in COMPONENTS[folder.name].values() for name in kind]
    recipes = [path for path in ROOT.glob("recipes/*.py") if any(name in path.read_text() for name in names)]
    assert recipes, f"no recipe uses {folder.name}"
