"""The plugins of a recipe: files beside it, installed ones by name; what it records, and what it says when one is missing."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from fake_plugins import REVERSE, install, registering

from vsslfw.errors import UserError
from vsslfw.plugins import choosing, load_plugins
from vsslfw.recipe import load_recipe

FILE = registering('"corruption", "reverse", Reverse') + REVERSE
RECIPE = '_base_ = "seizure_bart"\nplugins = ["./my_plugin.py"]\ncorruption = [dict(type="reverse")]\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, with a recipe and its plugin in a folder below."""
    monkeypatch.chdir(tmp_path)
    below = tmp_path / "study"
    below.mkdir()
    (below / "my.py").write_text(RECIPE)
    (below / "my_plugin.py").write_text(FILE)
    return below


def test_a_file_is_found_beside_the_recipe_wherever_one_stands(folder: Path) -> None:
    recipe = load_recipe("study/my.py", profile="stable")
    assert recipe.settings.plugins == [str(folder / "my_plugin.py")]
    assert recipe.registries.find("corruption", "reverse").plugin == "my_plugin"


def test_its_path_is_never_recorded_and_its_content_counts(folder: Path) -> None:
    from vsslfw.pipeline.keys import component_key

    recipe = load_recipe("study/my.py", profile="stable")
    assert recipe.portable()["plugins"] == ["my_plugin.py"]
    assert "study" not in recipe.to_text(portable=True).partition("\n\n")[2]
    key = component_key(recipe, "corruption", {"type": "reverse"})
    assert component_key(recipe, "corruption", {"type": "my_plugin/reverse"}) == key
    (folder / "my_plugin.py").write_text(FILE + "\n# edited\n")
    edited = load_recipe("study/my.py", profile="stable")
    assert edited.digest == recipe.digest
    assert component_key(edited, "corruption", {"type": "reverse"}) != key


def test_a_recipe_takes_its_plugins_along_to_another_process(folder: Path) -> None:
    recipe = pickle.loads(pickle.dumps(load_recipe("study/my.py", profile="stable")))
    assert recipe.registries.has("corruption", "reverse")


def test_two_recipes_in_one_process_keep_to_their_own_plugins(folder: Path) -> None:
    with_plugin, without = load_recipe("study/my.py", profile="stable"), load_recipe("seizure_bart", profile="stable")
    assert with_plugin.registries.has("corruption", "reverse")
    assert not without.registries.has("corruption", "reverse")


def test_the_plugins_of_the_components_that_it_uses_are_recorded() -> None:
    assert load_recipe("seizure_bart", profile="demo").settings.plugins == ["vsslfw-efficientnet-lite"]
    assert load_recipe("seizure_bart", profile="paper").settings.plugins == []


def test_a_resolved_recipe_loads_to_the_same_digest(folder: Path) -> None:
    recipe = load_recipe("study/my.py", profile="stable")
    Path("resolved.py").write_text(recipe.to_text())
    assert load_recipe("resolved.py").digest == recipe.digest


WRONG = [
    ('plugins = ["./my_plugn.py"]', "my.py:2:12  plugins.0", "there is no plugin file", 'did you mean "my_plugin.py"?'),
    (
        'plugins = ["vsslfw-tim"]',
        "my.py:2:12  plugins.0",
        'the recipe needs plugin "vsslfw-tim", which is not installed',
        'did you mean "vsslfw-timm"?',
    ),
    ("plugins = [3]", "my.py:2:12  plugins.0", "expected text that is not empty, found 3", ""),
    ('plugins = ["broken-import"]', "my.py:2:12  plugins.0", 'needs plugin "broken-import", which is broken', ""),
]


@pytest.mark.parametrize(("line", "where", "what", "hint"), WRONG, ids=[entry[0] for entry in WRONG])
def test_a_plugin_that_it_cannot_have_is_an_error_with_its_place(
    line: str, where: str, what: str, hint: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(folder / "site", "broken-import", "import no_such_library\n")
    monkeypatch.syspath_prepend(folder / "site")
    load_plugins.cache_clear()
    monkeypatch.chdir(folder)
    Path("my.py").write_text(f'_base_ = "seizure_bart"\n{line}\n')
    with pytest.raises(UserError) as raised:
        load_recipe("my.py", profile="stable")
    (problem,) = raised.value.problems
    assert problem.where == where
    assert what in problem.what
    assert hint in problem.hint


def test_what_is_left_out_is_left_out_for_recipes_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with choosing(["no:vsslfw-efficientnet-lite"]), pytest.raises(UserError) as raised:
        load_recipe("seizure_bart", profile="demo")
    assert "it belongs to plugin vsslfw-efficientnet-lite, which is left out by -p no:vsslfw-efficientnet-lite" in str(raised.value)
    monkeypatch.setenv("VSSLFW_PLUGINS", "vsslfw-efficientnet-lite")
    with pytest.raises(UserError, match="which VSSLFW_PLUGINS leaves out") as raised:
        load_recipe("study/my.py", profile="stable")
    assert "add it to VSSLFW_PLUGINS if you trust it" in str(raised.value)


def test_a_file_of_the_same_name_on_the_command_line_stands_in_for_one_that_moved(folder: Path) -> None:
    moved = folder.parent / "elsewhere"
    moved.mkdir()
    (folder / "my_plugin.py").rename(moved / "my_plugin.py")
    with choosing([str(moved / "my_plugin.py")]):
        recipe = load_recipe("study/my.py", profile="stable")
    assert recipe.settings.plugins == [str(moved / "my_plugin.py")]
