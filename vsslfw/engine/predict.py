"""Probabilities of a trained classifier."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray

from vsslfw.engine.models import Classifier
from vsslfw.engine.precision import Precision, evaluating
from vsslfw.errors import Problem, RunError
from vsslfw.types import Batch


def predict(model: Classifier, batches: Iterable[Batch], device: str = "cpu", precision: Precision = "float32") -> NDArray[np.float64]:
    """(N,K) probabilities of all rows of ``batches``, in their order, each row summing to 1.

    Raises RunError if a probability is not finite: no report is ever made from NaN.
    """
    rows = []
    with evaluating(model, device, precision):
        for batch in batches:
            batch = batch.to(device)
            rows.append(model(batch.features, batch.valid).double().softmax(-1).cpu())
    probabilities: NDArray[np.float64] = torch.cat(rows).numpy() if rows else np.empty((0, 0))
    if not np.isfinite(probabilities).all():
        wrong = int((~np.isfinite(probabilities)).any(1).sum())
        what = f"the classifier's answer is not finite for {wrong} of {len(probabilities)} windows"
        raise RunError(Problem(what, hint="Are all features finite?"))
    return probabilities
