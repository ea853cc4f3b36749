"""``vsslfw export``: a fitted model for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from vsslfw.cli.options import plugin_option


@click.command("export")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder of what is written. Default: MODEL-export.")
@click.option("--onnx/--no-onnx", default=True, show_default=True, help="Export encoder and head to ONNX too.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Where a file lies that the model's recipe names.")
@plugin_option
def command(model: Path, out: Path | None, onnx: bool, overrides: tuple[str, ...]) -> None:
    """Export a fitted MODEL: weights (safetensors), recipe, a model card to be completed, and ONNX of encoder and head.

    The ONNX file is checked against PyTorch before it is kept: probabilities may differ by 1e-5.
    """
    from vsslfw.cli.console import RunConsole
    from vsslfw.pipeline.export import export_model
    from vsslfw.pipeline.model_folder import read_model

    console = RunConsole(highlight=False)
    folder = model.absolute()
    exported = export_model(read_model(model, overrides), out or folder.with_name(f"{folder.name}-export"), onnx=onnx)
    for path in exported.files:
        console.print(f"Written: {path}", markup=False, soft_wrap=True)
    if exported.difference is not None:
        console.print(f"ONNX and PyTorch differ by {exported.difference:.1e} at most, in probabilities.", markup=False)
