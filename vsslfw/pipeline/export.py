"""Export of a fitted model: weights, recipe, model card, and ONNX of encoder and head, checked against PyTorch."""

from __future__ import annotations

import shutil
import warnings
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vsslfw.atomic import replacing, write_text
from vsslfw.engine import Classifier
from vsslfw.errors import Problem, RunError, UserError
from vsslfw.pipeline.model_folder import RECIPE, Model
from vsslfw.report.html import card
from vsslfw.seeds import Stream

TOLERANCE = 1e-5
OPSET = 18
CARD = "MODEL_CARD.md"


@dataclass(frozen=True)
class Exported:
    """What was written, and by how much ONNX and PyTorch differ at most (none without ONNX)."""

    files: list[Path]
    difference: float | None


def export_model(model: Model, out: Path, *, onnx: bool = True) -> Exported:
    """Write weights, recipe, model card and (unless ``onnx`` is False) an ONNX file for each classifier.

    UserError if onnx and onnxruntime are not installed; RunError if the exported probabilities differ from PyTorch's by more than
    `TOLERANCE`, or the encoder cannot be exported.
    """
    if onnx:
        _require_onnx()
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for path in [*model.weights(), model.folder / RECIPE]:
        with replacing(out / path.name) as part:
            shutil.copyfile(path, part)
        files.append(out / path.name)
    difference = None
    if onnx:
        differences = []
        for path, classifier in zip(model.weights(), model.classifiers("cpu"), strict=True):
            target = out / path.with_suffix(".onnx").name
            differences.append(_to_onnx(model, classifier, target))
            files.append(target)
        difference = max(differences)
    write_text(out / CARD, card("model_card.md.j2", model=model.record, recipe=model.recipe, difference=difference, files=files))
    return Exported([*files, out / CARD], difference)


class _Answering(nn.Module):
    """Probabilities (B, K) of features (B, T, D) with valid (B, T)."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        probabilities: Tensor = self.classifier(features, valid).softmax(-1)
        return probabilities


def _to_onnx(model: Model, classifier: Classifier, target: Path) -> float:
    positions, dim = model.recipe.settings.positions, int(model.record["feature_dim"])
    answering = _Answering(classifier).eval()
    features, valid = _example(2, positions, dim)
    with replacing(target) as part, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            torch.onnx.export(
                answering,
                (features, valid),
                str(part),
                input_names=["features", "valid"],
                output_names=["probabilities"],
                dynamic_axes={name: {0: "batch"} for name in ("features", "valid", "probabilities")},
                opset_version=OPSET,
                dynamo=False,
            )
        except Exception as error:
            what = f"the encoder cannot be exported to ONNX ({type(error).__name__}: {error})"
            raise RunError(Problem(what, hint="vsslfw export --no-onnx leaves it out")) from error
        difference = _difference(part, answering, positions, dim)
    if not difference <= TOLERANCE:
        target.unlink()
        raise RunError(
            Problem(f"the exported model differs from PyTorch by {difference:.2g}; at most {TOLERANCE:g} is allowed", target.name)
        )
    return difference


def _difference(path: Path, answering: nn.Module, positions: int, dim: int) -> float:
    """The largest difference in a probability, in batches of one and of three, some of them mostly PAD."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    most = 0.0
    for rows in (1, 3):
        features, valid = _example(rows, positions, dim)
        with torch.inference_mode():
            ours = answering(features, valid).numpy()
        (theirs,) = session.run(None, {"features": features.numpy(), "valid": valid.numpy()})
        most = max(most, float(np.abs(ours - theirs).max()))
    return most


def _example(rows: int, positions: int, dim: int) -> tuple[Tensor, Tensor]:
    generator = Stream(0, "export", rows).generator()
    features = torch.from_numpy(generator.normal(size=(rows, positions, dim)).astype(np.float32))
    lengths = torch.tensor([max(1, positions - k * positions // 3) for k in range(rows)])
    return features, torch.arange(positions)[None] < lengths[:, None]


def _require_onnx() -> None:
    missing = [name for name in ("onnx", "onnxruntime") if not _installed(name)]
    if missing:
        hint = "pip install 'vsslfw[onnx]', or leave ONNX out with --no-onnx"
        raise UserError(Problem(f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed", "vsslfw export", hint))


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def summary_of(record: dict[str, Any]) -> str:
    """On what a model was fitted, in a sentence."""
    training = record["training"]
    videos = ", ".join(f"{number} {name}" for name, number in sorted(training["videos_by_class"].items()))
    return f"fitted on {training['subjects']} subjects ({videos} videos), {training['clips']} pre-training clips"
