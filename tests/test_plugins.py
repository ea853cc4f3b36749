"""Plugins: found by entry point, file or name; loaded whole or not at all; selected; quarantined when broken."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_plugins import BROKEN, HEAD, REVERSE, install, registering

from vsslfw import compat
from vsslfw.errors import UserError
from vsslfw.plugins import Plugins, Selection, choosing, load_plugins, named, selection
from vsslfw.plugins.selection import from_environment, with_options

Load = Callable[..., Plugins]
NOISE = registering('"corruption", "noise", "noise_parts:Noise", summary="for a test"')


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on sys.path, for `install`."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name in [name for name, loaded in sys.modules.items() if str(getattr(loaded, "__file__", "")).startswith(str(folder))]:
        del sys.modules[name]


def test_a_plugin_contributes_through_the_same_hook_as_the_built_ins(site: Path) -> None:
    install(site, "vsslfw-noise", NOISE, entry="noise")
    plugins = Plugins()
    component = plugins.registries.find("corruption", "noise")
    assert (component.plugin, component.distribution, component.version) == ("noise", "vsslfw-noise", "1.0")
    assert component.target == "noise_parts:Noise"
    assert plugins.broken() == []


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_left_out_whole_with_its_place_and_the_others_work(case: str, site: Path) -> None:
    distribution, text, words = BROKEN[case]
    path = install(site, distribution, text)
    install(site, "vsslfw-noise", NOISE)
    plugins = Plugins()
    (broken,) = plugins.broken()
    assert broken.name == distribution
    assert words in broken.error
    file, _, line = broken.place.rpartition(":")
    assert file == str(path) if text is not None else file.endswith("entry_points.txt")
    assert int(line) >= 1
    assert "noise" in plugins.registries.names("corruption")
    assert "left_over" not in plugins.registries.names("corruption")


def test_the_place_is_the_line_to_mend(site: Path) -> None:
    install(site, "broken-half", BROKEN["half registered"][1])
    install(site, "broken-hook", BROKEN["misspelt hook"][1])
    install(site, "broken-api", BROKEN["wrong api"][1])
    for plugin in Plugins().broken():
        file, _, number = plugin.place.rpartition(":")
        line = Path(file).read_text().splitlines()[int(number) - 1]
        assert any(word in line for word in ("1 / 0", "@hookimpl", "VSSLFW_API = 99")), line


def test_two_distributions_cannot_share_the_name_of_an_entry_point(site: Path) -> None:
    install(site, "vsslfw-one", registering(), entry="same")
    install(site, "vsslfw-two", registering(), entry="same")
    assert [plugin.state for plugin in Plugins().found if plugin.name == "same"] == ["ok", "broken"]


# ---- selection


def test_only_the_named_plugins_are_loaded(site: Path) -> None:
    install(site, "vsslfw-noise", NOISE)
    install(site, "vsslfw-loud", "raise AssertionError('it was imported')\n")
    plugins = Plugins(from_environment({"VSSLFW_PLUGINS": "vsslfw-noise"}))
    assert plugins.named("vsslfw-noise").state == "ok"  # type: ignore[union-attr]
    loud = plugins.named("vsslfw-loud")
    assert loud is not None
    assert (loud.state, loud.disabled) == ("disabled", "VSSLFW_PLUGINS=vsslfw-noise")
    assert plugins.registries.has("encoder", "bert")
    assert {plugin.state for plugin in Plugins(from_environment({"VSSLFW_PLUGINS": ""})).found[1:]} == {"disabled"}


def test_one_plugin_is_left_out_by_its_name_or_its_distributions(site: Path) -> None:
    install(site, "vsslfw-noise", NOISE, entry="noise")
    for name in ("noise", "vsslfw-noise"):
        plugins = Plugins(with_options(Selection(), [f"no:{name}"]))
        assert plugins.named("noise").disabled == f"-p no:{name}"  # type: ignore[union-attr]
        with pytest.raises(UserError, match=f"belongs to plugin noise, which is left out by -p no:{name}"):
            plugins.registries.find("corruption", "noise/noise")


def test_a_file_is_a_plugin_with_its_digest_for_a_version(tmp_path: Path) -> None:
    path = tmp_path / "my_plugin.py"
    path.write_text(registering('"corruption", "reverse", Reverse') + REVERSE)
    plugins = Plugins(with_options(Selection(), [str(path)]))
    plugin = plugins.named("my_plugin")
    assert plugin is not None
    assert (plugin.state, plugin.origin, plugin.distribution, plugin.path) == ("ok", "file", "my_plugin.py", str(path))
    assert plugin.digest.startswith(plugin.version)
    component = plugins.registries.find("corruption", "my_plugin/reverse")
    assert component.load().__name__ == "Reverse"
    assert component.code == plugin.digest


def test_a_file_that_was_edited_is_loaded_anew(tmp_path: Path) -> None:
    path = tmp_path / "my_plugin.py"
    for name in ("one", "two"):
        path.write_text(registering(f'"corruption", "{name}", Reverse') + REVERSE)
        assert load_plugins(Selection().adding([named(str(path))])).registries.has("corruption", name)


def test_a_module_is_a_plugin_by_its_name(site: Path) -> None:
    (site / "my_module.py").write_text(NOISE)
    assert Plugins(with_options(Selection(), ["my_module"])).registries.has("corruption", "my_module/noise")
    assert Plugins(from_environment({"VSSLFW_PLUGINS": "my_module"})).registries.has("corruption", "my_module/noise")


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("./no_such.py", "there is no plugin file"),
        (".", "is a folder"),
        ("no_such_module", "there is no plugin and no module of the name"),
    ],
)
def test_what_is_not_there_is_an_error(option: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=words):
        Plugins(with_options(Selection(), ["./" if option == "." else option]))


def test_a_broken_plugin_is_an_error_when_asked_for(site: Path) -> None:
    install(site, "broken-import", "import no_such_library\n")
    with pytest.raises(UserError, match="VSSLFW_STRICT_PLUGINS is set") as raised:
        load_plugins(from_environment({"VSSLFW_STRICT_PLUGINS": "1"}))
    assert "broken_import.py:1" in raised.value.problems[0].where


def test_the_command_lines_choice_ends_with_the_command() -> None:
    with choosing(["no:vsslfw-timm"]):
        assert selection().without == ("vsslfw-timm",)
    assert selection().without == ()


# ---- names


def test_names_that_collide_are_told_apart_by_their_plugins(site: Path) -> None:
    for name in ("vsslfw-a", "vsslfw-b"):
        install(site, name, registering('"corruption", "same", "parts:Same"'))
    registries = Plugins().registries
    assert registries.find("corruption", "vsslfw-b/same").plugin == "vsslfw-b"
    with pytest.raises(UserError, match="contributed by 2 plugins") as raised:
        registries.find("corruption", "same")
    assert raised.value.problems[0].hint == 'write "vsslfw-a/same" or "vsslfw-b/same"'
    assert {"vsslfw-a/same", "vsslfw-b/same"} <= set(registries.names("corruption"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mask_frame", 'there is no corruption "mask_frame"; did you mean "mask_frames"?'),
        ("left_over", "it belongs to plugin broken-half, which is broken: ZeroDivisionError"),
        ("vsslfw-none/reverse", "plugin vsslfw-none is not installed: pip install vsslfw-none"),
        ("bert", '"bert" is a component of kind encoder; one of kind corruption is expected here'),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest_or_with_the_plugin_that_would_have_it(name: str, words: str, site: Path) -> None:
    install(site, "broken-half", BROKEN["half registered"][1])
    with pytest.raises(UserError) as raised:
        Plugins().registries.find("corruption", name)
    assert words in str(raised.value)


def test_what_a_plugin_made_beside_vsslfw_would_have_is_known_without_it() -> None:
    plugins = Plugins(from_environment({"VSSLFW_PLUGINS": ""}))
    with pytest.raises(UserError, match="it belongs to plugin vsslfw-timm, which is left out by VSSLFW_PLUGINS="):
        plugins.registries.find("backbone", "timm")


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({}, "No module named 'noise_parts'"),
        ({"noise_parts": "1 / 0\n"}, "ZeroDivisionError"),
        ({"noise_parts": "Noise = 3\n"}, "is not a class"),
        ({"noise_parts": "class Noise: ...\n"}, "is not a subclass of vsslfw.interfaces.Corruption"),
    ],
)
def test_a_component_that_cannot_be_used_names_its_plugin(parts: dict[str, str], words: str, site: Path) -> None:
    install(site, "vsslfw-noise", NOISE, **parts)
    with pytest.raises(UserError, match="plugin vsslfw-noise") as raised:
        Plugins().registries.find("corruption", "noise").load()
    assert words in str(raised.value)


# ---- the version of the API


def test_an_old_api_that_still_works_is_told_with_the_plugins_name(
    site: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(compat, "API", 2)
    install(site, "vsslfw-old", registering())
    with caplog.at_level(logging.WARNING):
        load_plugins.cache_clear()
        load_plugins(Selection())
    assert "plugin vsslfw-old: it was written for API 1; the current one is 2" in caplog.text
    monkeypatch.setattr(compat, "OLDEST_API", 2)
    old = Plugins().named("vsslfw-old")
    assert old is not None
    assert old.error == "it was written for API 1, and this vsslfw offers API 2: install a newer version of the plugin"


def test_a_deprecation_that_a_plugin_meets_while_it_loads_is_told_with_its_name(site: Path) -> None:
    text = "import warnings\nfrom vsslfw.compat import VsslfwDeprecationWarning\nwarnings.warn('old', VsslfwDeprecationWarning)\n"
    install(site, "vsslfw-uses-old", text + registering())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plugin = Plugins().named("vsslfw-uses-old")
    assert plugin is not None
    assert plugin.warnings == ("old",)


# ---- hooks

HOOKS = f"""{HEAD}
heard = []


@hookimpl
def vsslfw_run_finished(metrics):
    heard.append(metrics)
"""


def test_a_lifecycle_hook_that_raises_is_reported_and_loses_nothing(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = install(site, "vsslfw-bad", HOOKS.replace("heard.append(metrics)", "1 / 0"))
    install(site, "vsslfw-good", HOOKS)
    plugins = Plugins()
    plugins.lifecycle("vsslfw_run_finished", folder="f", metrics={"a": 1})
    assert plugins.manager.get_plugin("vsslfw-good").heard == [{"a": 1}]  # type: ignore[union-attr]
    line = HOOKS.splitlines().index("    heard.append(metrics)") + 1
    assert (
        f"plugin vsslfw-bad failed in vsslfw_run_finished, the run goes on: ZeroDivisionError: division by zero ({path}:{line})"
        in caplog.text
    )


def test_a_plugin_called_like_the_program_takes_nothing_away(tmp_path: Path) -> None:
    path = tmp_path / "vsslfw.py"
    path.write_text(registering())
    (broken,) = Plugins(with_options(Selection(), [str(path)])).broken()
    assert (broken.path, broken.place) == (str(path), f"{path}:1")


def test_an_installed_plugin_that_is_named_by_its_module_too_stays_whole(site: Path) -> None:
    install(site, "vsslfw-good", HOOKS)
    plugins = Plugins(with_options(Selection(), ["vsslfw_good"]))
    assert plugins.manager.has_plugin("vsslfw-good")
    assert plugins.broken() == []
    assert [plugin.name for plugin in plugins.found if "good" in plugin.name] == ["vsslfw-good"]


def test_a_module_that_is_named_in_two_ways_stays_whole(site: Path) -> None:
    install(site, "vsslfw-good", HOOKS, entry="good")
    plugins = Plugins(with_options(Selection(), ["vsslfw_good", "vsslfw-good"]))
    assert plugins.manager.has_plugin("good")
    assert plugins.broken() == []


@pytest.mark.parametrize(
    ("only", "options", "words"),
    [
        (None, ["no:vsslfw-tim"], 'there is no plugin "vsslfw-tim" to leave out'),
        ("vsslfw-tim", [], 'there is no plugin and no module of the name "vsslfw-tim"'),
    ],
)
def test_a_misspelt_name_of_a_selection_is_an_error_with_the_nearest(only: str | None, options: list[str], words: str) -> None:
    environment = {} if only is None else {"VSSLFW_PLUGINS": only}
    with pytest.raises(UserError) as raised:
        Plugins(with_options(from_environment(environment), options))
    assert words in str(raised.value)
    assert 'did you mean "vsslfw-timm"?' in str(raised.value)


def test_a_hyphen_and_an_underscore_are_one_name() -> None:
    assert Plugins(with_options(Selection(), ["no:vsslfw_timm"])).named("vsslfw-timm").state == "disabled"  # type: ignore[union-attr]


def test_other_warnings_of_a_plugin_are_heard(site: Path) -> None:
    install(site, "vsslfw-warns", "import warnings\nwarnings.warn('weights are random')\n" + registering())
    with pytest.warns(UserWarning, match="weights are random"):
        Plugins()


def test_a_plugin_that_leaves_the_program_does_so_nowhere(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    install(site, "vsslfw-noise", NOISE, noise_parts="import sys\nsys.exit(3)\n")
    install(site, "vsslfw-leaves", HOOKS.replace("heard.append(metrics)", "raise SystemExit(3)"))
    plugins = Plugins()
    with pytest.raises(UserError, match="SystemExit: 3"):
        plugins.registries.find("corruption", "noise").load()
    plugins.lifecycle("vsslfw_run_finished", folder="f", metrics={})
    assert "plugin vsslfw-leaves failed in vsslfw_run_finished, the run goes on: SystemExit: 3" in caplog.text


def test_what_a_run_records_of_a_broken_plugin_quotes_nothing(site: Path) -> None:
    install(site, "broken-quote", registering('"corruption", "/home/Jane Doe", "a:B"'))
    (broken,) = Plugins().broken()
    assert "Jane" in broken.error
    assert "Jane" not in repr(broken.without_paths())
    install(site, "broken-import", "import no_such_library\n")
    assert "ModuleNotFoundError" in {plugin.without_paths().error for plugin in Plugins().broken()}


def test_no_means_no_for_modules_too(site: Path) -> None:
    (site / "my_module.py").write_text(NOISE)
    plugin = Plugins(with_options(Selection(), ["my_module", "no:my_module"])).named("my_module")
    assert plugin is not None
    assert plugin.disabled == "-p no:my_module"
