"""``vsslfw demo-data``: a set of made EMU video with known truth, of any size."""

from __future__ import annotations

import math
from pathlib import Path

import click

RECORDING_S = 600.0
"""The longest contextual recording; more hours make more recordings."""


@click.command("demo-data")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--subjects", type=int, default=8, show_default=True, help="How many, from 2; every other one has ES.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed makes other people.")
@click.option("--level", default="easy", show_default=True, help="What tells the classes apart: easy, rhythm or order.")
@click.option("--seizures", type=int, default=6, show_default=True, help="Labelled videos of each subject.")
@click.option("--hours", type=click.FloatRange(min=0), help="Of contextual video, over all subjects. Default: 64 s a subject.")
@click.option("--fps", type=float, default=25.0, show_default=True, help="Frames per second.")
@click.option("--size", default="240x320", show_default=True, metavar="HxW", help="Height and width of the picture in pixels.")
def command(out: Path, subjects: int, seed: int, level: str, seizures: int, hours: float | None, fps: float, size: str) -> None:
    """Write made EMU video into the folder OUT: videos.csv, the videos, and the truth beside them.

    The same options give the same bytes with the same codec build. What is in OUT already is never overwritten.
    """
    from rich.console import Console
    from rich.progress import Progress

    from vsslfw.builtin.synthetic_emu import SyntheticEMU

    if hours is not None and not math.isfinite(hours):
        raise click.BadParameter(f"{hours} is no number of hours; 1.5 is one", param_hint="--hours")
    recordings, seconds = (2, 32.0) if hours is None else _recordings(hours, subjects)
    dataset = SyntheticEMU(
        subjects=subjects,
        seed=seed,
        level=level,
        seizures_per_subject=seizures,
        contextual_per_subject=recordings,
        contextual_s=seconds,
        fps=fps,
        size=_size(size),
    )
    console = Console()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("making video", total=dataset.videos)
        manifest = dataset.write(out, lambda done, of: progress.update(task, completed=done, total=of))
    data = f"'{manifest}'" if " " in str(manifest) else str(manifest)
    for line in (
        f"{dataset.videos} videos of {subjects} subjects, level {level}: {manifest}",
        "Made video, no patient: the truth (boxes.csv, truth.csv, angles/) lies beside it.",
        f"Next: vsslfw run seizure_bart --profile demo --data {data}",
    ):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _recordings(hours: float, subjects: int) -> tuple[int, float]:
    """How many contextual recordings a subject has, and their seconds."""
    each = hours * 3600 / max(subjects, 1)
    count = math.ceil(each / RECORDING_S)
    return count, max(each / count, 1.0) if count else 1.0


def _size(text: str) -> tuple[int, int]:
    height, by, width = text.lower().partition("x")
    if not (by and height.isdigit() and width.isdigit()):
        raise click.BadParameter(f'"{text}" is no size; height x width in pixels is expected, 240x320', param_hint="--size")
    return int(height), int(width)
