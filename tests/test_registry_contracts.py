"""Every built-in component keeps the contract of its kind: one table, read from the registry."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import typing

import pytest

from vsslfw.interfaces import CONTRACTS, Backbone, Corruption, FeatureCorruption, FrameCorruption, Head, SequenceCorruption, SequenceEncoder
from vsslfw.plugins import registries
from vsslfw.registry import KINDS, Component

BUILTINS = [component for component in registries().components() if component.plugin == "vsslfw"]
OURS = [component for component in BUILTINS if component.target.startswith("vsslfw.")]
LEVELS = {"frame": FrameCorruption, "sequence": SequenceCorruption, "feature": FeatureCorruption}
FROM_THE_FRAMEWORK = {"encoder": ["feature_dim"], "head": ["hidden_dim", "output_dim"]}

THE_PAPER: dict[tuple[str, str], dict[str, object]] = {
    ("backbone", "resnet152"): {"weights": "imagenet", "frame_size": 112},
    ("corruption", "permute_span"): {"span": 30},
    ("corruption", "mask_frames"): {"ratio": 0.15, "draw": "exact", "replace": "mask", "spare_moved": False},
    ("encoder", "bert"): {
        "hidden_dim": 1024,
        "layers": 6,
        "heads": 8,
        "intermediate_dim": 4096,
        "max_positions": 256,
        "dropout": 0.1,
        "attend_pad": False,
    },
    ("head", "feature_regression"): {},
    ("head", "fc"): {"pooling": "mean", "dropout": 0.5},
}
"""Defaults that the recipe relies on: paper, section 4, and design readings 1, 2, 6 and 7."""


def each(*kinds: str, among: list[Component] = OURS) -> pytest.MarkDecorator:
    chosen = [component for component in among if not kinds or component.kind in kinds]
    return pytest.mark.parametrize("component", chosen, ids=[f"{c.kind}-{c.name}" for c in chosen])


def arguments(cls: type) -> list[inspect.Parameter]:
    if cls.__init__ is object.__init__:  # type: ignore[misc]
        return []
    return list(inspect.signature(cls.__init__).parameters.values())[1:]  # type: ignore[misc]


def test_there_is_a_contract_and_a_built_in_for_every_kind() -> None:
    assert set(CONTRACTS) == set(KINDS) == {component.kind for component in BUILTINS}


@each(among=BUILTINS)
def test_it_has_a_name_a_summary_and_a_contributor(component: Component) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", component.name)
    assert component.summary
    assert "\n" not in component.summary
    assert len(component.summary) < 100
    recorded = component.provenance()
    assert re.fullmatch(r"[0-9a-f]{64}", recorded.pop("digest"))
    assert recorded == {"kind": component.kind, "name": component.name, "distribution": "vsslfw", "version": component.version}


@each(among=[component for component in BUILTINS if component.kind != "validation"])
def test_it_loads_and_is_of_its_kind(component: Component) -> None:
    cls = component.load()
    assert issubclass(cls, CONTRACTS[component.kind])
    assert not inspect.isabstract(cls)


@each("validation", among=BUILTINS)
def test_a_validation_scheme_is_a_splitter(component: Component) -> None:
    assert list(inspect.signature(component.load().split).parameters)[:4] == ["self", "X", "y", "groups"]


@each()
def test_what_the_framework_passes_comes_by_position_and_the_rest_by_keyword(component: Component) -> None:
    by_position = FROM_THE_FRAMEWORK.get(component.kind, [])
    found = arguments(component.load())
    assert [argument.name for argument in found[: len(by_position)]] == by_position
    assert {argument.kind for argument in found[len(by_position) :]} <= {inspect.Parameter.KEYWORD_ONLY}


@each()
def test_every_parameter_has_a_type_that_can_be_looked_up_and_is_documented(component: Component) -> None:
    cls = component.load()
    names = [argument.name for argument in arguments(cls)]
    hints = typing.get_type_hints(cls.__init__) if names else {}  # type: ignore[misc]
    assert set(names) <= set(hints)
    text = f"{inspect.getdoc(cls) or ''}\n{inspect.getdoc(cls.__init__) or ''}"  # type: ignore[misc]
    own = [name for name in names if name not in FROM_THE_FRAMEWORK.get(component.kind, [])]
    assert [name for name in own if not re.search(rf"\b{name}\b", text)] == []


@each()
def test_its_docstring_and_its_cache_version(component: Component) -> None:
    cls = component.load()
    assert (inspect.getdoc(cls) or "").splitlines()[0]
    if component.kind != "executor":
        assert cls.cache_version >= 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(("kind", "name"), THE_PAPER, ids=lambda value: value)
def test_the_defaults_are_the_papers(kind: str, name: str) -> None:
    cls = registries().find(kind, name).load()
    positional = FROM_THE_FRAMEWORK.get(kind, [])
    assert {argument.name: argument.default for argument in arguments(cls) if argument.name not in positional} == THE_PAPER[kind, name]


@each("backbone")
def test_a_backbone_declares_its_shapes_on_the_class(component: Component) -> None:
    cls = component.load()
    assert issubclass(cls, Backbone)
    assert cls.feature_dim > 0
    height, width = cls.frame_size
    assert min(height, width) > 0
    assert (cls.clip_length, cls.clip_stride) == (1, 1)
    assert len(cls.mean) == len(cls.std) == 3


@each("corruption")
def test_a_corruption_says_where_it_acts(component: Component) -> None:
    cls = component.load()
    assert issubclass(cls, Corruption)
    assert issubclass(cls, LEVELS[cls.level])


@each("head")
def test_a_head_says_its_task(component: Component) -> None:
    cls = component.load()
    assert issubclass(cls, Head)
    assert cls.task in ("pretext", "classification")


@each("encoder")
def test_an_encoder_declares_its_shapes_once_built(component: Component) -> None:
    encoder = component.load()(4, hidden_dim=8, layers=1, heads=2, intermediate_dim=8, max_positions=5)
    assert isinstance(encoder, SequenceEncoder)
    assert (encoder.hidden_dim, encoder.max_positions) == (8, 5)


HEAVY = ("torch", "torchvision", "transformers", "albumentations", "sklearn", "av")


def imported_by(*statements: str) -> set[str]:
    """Which of the heavy libraries a fresh process has imported after ``statements``."""
    code = "\n".join(["import sys", *statements, f"print(*[name for name in {HEAVY} if name in sys.modules])"])
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_listing_the_components_imports_nothing_heavy() -> None:
    assert imported_by("from vsslfw.plugins import registries", "assert registries().components()") == set()


def test_loading_the_components_leaves_their_heavy_libraries_to_the_constructors() -> None:
    """The recipe check loads every component that a recipe names, for its signature."""
    assert imported_by(*[f"import {component.target.partition(':')[0]}" for component in OURS]) <= {"torch", "av"}
