"""Training, prediction and weights. mmengine runs the loop, and everything that copes with mmengine lives here."""

from __future__ import annotations

from vsslfw.engine.checkpoints import CHECKPOINT, read_checkpoint
from vsslfw.engine.health import check_not_collapsed, check_tells_apart
from vsslfw.engine.models import Classifier, PretextModel
from vsslfw.engine.options import Training
from vsslfw.engine.predict import predict
from vsslfw.engine.pretext import evaluate_pretext
from vsslfw.engine.samples import Samples, collate
from vsslfw.engine.training import fit
from vsslfw.engine.weights import load_weights, read_provenance, save_weights

__all__ = [
    "CHECKPOINT",
    "Classifier",
    "PretextModel",
    "Samples",
    "Training",
    "check_not_collapsed",
    "check_tells_apart",
    "collate",
    "evaluate_pretext",
    "fit",
    "load_weights",
    "predict",
    "read_checkpoint",
    "read_provenance",
    "save_weights",
]
