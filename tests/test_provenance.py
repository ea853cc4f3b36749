"""Every artefact records which component of which distribution made it; another version is told, a missing one says what to install."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
import torch
from fake_plugins import REVERSE, install, registering

from vsslfw import load_recipe, run
from vsslfw.engine.checkpoints import resumable, write_checkpoint
from vsslfw.engine.weights import load_weights, read_provenance
from vsslfw.errors import UserError
from vsslfw.plugins import Selection, load_plugins, registries
from vsslfw.provenance import changes, require
from vsslfw.testing.tiny import tiny_overrides

REVERSED = {"kind": "corruption", "name": "reverse", "distribution": "vsslfw-reverse", "version": "1.0", "digest": "a"}


@pytest.fixture(scope="module")
def reversed_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with the corruption of a plugin; the plugin lies beside it, and may be replaced."""
    folder = tmp_path_factory.mktemp("reversed")
    install_reverse(folder, "1.0")
    _run(folder, "run")
    return folder / "run"


def install_reverse(folder: Path, version: str) -> None:
    for old in (folder / "site").glob("*.dist-info/*"):
        old.unlink()
    for old in (folder / "site").glob("*.dist-info"):
        old.rmdir()
    parts = REVERSE + f"# release {version}\n"
    install(
        folder / "site",
        "vsslfw-reverse",
        registering('"corruption", "reverse", "reverse_parts:Reverse"'),
        version=version,
        reverse_parts=parts,
    )


def _run(folder: Path, name: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder / "site")
        load_plugins.cache_clear()
        recipe = load_recipe("seizure_bart", profile="demo", overrides=[*tiny_overrides(), 'corruption=[dict(type="reverse")]'])
        run(recipe, out=folder / name)
    load_plugins.cache_clear()


def _of(components: list[dict[str, str]], kind: str) -> dict[str, str]:
    (found,) = [component for component in components if component["kind"] == kind]
    return found


def test_feature_files_weights_folds_and_the_run_record_the_component(reversed_run: Path) -> None:
    cache = reversed_run.parent / ".vsslfw-cache"
    recorded = [json.loads(path.read_text())["provenance"] for path in cache.glob("features/*/*.json")]
    recorded += [read_provenance(path) for path in cache.glob("pretrain/*/encoder.safetensors")]
    recorded += [json.loads(path.read_text())["provenance"] for path in cache.glob("*/*/result.json")]
    assert len(recorded) > 4
    for provenance in recorded:
        component = _of(provenance["components"], "corruption")
        assert (component["name"], component["distribution"], component["version"]) == ("reverse", "vsslfw-reverse", "1.0")
        assert len(component["digest"]) == 64
    report = (reversed_run / "report.html").read_text()
    assert f"vsslfw-reverse 1.0, code {component['digest'][:12]}" in report
    environment = json.loads((reversed_run / "environment.json").read_text())
    assert component in environment["components"]
    assert {"name": "vsslfw-reverse", "distribution": "vsslfw-reverse", "version": "1.0", "api": 1, "state": "ok"} in environment["plugins"]
    assert "vsslfw-reverse" in (reversed_run / "recipe.py").read_text()


def test_what_another_version_made_is_reused_with_a_warning(reversed_run: Path, caplog: pytest.LogCaptureFixture) -> None:
    import sys

    install_reverse(reversed_run.parent, "2.0")
    sys.modules.pop("reverse_parts", None)
    with caplog.at_level(logging.WARNING):
        _run(reversed_run.parent, "again")
    (warning,) = [record.getMessage() for record in caplog.records if "pre-trained" in record.getMessage()]
    report = (reversed_run.parent / "again" / "report.html").read_text()
    assert "corruption reverse, in what was reused" in report
    assert 'corruption "reverse" of vsslfw-reverse was 1.0 and is 2.0 now; reused, since its cache_version is the same' in warning


def test_code_that_changed_without_a_release_is_told_too() -> None:
    assert changes([REVERSED], [REVERSED | {"digest": "b"}]) == ['the code of corruption "reverse" of vsslfw-reverse 1.0 has changed']
    assert changes([REVERSED], [REVERSED | {"digest": "b"}], kinds=("backbone",)) == []
    assert changes([REVERSED], [REVERSED]) == []


def test_what_a_missing_plugin_made_says_what_to_install() -> None:
    with pytest.raises(UserError) as raised:
        require([REVERSED], registries(Selection()), "encoder.safetensors")
    text = str(raised.value)
    assert "encoder.safetensors was made with:" in text
    assert 'corruption "reverse" of vsslfw-reverse 1.0, which is not here' in text
    assert "pip install vsslfw-reverse" in text


def test_weights_of_a_plugin_that_is_gone_are_not_loaded_in_silence(reversed_run: Path) -> None:
    (path,) = reversed_run.glob("pretrain/*/encoder.safetensors")
    with pytest.raises(UserError, match="pip install vsslfw-reverse"):
        load_weights(path, torch.nn.Linear(1, 1), registries(Selection()))


def test_a_recipe_of_a_run_whose_plugin_is_gone_says_what_to_install(reversed_run: Path) -> None:
    with pytest.raises(UserError) as raised:
        load_recipe(reversed_run / "recipe.py")
    assert 'the recipe needs plugin "vsslfw-reverse", which is not installed' in str(raised.value)
    assert "pip install vsslfw-reverse" in str(raised.value)


def test_a_checkpoint_of_another_version_goes_on_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "checkpoint.pth"
    configuration = {"provenance": {"components": [REVERSED]}, "seed": 0}
    write_checkpoint(path, {"vsslfw": {"configuration": configuration}, "state": torch.zeros(1)})
    now = {"provenance": {"components": [REVERSED | {"version": "2.0"}]}, "seed": 0}
    with caplog.at_level(logging.WARNING):
        assert resumable(path, now) is not None
    assert "the checkpoint to go on from" in caplog.text
    assert "was 1.0 and is 2.0 now" in caplog.text
