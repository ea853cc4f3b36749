"""Whether two runs answered the same question: the same videos, classes and split. If not, their figures cannot be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vsslfw.atomic import read_json
from vsslfw.digest import digest_of
from vsslfw.errors import Problem, UserError
from vsslfw.run_records import METRICS, SPLIT, STATE

INDEX = "index"
"""The stage whose key digests the videos' content, labels and subjects, and the clips that are drawn."""
WINDOWS = ("positions", "video.fps", "evaluate.stride", "evaluate.right_align")
"""Settings that decide from which parts of a video it is answered."""


@dataclass(frozen=True)
class RunContent:
    """What a run folder holds, as far as its run came."""

    state: dict[str, Any]
    recipe: dict[str, Any]
    environment: dict[str, Any]
    split: dict[str, Any]
    metrics: dict[str, Any]
    stages: dict[str, str]
    """Stage -> key."""

    @property
    def manifest(self) -> str | None:
        """Digest of the manifest; none if the run did not come as far."""
        digest: str | None = self.state.get("inputs", {}).get("manifest")
        return digest

    @property
    def files(self) -> dict[str, str]:
        """Key -> digest of each file that the recipe names by its path, the manifest apart."""
        return {key: digest for key, digest in self.state.get("inputs", {}).items() if key != "manifest"}


def read_content(folder: Path) -> RunContent:
    """What a run folder holds. UserError if the run ended before its recipe was written, or if a file cannot be read."""
    from vsslfw.recipe.parse import parse_file

    lacking = [name for name in ("recipe.py", "environment.json") if not (folder / name).is_file()]
    if lacking:
        hint = "Only a run that came as far as its recipe can be compared"
        raise UserError(Problem(f"{' and '.join(lacking)} missing", str(folder), hint))
    try:
        recipe = parse_file(folder / "recipe.py", str(folder / "recipe.py")).settings.plain()
        state, environment = (read_json(folder / name) for name in (STATE, "environment.json"))
        split, metrics, stages = (read_json(folder / name) if (folder / name).is_file() else {} for name in (SPLIT, METRICS, "stages.json"))
        keys = {stage["stage"]: stage["key"] for stage in stages.get("stages", ())}
        return RunContent(state, recipe, environment, split, metrics, keys)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(Problem(f"cannot be read: {type(error).__name__}: {error}", str(folder), "Run it again")) from error


def tasks(a: RunContent, b: RunContent) -> tuple[dict[str, Any], dict[str, Any]]:
    """What has to be equal for a fair comparison, of each run under the same names; only where it differs do the two differ.

    The manifest's digest holds names, labels and times. Whether the content of the files is the same can only be told where
    both runs drew the same clips, since the index key holds both.
    """
    same_index = INDEX in a.stages and a.stages[INDEX] == b.stages.get(INDEX)
    task_a, task_b = _data(a, same_index), _data(b, same_index)
    if task_a == task_b and _drawing(a) == _drawing(b) and INDEX in a.stages and INDEX in b.stages:
        task_a["content of the videos"], task_b["content of the videos"] = a.stages[INDEX], b.stages[INDEX]
    if a.split and b.split:
        named_alike = _naming(a) == _naming(b)
        task_a["split"], task_b["split"] = _split(a, named_alike), _split(b, named_alike)
    if a.metrics and b.metrics:
        for name, key in (("classes", "classes"), ("positive class", "positive"), ("level of the answers", "level")):
            task_a[name], task_b[name] = a.metrics.get(key), b.metrics.get(key)
    return task_a, task_b


def other_evidence(names: tuple[str, str], a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """A line if two recipes answer the same question from other parts of the videos: what differs may be what was seen."""
    windows = [name for name in WINDOWS if _setting(a, name) != _setting(b, name)]
    told = f"“{names[0]}” and “{names[1]}” answer each video from other windows ({', '.join(windows)}): not from the same evidence."
    return [told] if windows else []


def _setting(recipe: Mapping[str, Any], name: str) -> Any:
    value: Any = recipe
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _data(run: RunContent, same_index: bool) -> dict[str, Any]:
    kind = run.state.get("data")
    asked: dict[str, Any] = {"kind of data": kind, "manifest": run.manifest}
    if kind == "synthetic" and not same_index:  # a manifest of made video says little of what it shows
        makers = [one for one in run.environment.get("components", ()) if one.get("kind") == "dataset"]
        asked |= {"data": run.recipe.get("data"), "code that makes the data": makers[0].get("digest") if makers else None}
    return asked


def _drawing(run: RunContent) -> list[Any]:
    """What decides, beside the videos, which clips are drawn."""
    return [run.recipe.get("seed"), run.recipe.get("contextual"), run.recipe.get("video", {}).get("fps")]


def _naming(run: RunContent) -> list[Any]:
    """What decides what videos are called in a run folder: pseudonyms are numbered by the seed."""
    return [run.manifest, run.recipe.get("seed"), run.state.get("identified")]


def _split(run: RunContent, named_alike: bool) -> str:
    """In words, with a digest: where the same videos bear other names, of the scheme and the sizes of its folds, all that can be told."""
    folds = [fold for fold in run.split.get("folds", ()) if isinstance(fold, Mapping)]
    tested = sum(len(fold["test"]) for fold in folds)
    sizes = sorted([len(fold["train"]), len(fold["test"])] for fold in folds)
    digest = run.split.get("digest") if named_alike else digest_of([run.split.get("validation"), sizes])
    return f"{len(folds)} folds, {tested} tests, {str(digest)[:12]}"
