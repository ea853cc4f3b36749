"""Are two results the same? In words, if they are not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vsslfw.plan import CorruptionPlan

EXACT = 0.0
SAME = 1e-5
"""Share of the largest number by which results of the same arithmetic may differ: kernels may sum in another order."""
CLOSE = 1e-3
"""The same for batches of another shape, for which libraries choose other kernels."""


def difference(one: Any, two: Any, tolerance: float = SAME, name: str = "the result") -> str:
    """Nothing if they are the same, else how they differ. NaN equals NaN; integers and booleans are compared exactly."""
    if isinstance(one, CorruptionPlan) and isinstance(two, CorruptionPlan):
        one, two = {"source": one.source, "target": one.target}, {"source": two.source, "target": two.target}
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        if one.keys() != two.keys():
            return f"{name} has {sorted(map(str, one))} once and {sorted(map(str, two))} the other time"
        return _first(difference(one[key], two[key], tolerance, str(key)) for key in one)
    if _is_array(one) and _is_array(two):
        return _of_arrays(_array(one), _array(two), tolerance, name)
    if isinstance(one, list | tuple) and isinstance(two, list | tuple):
        if len(one) != len(two):
            return f"{name} has {len(one)} parts once and {len(two)} the other time"
        return _first(difference(a, b, tolerance, f"{name}[{i}]") for i, (a, b) in enumerate(zip(one, two, strict=True)))
    if isinstance(one, float) and isinstance(two, float):
        return _of_arrays(np.array(one), np.array(two), tolerance, name)
    return "" if type(one) is type(two) and one == two else f"{name} is {shown(one)} once and {shown(two)} the other time"


def shown(value: Any) -> str:
    """A value in few words: an array by its shape and dtype."""
    if isinstance(value, Tensor):
        return f"a {tuple(value.shape)} tensor of {str(value.dtype).removeprefix('torch.')}"
    if isinstance(value, np.ndarray):
        return f"a {value.shape} array of {value.dtype}"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _first(differences: Any) -> str:
    return next((said for said in differences if said), "")


def _is_array(value: Any) -> bool:
    return isinstance(value, Tensor | np.ndarray | np.generic)


def _array(value: Any) -> np.ndarray[Any, Any]:
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        value = (value.float() if value.dtype == torch.bfloat16 else value).numpy()
    array: np.ndarray[Any, Any] = np.asarray(value)
    return array


def _of_arrays(one: np.ndarray[Any, Any], two: np.ndarray[Any, Any], tolerance: float, name: str) -> str:
    if one.shape != two.shape or one.dtype != two.dtype:
        return f"{name} is {shown(one)} once and {shown(two)} the other time"
    if not np.issubdtype(one.dtype, np.floating):
        different = one != two
        return f"{name} differs at {int(np.sum(different))} of {one.size} places" if np.any(different) else ""
    both = np.isfinite(one) & np.isfinite(two)
    same = both | (np.isnan(one) & np.isnan(two)) | (one == two)
    if not same.all():
        return f"{name} is not finite at {int((~same).sum())} of {one.size} places, in one of the two"
    a, b = np.where(both, one, 0).astype(np.float64), np.where(both, two, 0).astype(np.float64)
    largest, apart = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0)), np.abs(a - b)
    if apart.max(initial=0) <= tolerance * largest:
        return ""
    where = f"at {int(np.sum(apart > tolerance * largest))} of {one.size} numbers"
    return f"{name} differs {where}, by up to {apart.max():.3g} (the largest is {largest:.3g})"
