"""The default recipe says what the paper says, and is there wherever vsslfw is."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from vsslfw.recipe import load_recipe
from vsslfw.recipe.check import defaults
from vsslfw.recipe.describe import describe
from vsslfw.recipe.files import shipped
from vsslfw.recipe.schema import Section, Settings
from vsslfw.recipe.text import to_text

ROOT = Path(__file__).parents[1]


def test_the_paper_profile_is_the_paper() -> None:
    s = load_recipe("seizure_bart", profile="paper").settings
    assert (s.video.fps, s.contextual.clip_s, s.contextual.clips, s.positions) == (25.0, 10.0, 13000, 256)
    assert (s.backbone["type"], s.backbone["weights"], s.backbone["frame_size"], s.extract.views) == (
        "resnet152",
        "imagenet",
        112,
        "online",
    )
    assert [entry["type"] for entry in s.corruption] == ["permute_span", "mask_frames"]
    assert (s.corruption[0]["span"], s.corruption[1]["ratio"]) == (30, 0.15)
    sizes = {"hidden_dim": 1024, "layers": 6, "heads": 8, "intermediate_dim": 4096, "max_positions": 256}
    assert sizes.items() <= s.encoder.items()
    for stage, epochs, lr in ((s.pretrain, 60, 0.01), (s.finetune, 50, 0.005)):
        assert (stage.epochs, stage.batch_size) == (epochs, 16)
        assert stage.optimiser.model_dump() == {"lr": lr, "weight_decay": 1e-4, "schedule": "linear", "warmup": 0.0, "clip_norm": None}
    assert (s.finetune.head["type"], s.finetune.head["dropout"], s.finetune.class_weights) == ("fc", 0.5, "videos")
    assert (s.evaluate.aggregate, s.validation["type"]) == ("mean_probability", "loso")


def test_it_names_every_key_so_that_a_reader_sees_them_all() -> None:
    written = shipped()["seizure_bart"].read_text()
    values = load_recipe("seizure_bart", profile="paper").to_dict()
    sections = [*values["corruption"], *(value for name, value in values.items() if isinstance(value, dict) and name != "data")]
    assert [key for section in sections for key in section if f"{key}=" not in written] == []


def test_the_defaults_of_the_schema_are_the_paper_s_readings() -> None:
    differing = dict(_differences(defaults(Settings), load_recipe("seizure_bart", profile="paper").to_dict()))
    assert differing == {"contextual.clips": (None, 13000)}, "all clips that fit is the sensible default; 13,000 is how many the paper had"


def _differences(below: dict[str, Any], above: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in below.items():
        if isinstance(value, dict):
            found += _differences(value, above[key], f"{prefix}{key}.")
        elif value != above[key]:
            found.append((f"{prefix}{key}", (value, above[key])))
    return found


def test_stable_changes_the_optimiser_and_the_views_alone() -> None:
    paper, stable = (load_recipe("seizure_bart", profile=profile).to_dict() for profile in ("paper", "stable"))
    changed = {key.rpartition(".")[0] or key for key, _ in _differences(paper, stable)}
    assert changed == {"extract", "pretrain.optimiser", "finetune.optimiser"}


def test_demo_is_small() -> None:
    s = load_recipe("seizure_bart").settings
    assert s.data["type"] == "synthetic_emu"
    assert s.positions == s.encoder["max_positions"] == 64
    assert int(s.contextual.clip_s * s.video.fps) <= s.positions


def test_its_name_works_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = load_recipe(ROOT / "recipes" / "seizure_bart.py")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seizure_bart").mkdir()  # a folder of that name, of results say, is not taken for the recipe
    assert load_recipe("seizure_bart").digest == here.digest


def test_every_package_goes_into_the_wheel() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "vsslfw").rglob("*.py")}
    assert set(setuptools["packages"]) == folders | {"vsslfw.recipes", "vsslfw.recipes.studies"}
    assert setuptools["package-dir"] == {"vsslfw.recipes": "recipes"}


def _rows(section: type[Section], prefix: str = "") -> Iterator[str]:
    hints = get_type_hints(section, include_extras=True)
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from _rows(field.annotation, f"{prefix}{name}.")
            continue
        default = "required" if field.is_required() else f"`{to_text({'x': field.get_default()})[4:-1]}`"
        value = describe(hints[name]).replace('a component, dict(type="NAME", ...)', "component")
        yield f"| `{prefix}{name}` | {value} | {default} | {field.description} |"


def test_the_table_in_the_docs_has_every_key_as_it_is() -> None:
    written = (ROOT / "docs" / "recipes.md").read_text().splitlines()
    assert [row for row in _rows(Settings) if row not in written] == []
