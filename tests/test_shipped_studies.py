"""The studies that come with vsslfw, and the one that the documentation shows, are right for the recipes they are meant for."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from vsslfw.ablation.study import arranged
from vsslfw.ablation.study_file import find_study, read_study

ROOT = Path(__file__).parents[1]
STUDIES = sorted((ROOT / "recipes" / "studies").glob("*.py"))


@pytest.mark.parametrize("profile", ["paper", "stable", "demo"])
@pytest.mark.parametrize("recipe", ["seizure_bart", "emu_benchmark"])
@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
def test_every_variant_is_a_recipe_of_its_own(file: Path, recipe: str, profile: str) -> None:
    study = read_study(file)
    variants = arranged(replace(study, recipe=recipe, profile=profile))
    assert [variant.name for variant in variants] == [variant.name for variant in study.variants]
    running = [variant.recipe.digest for variant in variants if variant.runs]
    assert len(set(running)) == len(running)


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
def test_it_goes_by_its_name_from_anywhere(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = find_study(file.stem)
    assert found is not None
    assert found.samefile(file)


def test_the_standard_study_names_its_question_and_keeps_the_recipe_s_noise() -> None:
    study = read_study(ROOT / "recipes" / "studies" / "does_ssl_pay.py")
    assert study.primary == ("pre-trained", "scratch")
    variants = {variant.name: variant.recipe.settings for variant in arranged(replace(study, profile="demo"))}
    mask, whole = variants["mask only"].corruption, variants["pre-trained"].corruption
    assert mask == [entry for entry in whole if entry["type"] == "mask_frames"]
    assert {name for name, settings in variants.items() if settings.pretrain.subjects == "all"} == {"pre-trained on all"}


def test_without_contextual_video_the_controls_stay_controls() -> None:
    study = read_study(ROOT / "recipes" / "studies" / "does_ssl_pay.py")
    variants = arranged(replace(study, profile="demo", overrides=("pretrain.source=labelled-train-fold",)))
    sources = {variant.name: variant.recipe.settings.pretrain.source for variant in variants}
    assert (sources["scratch"], sources["pre-trained"]) == ("none", "labelled-train-fold")


def test_the_study_of_the_documentation_can_be_planned(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / "ablate.md").read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "study.py").write_text(block)
    assert [variant.name for variant in arranged(read_study(tmp_path / "study.py"))] == [
        "scratch",
        "pre-trained",
        "mask only",
        "STFT probe",
    ]
