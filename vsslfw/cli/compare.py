"""``vsslfw compare``: finished runs on the same split, with how sure each difference is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsslfw.cli.options import contrast_options

if TYPE_CHECKING:
    from rich.console import Console

    from vsslfw.ablation import FinishedArm, Outcome
    from vsslfw.ablation.tables import Table
    from vsslfw.errors import Problem


@click.command("compare")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--primary", type=click.Path(path_type=Path), help="The one run whose difference from the first is the question asked before."
)
@contrast_options
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the page, CSV, Markdown, LaTeX and JSON.")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
def command(
    runs: tuple[Path, ...],
    primary: Path | None,
    metric: str,
    margin: float | None,
    permutations: int,
    out: Path | None,
    as_json: bool,
) -> int:
    """Compare finished RUNS with the first of them: the same videos, the same folds, subject by subject.

    A run may also be a probe of one, by its file: RUN/probes/stft.csv.

    \b
    vsslfw compare runs/scratch runs/pretrained
    vsslfw compare runs/scratch runs/pretrained runs/masks --primary runs/pretrained --margin 0.05 --out comparison
    """
    from vsslfw.ablation import outcome_of, same_question
    from vsslfw.ablation.outcome import folder_link
    from vsslfw.ablation.writing import check_folder, write_outcome
    from vsslfw.cli.console import table_console
    from vsslfw.errors import Problem, UserError
    from vsslfw.evaluation.contrasts import Options
    from vsslfw.pipeline.cache import usable

    if len(runs) < 2:
        raise UserError(Problem("one run alone cannot be compared", str(runs[0]), "Name two or more: vsslfw compare runs/a runs/b"))
    asked = primary.resolve() if primary else None
    if primary is not None and asked not in [place.resolve() for place in runs[1:]]:
        raise UserError(Problem("is not among the runs behind the first", f"--primary {primary}", "Name it among the RUNS too"))
    if out is not None:
        with usable(out, "--out"):
            check_folder(out)
    arms = _read(runs)
    same_question(arms)
    by_place = {place.resolve(): arm.name for place, arm in zip(runs, arms, strict=True)}
    statistics = arms[0].content.recipe.get("statistics", {})
    options = Options(
        metric=metric,
        confidence=statistics.get("confidence", 0.95),
        resamples=statistics.get("resamples", 500),
        permutations=permutations,
        margin=margin,
        seed=arms[0].content.recipe.get("seed", 0),
    )
    outcome = outcome_of(
        arms,
        [(arm.name, arms[0].name) for arm in arms[1:]],
        (by_place[asked], arms[0].name) if asked else (arms[1].name, arms[0].name) if len(arms) == 2 else None,
        options,
        title=f"Comparison of {len(arms)} runs",
        changes={arm.name: changes_of(arms[0], arm) for arm in arms[1:]},
        links={arm.name: folder_link(arm.folder, out) for arm in arms} if out else None,
    )
    if as_json:
        click.echo(json.dumps(outcome.to_dict(), indent=2))
    else:
        print_outcome(table_console(), outcome)
    if out is not None:
        with usable(out, "--out"):
            out.mkdir(parents=True, exist_ok=True)
            path = write_outcome(out, outcome, private=any(arm.content.state.get("identified") for arm in arms))
        if not as_json:
            click.echo(f"Page:   {path}")
    return 0


def changes_of(first: FinishedArm, arm: FinishedArm) -> str:
    """What of the first one's recipe an arm changes, in words."""
    from vsslfw.comparison import differences

    told = [f"{one.name}: {one.b}" for one in differences(first.content.recipe, arm.content.recipe)]
    return "; ".join([*told, *([f"probe {arm.probe} instead of the model"] if arm.probe else [])])


def _read(runs: tuple[Path, ...]) -> list[FinishedArm]:
    """All arms, or what is wrong with all of them."""
    from vsslfw.ablation import read_arm
    from vsslfw.ablation.finished import arm_names
    from vsslfw.errors import UserError

    arms, problems = [], []
    for place, name in zip(runs, arm_names(runs), strict=True):
        try:
            arms.append(read_arm(place, name))
        except UserError as error:
            problems += error.problems
    problems += _named_twice(runs)
    if problems:
        raise UserError(*dict.fromkeys(problems))
    return arms


def _named_twice(runs: tuple[Path, ...]) -> list[Problem]:
    """Runs that would be compared with themselves, however they are written."""
    from vsslfw.errors import Problem

    written: dict[Path, list[str]] = {}
    for place in runs:
        written.setdefault(place.resolve(), []).append(str(place))
    twice = [list(dict.fromkeys(own)) for own in written.values() if len(own) > 1]
    hint = "Compare it with another run, or with one of its probes"
    return [
        Problem("is named twice" if len(own) == 1 else "are the same run, which is named twice", " and ".join(own), hint) for own in twice
    ]


def print_outcome(console: Console, outcome: Outcome) -> None:
    """The tables, and what they say."""
    from rich.text import Text

    from vsslfw.ablation.tables import arms_table, contrasts_table, remarks, sentences, without_empty
    from vsslfw.printable import printable
    from vsslfw.report.data import SYNTHETIC

    if outcome.data == "synthetic":
        console.print(Text(SYNTHETIC, style="bold yellow"))
    classes = ", ".join(f"{count} {name}" for name, count in outcome.subjects_by_class.items())
    console.print(
        f"{outcome.subjects} subjects ({classes}), {outcome.videos} videos, the same folds for all", highlight=False, markup=False
    )
    print_table(console, without_empty(arms_table(outcome)))
    for line in remarks(outcome):
        console.print(Text(printable(line)), soft_wrap=True)
    print_table(console, without_empty(contrasts_table(outcome)))
    for line in outcome.warnings:
        console.print(Text(line, style="yellow"), soft_wrap=True)
    for number, line in enumerate(sentences(outcome)):
        console.print(Text(line, style="bold" if outcome.contrasts[number].primary else ""), soft_wrap=True)


def print_table(console: Console, table: Table) -> None:
    """A table of text."""
    from rich import box
    from rich.table import Table as Drawn
    from rich.text import Text

    from vsslfw.printable import printable

    drawn = Drawn(box=box.SIMPLE_HEAD)
    for name in table[0]:
        drawn.add_column(name, overflow="fold")
    for row in table[1]:
        drawn.add_row(*(Text(printable(cell)) for cell in row))
    console.print(drawn)
