"""``vsslfw predict``: the answers of a fitted model for new videos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsslfw.cli.options import plugin_option

if TYPE_CHECKING:
    from vsslfw.pipeline.model_folder import Model
    from vsslfw.pipeline.prediction import Answer
    from vsslfw.report.answers import AnswerLine, AnswersData


@click.command("predict")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("videos", nargs=-1, required=True, metavar="VIDEO...", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), default=Path("predictions"), show_default=True, help="Folder of what is written.")
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Abstain where the probability of the answer is lower.",
)
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Where a file lies that the model's recipe names.")
@click.option("--cache", type=click.Path(path_type=Path), help="What is shared with runs. Default: .vsslfw-cache beside --out.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
@plugin_option
def command(
    model: Path,
    videos: tuple[Path, ...],
    out: Path,
    min_confidence: float,
    overrides: tuple[str, ...],
    cache: Path | None,
    device: str,
) -> int:
    """Answer each VIDEO with a fitted MODEL, along the same path as in training.

    Writes predictions.json, predictions.csv and predictions.html (a timeline for each video), and says where a video is unlike the
    training data. A file's own name is the name of its video. Exit code 1 if no video could be read.
    """
    from rich.table import Table
    from rich.text import Text

    from vsslfw.cli.console import table_console
    from vsslfw.cli.live import LiveProgress
    from vsslfw.pipeline.model_folder import read_model
    from vsslfw.pipeline.prediction import predict_videos
    from vsslfw.pipeline.progress import listening
    from vsslfw.printable import printable
    from vsslfw.report.answers import INTENDED, write_answers

    console = table_console()
    known = read_model(model, overrides)
    with LiveProgress(console, quiet=True) as live, listening(live):
        answers = predict_videos(
            known, videos, cache=cache or out.absolute().parent / ".vsslfw-cache", device=device, min_confidence=min_confidence
        )
    data = _data(known, answers, min_confidence)
    written = write_answers(out, data)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("video", "answer", *(f"p({name})" for name in known.classes), "length"):
        table.add_column(printable(name))
    for line in data.lines:
        shares = [f"{line.probabilities[name]:.3f}" if line.probabilities else "–" for name in known.classes]
        length = f"{line.seconds:.1f} s" if line.probabilities else "–"
        table.add_row(Text(printable(line.video)), Text(line.answer, style="bold"), *shares, length)
    console.print(table)
    for line in data.lines:
        for text in [*line.unlike, *([line.error] if line.error else [])]:
            kind = "cannot be read" if line.error else "unlike the training data"
            console.print(Text(f"{printable(line.video)}: {kind}: {printable(text)}", style="yellow"))
    said = f"It abstains below {min_confidence:.3f}." if min_confidence else "No abstention was asked for (--min-confidence)."
    console.print(Text(f"{INTENDED} {said}", style="dim"))
    for path in written:
        console.print(Text(f"Written: {printable(str(path))}"), soft_wrap=True)
    return 0 if any(line.probabilities for line in data.lines) else 1


def _data(model: Model, answers: list[Answer], min_confidence: float) -> AnswersData:
    from vsslfw.pipeline.export import summary_of
    from vsslfw.report.answers import AnswersData

    return AnswersData(
        model=str(model.record["name"]),
        digest=model.recipe.digest,
        data=str(model.record["data"]),
        classes=model.classes,
        positive=model.positive,
        threshold=model.threshold,
        min_confidence=min_confidence,
        trained_on=summary_of(model.record),
        lines=[_line(model, answer) for answer in answers],
    )


def _line(model: Model, a: Answer) -> AnswerLine:
    from vsslfw.report.answers import AnswerLine
    from vsslfw.report.timeline import timeline

    said = "cannot be read" if a.error else a.answer or "abstains"
    drawn = None
    if not a.error:
        drawn = timeline(
            video=a.video,
            subject=a.video,
            truth=None,
            answer=said,
            positive=model.positive,
            probability=a.probabilities[model.positive],
            seconds=a.seconds,
            windows=[(start, end, shares[model.positive]) for start, end, shares in a.windows],
            occlusion=[(start, end, shares[model.positive]) for start, end, shares in a.occlusion],
            threshold=model.threshold,
        )
    windows, occlusion = (
        [{"start_s": start, "end_s": end, "probabilities": shares} for start, end, shares in moments]
        for moments in (a.windows, a.occlusion)
    )
    return AnswerLine(a.video, said, a.probabilities, a.confidence, a.seconds, a.unlike, a.error, windows, occlusion, drawn, a.note)
