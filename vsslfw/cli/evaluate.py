"""``vsslfw evaluate``: external validation of a fitted model."""

from __future__ import annotations

from pathlib import Path

import click

from vsslfw.cli.options import plugin_option


@click.command("evaluate")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Manifest of the other site's videos, with their labels.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("evaluation"), show_default=True, help="Folder of the report.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Where a file lies that the model's recipe names.")
@click.option("--cache", type=click.Path(path_type=Path), help="What is shared with runs. Default: .vsslfw-cache beside --out.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
@click.option("--identify", is_flag=True, help="Write real subject and video ids into the results instead of pseudonyms.")
@plugin_option
def command(model: Path, data: Path, out: Path, overrides: tuple[str, ...], cache: Path | None, device: str, identify: bool) -> None:
    """Answer the labelled videos of another site with a fitted MODEL, and report as a run does.

    Nothing is trained and no threshold is chosen. A file that was in the model's training is refused.
    """
    from vsslfw.cli.console import RunConsole
    from vsslfw.cli.live import LiveProgress
    from vsslfw.errors import Problem, UserError
    from vsslfw.pipeline.external import evaluate_model
    from vsslfw.pipeline.model_folder import read_model
    from vsslfw.pipeline.progress import listening
    from vsslfw.report.terminal import print_summary

    if not data.is_file():
        what = "this is a folder; a manifest is expected" if data.is_dir() else "there is no such file"
        raise UserError(Problem(what, f"--data {data}", "a manifest is a CSV file, one video a row (docs/data.md)"))
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / "metrics.json").is_file())):
        raise UserError(Problem("is not empty, and holds no evaluation", f"--out {out}", "Choose a new folder"))
    console = RunConsole()
    known = read_model(model, overrides)
    with LiveProgress(console, quiet=True) as live, listening(live):
        cache = cache or out.absolute().parent / ".vsslfw-cache"
        result = evaluate_model(known, data, out=out, cache=cache, device=device, identify=identify)
    print_summary(console, result.report, result.folder)
