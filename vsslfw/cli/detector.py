"""``vsslfw detector``: find the patient in the picture: train on own boxes, find boxes in videos, look at them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.table import Table

    from vsslfw.detection.scores import Score

Command = TypeVar("Command", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)


def _data_option(command: Command) -> Command:
    return click.option("--data", type=PATH, required=True, help="Manifest of the videos (videos.csv).")(command)


@click.group("detector")
def command() -> None:
    """Find the patient in the picture: train on own boxes, find boxes in videos, and look at them."""


@command.command("train", short_help="Train a detector on labelled boxes, and test it on subjects that it has not seen.")
@click.argument("boxes", type=PATH)
@_data_option
@click.option("-o", "--out", type=PATH, default=Path("patient.safetensors"), show_default=True, help="The detector's file.")
@click.option("--arch", default="ssdlite", show_default=True, help="ssdlite (192 x 256 pixels) or ssd300.")
@click.option("--backbone", default="efficientnet_lite0", show_default=True, help="The ImageNet network below the heads.")
@click.option("--backbone-weights", "weights", default="imagenet", show_default=True, help='"imagenet", a file, or "none".')
@click.option("--epochs", type=click.IntRange(min=1), default=12, show_default=True, help="Passes over the pictures.")
@click.option("--frames", type=click.IntRange(min=1), default=24, show_default=True, help="Labelled pictures of each video, at most.")
@click.option(
    "--lr", type=click.FloatRange(min=0, min_open=True), default=1e-3, show_default=True, help="Of the heads; a fifth below them."
)
@click.option("--size", metavar="HxW", help="What the network looks at, in pixels. Default: the architecture's own.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the split and of everything that is drawn.")
@click.option("--test-subjects", metavar="ID,ID", default="", help="Subjects to test on. Default: a quarter of them, drawn.")
@click.option("--exclude-subjects", metavar="ID,ID", default="", help="Subjects that are used for nothing.")
@click.option("--per-subject", is_flag=True, help="Cross-fit: each subject is left out of the detector that finds them.")
@click.option("--folds", type=int, help="With --per-subject: so many groups of subjects, not one a subject.")
@click.option("--identify", is_flag=True, help="Name subjects by their ids in the table, not by pseudonyms.")
def train(
    boxes: Path,
    data: Path,
    out: Path,
    arch: str,
    backbone: str,
    weights: str,
    epochs: int,
    frames: int,
    lr: float,
    size: str | None,
    seed: int,
    test_subjects: str,
    exclude_subjects: str,
    per_subject: bool,
    folds: int | None,
    identify: bool,
) -> None:
    """Train a detector on the patient's BOXES (video_id, time_s, x1, y1, x2, y2), and test it on subjects that it has not seen.

    A row with four empty corners says that nobody is there. The same seed gives the same file on the same processor.
    """
    from vsslfw.cli.console import table_console
    from vsslfw.data.manifest import read_manifest
    from vsslfw.detection.labels import read_boxes
    from vsslfw.detection.making import Order, make_detector
    from vsslfw.detection.training import Plan

    order = Order(
        arch=arch,
        backbone=backbone,
        weights=None if weights == "none" else weights,
        plan=Plan(epochs=epochs, lr=lr, seed=seed),
        frames_per_video=frames,
        test_subjects=_ids(test_subjects),
        exclude_subjects=_ids(exclude_subjects),
        per_subject=per_subject,
        folds=folds,
        size=_size(size),
        identify=identify,
    )
    console = table_console()
    manifest, labels = read_manifest(data, to_split=False), read_boxes(boxes)
    with _Live() as live:
        made = make_detector(manifest, labels, order, out, live.told())
    console.print(_table(made.scores))
    named = "" if identify else " Subjects are pseudonyms (--identify: ids)."
    console.print(f"A miss counts as an IoU of 0.{named} Each subject was found by a detector that had not seen them.")
    console.print(f"Written: {made.path} ({len(made.folds)} network{'s' if len(made.folds) > 1 else ''})", markup=False, soft_wrap=True)
    console.print(f"Next:    vsslfw detector find {made.path} --data {data} -o found.csv", markup=False, soft_wrap=True)


@command.command("find", short_help="Find the patient in videos, and write boxes with scores.")
@click.argument("detector", type=PATH)
@_data_option
@click.option(
    "-o", "--out", type=PATH, default=Path("found.csv"), show_default=True, help="The boxes, for boxes_csv; readable by you alone."
)
@click.option("--every", "every_s", type=click.FloatRange(min=0.04), default=0.5, show_default=True, help="Seconds between pictures.")
@click.option("--smooth", "smooth_s", type=click.FloatRange(min=0), default=0.3, show_default=True, help="Seconds to smooth over; 0: none.")
@click.option("--min-score", type=click.FloatRange(0, 1), default=0.3, show_default=True, help="Below it nobody is found.")
@click.option("--overwrite", is_flag=True, help="Replace a file of boxes that is there already.")
def find(detector: Path, data: Path, out: Path, every_s: float, smooth_s: float, min_score: float, overwrite: bool) -> None:
    """Find the patient in every video of a manifest with a DETECTOR's file. A time at which nobody is found has a row without corners.

    Of a cross-fitted file each video gets the network that has not seen its subject.
    """
    from vsslfw.cli.console import table_console
    from vsslfw.data.manifest import read_manifest
    from vsslfw.detection.choose import Rule
    from vsslfw.detection.find import Watching
    from vsslfw.detection.finding import find_all
    from vsslfw.detection.labels import write_boxes
    from vsslfw.detection.output import wrong_output
    from vsslfw.errors import UserError

    if wrong := list(wrong_output(out, replaces=overwrite, hint="choose another name, or give --overwrite")):
        raise UserError(*wrong)
    console = table_console()
    manifest = read_manifest(data, to_split=False)
    watching = Watching(every_s, smooth_s, Rule(min_score=min_score))
    with _Live() as live:
        found = find_all(detector, manifest, watching, live.told().read)
    write_boxes(out, found.tracks, private=True)
    for line in found.lines():
        console.print(line, markup=False, soft_wrap=True)
    console.print(f"Written: {out}", markup=False, soft_wrap=True)
    console.print(f"Next:    vsslfw detector review {out} --data {data} -o {out.with_suffix('.html')}", markup=False, soft_wrap=True)


@command.command("review", short_help="Show boxes on pictures of the videos, the worst first.")
@click.argument("boxes", type=PATH)
@_data_option
@click.option("-o", "--out", type=PATH, default=Path("boxes.html"), show_default=True, help="The page; readable by you alone.")
@click.option("--videos", "most", type=click.IntRange(min=1), default=200, show_default=True, help="Videos on it, at most.")
def review(boxes: Path, data: Path, out: Path, most: int) -> None:
    """Show BOXES on small pictures of the videos, the worst videos first: nobody found, low scores, jumps.

    The page shows patients: it is readable by you alone, and must be kept like the videos.
    """
    from vsslfw.cli.console import table_console
    from vsslfw.data.manifest import read_manifest
    from vsslfw.detection.labels import read_boxes
    from vsslfw.detection.output import wrong_output
    from vsslfw.detection.review import is_review, write_review
    from vsslfw.errors import UserError

    if wrong := list(wrong_output(out, replaces=is_review(out), hint="it is no page of boxes: choose another name")):
        raise UserError(*wrong)
    with _Live() as live:
        shown = write_review(out, read_manifest(data, to_split=False), read_boxes(boxes), most=most, told=live.told().read)
    console = table_console()
    console.print(f"Written: {out}, {shown} videos, the worst first", markup=False, soft_wrap=True)
    console.print("It shows patients: keep it like the videos.", markup=False)


class _Live:
    """A progress bar while pictures are read, and one while a network is trained; where there is no terminal, a line a network."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        columns = (
            "{task.description}",
            BarColumn(),
            TextColumn("{task.completed}/{task.total} {task.fields[note]}"),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("starting", total=None, note="")

    def __enter__(self) -> _Live:
        self._bar.start()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._bar.stop()
        if isinstance(error, KeyboardInterrupt):
            error.add_note("nothing is kept: give the command again")

    def told(self) -> Any:
        """What `vsslfw.detection.making.Told` asks for."""
        from vsslfw.detection.making import Told

        def read(done: int, of: int) -> None:
            self._bar.update(self._task, description="videos", completed=done, total=of, note="")

        def fold(number: int, of: int, fold: Any) -> None:
            if self._bar.disable:
                click.echo(f"training network {number + 1} of {of}, on {len(fold.train)} subjects", err=True)
            self._bar.update(self._task, description=f"training {number + 1} of {of}", completed=0, total=None)

        def step(progress: Any) -> None:
            note = f"score {progress.score_loss:.3f}, box {progress.box_loss:.3f}"
            self._bar.update(self._task, completed=progress.step, total=progress.steps, note=note)

        return Told(read, fold, step)


def _table(scores: list[Score]) -> Table:
    from rich.table import Table

    table = Table(title="Test subjects")
    for name in ("subject", "pictures", "mean IoU", "AP50", "missed", "invented"):
        table.add_column(name, justify="left" if name == "subject" else "right")
    for row in scores:
        figures = ((row.mean_iou, ".3f"), (row.ap50, ".3f"), (row.missed, ".1%"), (row.invented, ".1%"))
        cells = ("-" if value is None else format(value, form) for value, form in figures)
        table.add_row(row.name, str(row.pictures), *cells, end_section=row is scores[-2] if len(scores) > 1 else False)
    return table


def _ids(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    height, by, width = text.lower().partition("x")
    if not (by and height.isdigit() and width.isdigit()):
        raise click.BadParameter(f'"{text}" is no size; height x width in pixels is expected, 192x256', param_hint="--size")
    return int(height), int(width)
