"""An arm of a comparison: a finished run, or a probe of one, with its answers."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vsslfw.data.table import nearest_file
from vsslfw.errors import Problem, UserError, did_you_mean
from vsslfw.evaluation.predictions import Prediction, read_predictions
from vsslfw.run_records import STATE, read_run
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
    folder, probe = _run_and_probe(place)
    if folder.is_file():
        raise UserError(Problem("is a file; the folder of a run is expected", str(folder), _meant_by(folder)))
    if not folder.is_dir():
        hint = nearest_file(Path(), str(folder)) or "List runs with: vsslfw runs"
        raise UserError(Problem("there is no such run folder", str(place), hint))
    record = read_run(folder)
    if record.state != "finished":
        why = f" ({record.trouble})" if record.trouble else ""
        hint = "Finish it first: its command again, with --out FOLDER --resume"
        raise UserError(Problem(f"holds no finished run: it is {record.state}{why}", str(folder), hint))
    if probe and not place.is_file():
        known = sorted(path.stem for path in (folder / PROBES).glob("*.csv"))
        raise UserError(Problem("there is no such probe", str(place), did_you_mean(probe, known) or "The run has no probes"))
    content = read_content(folder)
    predictions = read_predictions(place if probe else folder / "predictions.csv")
    return FinishedArm(name or arm_names([place])[0], folder, content, record.digest, record.profile, predictions, probe)


def arm_names(places: Sequence[Path]) -> list[str]:
    """What arms are called: each by the name of its run folder, with as many folders above it as tell it from the others' ones."""
    # as the person writes them: what a link leads to may have a name that says nothing
    split = [_run_and_probe(Path(os.path.abspath(place))) for place in places]
    tails = _tails({folder for folder, _ in split})
    names = [f"{tails[folder]}, probe {probe}" if probe else tails[folder] for folder, probe in split]
    return [f"{name} ({names[:i].count(name) + 1})" if names.count(name) > 1 else name for i, name in enumerate(names)]


def _tails(folders: Collection[Path]) -> dict[Path, str]:
    parts = {folder: folder.parts[1:] for folder in folders}
    found = {}
    for folder, own in parts.items():
        others = [other for one, other in parts.items() if one != folder]
        length = next((n for n in range(1, len(own)) if all(other[-n:] != own[-n:] for other in others)), len(own))
        found[folder] = "/".join(own[-length:])
    return found


def _run_and_probe(place: Path) -> tuple[Path, str]:
    if place.parent.name == PROBES and place.suffix == ".csv":
        return place.parent.parent, place.stem
    return place, ""


def _meant_by(file: Path) -> str:
    """What to name instead of a file: the run that it lies in, or one of that run's probes."""
    whole = Path(os.path.abspath(file))
    run = next((folder for folder in whole.parents if (folder / STATE).is_file()), None)
    if run is None:
        return "Name the folder of a run; list runs with: vsslfw runs"
    shown = run if file.is_absolute() else Path(os.path.relpath(run))
    known = ", ".join(sorted(path.stem for path in (run / PROBES).glob("*.csv")))
    return f"Name the run itself, {shown}, or a probe of it, {shown / PROBES / 'NAME.csv'} (known: {known or 'none'})"


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
