"""Parameters that are paths: what is one, how it is shortened, and what of it counts in a key."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from vsslfw.errors import UserError
from vsslfw.interfaces import Detector, Location
from vsslfw.locations import file_name, locations, replaced
from vsslfw.pipeline.keys import component_key
from vsslfw.recipe import load_recipe
from vsslfw.registry import Component, Registries

WEIGHTS = Literal["imagenet"] | Location | None


@pytest.mark.parametrize(
    ("annotation", "value", "found"),
    [
        (Location, "/a/b", [()]),
        (Path, "/a/b", [()]),
        (str, "/a/b", []),
        (Any, "/a/b", []),
        (WEIGHTS, "/a/b", [()]),
        (WEIGHTS, "imagenet", []),
        (WEIGHTS, None, []),
        (Annotated[WEIGHTS, Field(min_length=1)], "/a/b", [()]),
        (list[Location], ["a", "b"], [(0,), (1,)]),
        (tuple[Location, ...], ("a", "b"), [(0,), (1,)]),
        (tuple[str, Location], ("a", "b"), [(1,)]),
        (dict[str, Location | None], {"x": "a", "y": None}, [("x",)]),
        (Location | list[Location], ["a"], [(0,)]),
    ],
)
def test_what_a_location_is(annotation: Any, value: Any, found: list[tuple[int | str, ...]]) -> None:
    assert list(locations(annotation, value)) == found


def test_replacing_changes_the_named_values_alone() -> None:
    values = {"a": {"path": "/x/y.csv", "other": "/x/y.csv"}, "b": ("/x/z.csv", 3)}
    changed = replaced(values, [("a", "path"), ("b", 0)], file_name)
    assert changed == {"a": {"path": "y.csv", "other": "/x/y.csv"}, "b": ("z.csv", 3)}
    assert values["b"] == ("/x/z.csv", 3)


def test_a_digest_holds_file_names_and_no_folders(tmp_path: Path) -> None:
    digests = []
    for folder, name in (("one", "videos.csv"), ("two", "videos.csv"), ("two", "others.csv")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).touch()
        recipe = load_recipe("seizure_bart", profile="paper", data=tmp_path / folder / name)
        assert recipe.to_dict()["data"]["path"] == str(tmp_path / folder / name)
        assert recipe.portable()["data"]["path"] == name
        digests.append(recipe.digest)
    assert digests[0] == digests[1] != digests[2]


class Plain(Detector):
    """A detector with a file of weights, and no fingerprint of its own."""

    def __init__(self, *, weights: Location, threshold: float = 0.5) -> None: ...

    def boxes(self, video_id: str, times: Any, size: tuple[int, int]) -> None:
        return None


class Careful(Plain):
    """The same, with a fingerprint."""

    def fingerprint(self, video_id: str) -> str:
        return "what it depends on"


@pytest.fixture
def toys() -> Any:
    """All that a key takes of a recipe: its registries."""
    found = Registries()
    for cls in (Plain, Careful):
        found.add(Component("detector", cls.__name__, f"{__name__}:{cls.__name__}", "", "toys", "toys", "1"))
    return SimpleNamespace(registries=found)


def test_the_content_of_a_file_counts_in_a_key_and_not_where_it_lies(tmp_path: Path, toys: Any) -> None:
    for name, content in (("a", "first"), ("b", "first"), ("c", "other")):
        (tmp_path / name).write_text(content)
    a, b, c = (component_key(toys, "detector", {"type": "Plain", "weights": str(tmp_path / name), "threshold": 0.5}) for name in "abc")
    assert a == b != c
    assert str(tmp_path) not in str(a)
    with pytest.raises(UserError, match="No such file"):
        component_key(toys, "detector", {"type": "Plain", "weights": str(tmp_path / "none")})


def test_a_fingerprint_stands_for_the_content(toys: Any) -> None:
    keys = [component_key(toys, "detector", {"type": "Careful", "weights": f"/nowhere/{name}", "threshold": 0.5}) for name in "ab"]
    assert keys[0] == keys[1]
    assert "nowhere" not in str(keys[0])
