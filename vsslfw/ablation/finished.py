"""An arm of a comparison: a finished run, or a probe of one, with its answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vsslfw.errors import Problem, UserError
from vsslfw.evaluation.predictions import Prediction, read_predictions
from vsslfw.run_records import read_run
from vsslfw.same_task import RunContent, read_content, tasks

PROBES = "probes"
"""The folder of a run that holds the answers of its probes, one file each."""


@dataclass(frozen=True)
class FinishedArm:
    """A finished run (or the probe ``probe`` over its features) and its answers, one a video and repeat."""

    name: str
    folder: Path
    content: RunContent
    digest: str
    profile: str
    predictions: list[Prediction]
    probe: str = ""

    @property
    def makers(self) -> dict[str, str]:
        """Component -> the distribution and version that made it."""
        components: Sequence[dict[str, Any]] = self.content.environment.get("components", ())
        return {f"{c['kind']} {c['name']}": f"{c['distribution']} {c['version']}" for c in components}


def read_arm(place: Path, name: str | None = None) -> FinishedArm:
    """The arm in a run folder, or in the file ``RUN/probes/PROBE.csv`` of one. UserError if it is not finished, or cannot be read."""
    probe = place.stem if place.parent.name == PROBES and place.suffix == ".csv" else ""
    folder = place.parent.parent if probe else place
    if not folder.is_dir():
        raise UserError(Problem("there is no such run folder", str(place), "List runs with: vsslfw runs"))
    record = read_run(folder)
    if record.state != "finished":
        why = f" ({record.trouble})" if record.trouble else ""
        hint = "Finish it first: its command again, with --out FOLDER --resume"
        raise UserError(Problem(f"holds no finished run: it is {record.state}{why}", str(folder), hint))
    if probe and not place.is_file():
        known = sorted(path.stem for path in (folder / PROBES).glob("*.csv"))
        raise UserError(Problem("there is no such probe", str(place), f"known: {', '.join(known) or 'none'}"))
    content = read_content(folder)
    predictions = read_predictions(place if probe else folder / "predictions.csv")
    shown = name or (f"{folder.name}, probe {probe}" if probe else folder.name)
    return FinishedArm(shown, folder, content, record.digest, record.profile, predictions, probe)


def unlike(arm: FinishedArm, other: FinishedArm) -> list[str]:
    """What of the question they answered differs: videos, classes, split."""
    ours, theirs = tasks(arm.content, other.content)
    return [name for name in dict.fromkeys([*ours, *theirs]) if ours.get(name) != theirs.get(name)]


def same_question(arms: Sequence[FinishedArm]) -> None:
    """UserError, with every difference, unless all arms answered for the same videos, classes and split as the first."""
    problems = []
    first = arms[0]
    for arm in arms[1:]:
        differing = unlike(first, arm)
        if differing:
            hint = "Compare runs on the same data, split and classes"
            if first.content.recipe.get("seed") != arm.content.recipe.get("seed"):
                hint += "; another seed names subjects otherwise, so their answers cannot be paired"
            problems.append(Problem(f"not comparable with {first.folder}: they differ in {', '.join(differing)}", str(arm.folder), hint))
    if problems:
        raise UserError(*problems)
