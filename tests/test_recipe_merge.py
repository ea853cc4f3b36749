"""Base, profile, own values, own profile, --set: which one wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from vsslfw.errors import UserError
from vsslfw.recipe import AS_WRITTEN, Recipe, load_recipe

BASE = """
_base_ = "seizure_bart"
seed = 1
contextual = dict(clips=77)
profiles = dict(quick=dict(seed=2, pretrain=dict(epochs=3)))
"""


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)

    def load(text: str, *overrides: str, profile: str | None = "quick") -> Recipe:
        Path("base.py").write_text(BASE)
        Path("my.py").write_text(text)
        return load_recipe("my.py", profile=profile, overrides=overrides)

    return load


def problems(raised: pytest.ExceptionInfo[UserError]) -> list[tuple[str, str, str]]:
    return [(problem.where, problem.what, problem.hint) for problem in raised.value.problems]


def test_each_layer_wins_over_the_one_below(load) -> None:  # type: ignore[no-untyped-def]
    base = '_base_ = "base.py"\n'
    assert load(base, profile="paper").settings.seed == 1
    assert load(base).settings.seed == 2, "the profile wins over the base's own values"
    assert load(base + "seed = 3\n").settings.seed == 3, "a recipe's own values win over the profile of its base"
    assert load(base + "seed = 3\nprofiles = dict(quick=dict(seed=4))\n").settings.seed == 4, "its own profile wins over both"
    assert load(base + "seed = 3\n", "seed=5").settings.seed == 5, "--set wins over everything"


def test_sections_are_merged_key_by_key(load) -> None:  # type: ignore[no-untyped-def]
    settings = load('_base_ = "base.py"\npretrain = dict(optimiser=dict(clip_norm=1.0))\n').settings
    assert (settings.pretrain.epochs, settings.pretrain.optimiser.clip_norm, settings.pretrain.optimiser.lr) == (3, 1.0, 0.01)


def test_another_type_replaces_a_component_and_the_same_type_changes_it(load) -> None:  # type: ignore[no-untyped-def]
    base = '_base_ = "base.py"\n'
    assert load(base + "encoder = dict(layers=2)\n").settings.encoder["hidden_dim"] == 1024
    assert load(base + 'encoder = dict(type="bert", layers=2)\n').settings.encoder["hidden_dim"] == 1024
    other = load(base + 'data = dict(type="videos_csv", path="v.csv")\n').settings.data
    assert other["type"] == "videos_csv"
    assert "subjects" not in other


def test_lists_are_replaced_whole(load) -> None:  # type: ignore[no-untyped-def]
    settings = load('_base_ = "base.py"\ncorruption = [dict(type="mask_frames")]\n').settings
    assert [entry["type"] for entry in settings.corruption] == ["mask_frames"]


def test_of_several_bases_the_later_wins(load) -> None:  # type: ignore[no-untyped-def]
    assert load('_base_ = ["base.py", "seizure_bart"]\n').settings.contextual.clips == 13000
    assert load('_base_ = ["seizure_bart", "base.py"]\n').settings.contextual.clips == 77


def test_the_usual_profile_depends_on_the_data(load, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    manifest = tmp_path / "videos.csv"
    manifest.write_text("video_id\n")
    assert load('_base_ = "base.py"\n', profile=None).profile == "demo"
    assert load('_base_ = "base.py"\n', "data.type=videos_csv", "data.path=videos.csv", profile=None).profile == "paper"
    assert load_recipe("seizure_bart", data=manifest).profile == "paper"
    assert load_recipe("seizure_bart", data=manifest).settings.data == {"type": "videos_csv", "path": str(manifest)}


def test_a_recipe_without_profiles_is_taken_as_written(load, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    text = load('_base_ = "base.py"\n').to_text()
    assert load(text, profile=None).profile == AS_WRITTEN
    with pytest.raises(UserError) as raised:
        load(text, profile="demo")
    assert problems(raised) == [("--profile", 'there is no profile "demo"', "this recipe has no profiles: leave --profile out")]


def test_own_data_that_do_not_exist_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such file"):
        load_recipe("seizure_bart", data=tmp_path / "nothing.csv")
    with pytest.raises(UserError, match="this is a folder"):
        load_recipe("seizure_bart", data=tmp_path)


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("pretrain.epochs=10", ("pretrain", "epochs"), 10),
        ("pretrain.optimiser.lr=1", ("pretrain", "optimiser", "lr"), 1.0),
        ("labels.positive=first try", ("labels", "positive"), "first try"),
        ('name="10"', ("name",), "10"),
        ("labels.positive=a=b", ("labels", "positive"), "a=b"),
        ("video.resize=(140, 180)", ("video", "resize"), (140, 180)),
        ("pretrain.micro_batch=None", ("pretrain", "micro_batch"), None),
        ("corruption.0.span=10", ("corruption", 0, "span"), 10),
        ('corruption=[dict(type="permute_span", span=9)]', ("corruption", 0, "span"), 9),
        ("encoder=dict(layers=1)", ("encoder", "layers"), 1),
        ("backbone.type=resnet50", ("backbone", "type"), "resnet50"),
    ],
)
def test_set(override: str, key: tuple[str | int, ...], value: object) -> None:
    found = load_recipe("seizure_bart", profile="paper", overrides=[override]).to_dict()
    for step in key:
        found = found[step]  # type: ignore[index]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["pretrain.epoch=3"], '--set pretrain.epoch=3: there is no key "epoch" in pretrain\n    did you mean "epochs"?'),
        (
            ["pretrain.optimizer.lr=3"],
            '--set pretrain.optimizer.lr=3: pretrain.optimizer: there is no key "optimizer" in pretrain\n    did you mean "optimiser"?',
        ),
        (["epochs=3"], 'did you mean "pretrain.epochs" or "finetune.epochs"?'),
        (["region=3"], 'did you mean "pretrain.region" or "finetune.region"?'),
        (
            ["finetune.region=dict(type=boxes_csv, path=found.csv)"],
            "--set finetune.region: dict(type=boxes_csv, path=found.csv) cannot be read: text in it needs quotes, and a shell takes them\n"
            """    put single quotes around the whole: --set 'finetune.region=dict(type="...")'""",
        ),
        (["foo"], "--set foo: expected KEY=VALUE"),
        (["=3"], "expected KEY=VALUE"),
        (["corruption.2.span=3"], "corruption is a list of 2; expected an index below 2, found 2"),
        (["corruption.-1.span=3"], "expected an index below 2, found -1"),
        (["positions.x=3"], 'positions is 256, which holds no key "x"'),
        (["profiles.demo=3"], "choose a profile with --profile"),
        (["pretrain.epochs=1+1"], 'expected an integer above 0, found "1+1"'),
        (["encoder.layers=2", "encoder.type=lstm"], "--set encoder.layers=2: a later --set replaces what this one sets"),
        (["corruption.0.span=2", "corruption=[]"], "a later --set replaces what this one sets"),
        (["encoder.heads=7"], '--set encoder.heads=7: encoder "bert" refuses this'),
    ],
)
def test_set_that_cannot_be(overrides: list[str], message: str) -> None:
    with pytest.raises(UserError) as raised:
        load_recipe("seizure_bart", profile="paper", overrides=overrides)
    assert message in str(raised.value)


def test_the_same_key_set_twice_is_the_later_one() -> None:
    assert load_recipe("seizure_bart", overrides=["seed=1", "seed=2"]).settings.seed == 2


def test_unknown_profile_names_the_nearest() -> None:
    with pytest.raises(UserError, match=r'there is no profile "papr"\n +did you mean "paper"'):
        load_recipe("seizure_bart", profile="papr")
