"""A resolved recipe is a recipe: its text loads back to the same digest."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsslfw.digest import canonical_json
from vsslfw.recipe import load_recipe
from vsslfw.recipe.parse import parse_file
from vsslfw.recipe.text import to_text

scalars = (
    st.none() | st.booleans() | st.integers(-(2**100), 2**100) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=60)
)
keys = st.text(min_size=1, max_size=12) | st.sampled_from(["lambda", "type", "a-b", "self", "naïve", "ﬁ", "0"])
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.tuples(inner) | st.dictionaries(keys, inner, max_size=4), max_leaves=30
)


@given(values)
def test_any_plain_value_survives(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "any.py"
    path.write_text(to_text({"x": value, "y": 1}), encoding="utf-8", newline="\n")
    parsed = parse_file(path, "any.py")
    assert parsed.problems == []
    assert canonical_json(parsed.settings.plain()) == canonical_json({"x": value, "y": 1})


@settings(max_examples=15, deadline=None)
@given(
    profile=st.sampled_from(["paper", "stable", "demo"]),
    epochs=st.integers(1, 10**6),
    lr=st.floats(1e-12, 1e3),
    name=st.from_regex(r"\w[\w.-]*", fullmatch=True),
    views=st.integers(1, 9) | st.just("online"),
)
def test_a_resolved_recipe_loads_back_to_its_digest(tmp_path_factory: pytest.TempPathFactory, profile: str, **drawn: Any) -> None:
    overrides = [
        f"pretrain.epochs={drawn['epochs']}",
        f"pretrain.optimiser.lr={drawn['lr']!r}",
        f"name={drawn['name']!r}",
        f"extract.views={drawn['views']!r}",
    ]
    recipe = load_recipe("seizure_bart", profile=profile, overrides=overrides)
    path = tmp_path_factory.getbasetemp() / "resolved.py"
    path.write_text(recipe.to_text(), encoding="utf-8", newline="\n")
    again = load_recipe(path)
    assert again.digest == recipe.digest
    assert again.to_dict() == recipe.to_dict()


def test_the_text_is_the_one_a_person_would_write() -> None:
    lines = load_recipe("seizure_bart", profile="paper").to_text().splitlines()
    assert lines[0] == "# resolved from seizure_bart, profile paper"
    assert "positions = 256" in lines
    assert 'video = dict(fps=25.0, resize=None, max_lost=0.05, on_unreadable="stop_if_emptied")' in lines
    assert '    dict(type="permute_span", span=30),' in lines


def test_a_name_with_a_line_break_stays_in_its_comment(tmp_path: Path) -> None:
    path = tmp_path / "a\nseed = 99"
    path.write_text('_base_ = "seizure_bart"\n')
    assert load_recipe(path).to_text().splitlines()[0].endswith("a seed = 99, profile demo")


def test_the_digest_covers_values_and_not_their_writing(tmp_path: Path) -> None:
    path = tmp_path / "my.py"
    path.write_text('_base_ = "seizure_bart"  # a comment\n_t = 128 * 2\npositions = _t\n')
    paper = load_recipe("seizure_bart", profile="paper")
    assert load_recipe(path, profile="paper").digest == paper.digest
    assert load_recipe(path, profile="paper", overrides=["seed=1"]).digest != paper.digest


def test_a_recipe_is_a_value() -> None:
    recipe = load_recipe("seizure_bart", profile="paper")
    assert pickle.loads(pickle.dumps(recipe)).digest == recipe.digest
    config = recipe.config()
    assert (config.pretrain.epochs, config.encoder.type, config.corruption[0].span) == (60, "bert", 30)
    with pytest.raises(ValueError, match="frozen"):
        recipe.settings.seed = 3
