"""The checkpoint of a fit that is under way: plain types and tensors, written atomically, checked before it is used."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from vsslfw.atomic import replacing
from vsslfw.digest import canonical_json, digest_of
from vsslfw.errors import Problem, RunError, UserError
from vsslfw.provenance import tell_changes

CHECKPOINT = "checkpoint.pth"
"""The one checkpoint of a fit's folder: the last."""


def configuration_of(model: nn.Module, **parts: Any) -> dict[str, Any]:
    """What a checkpoint belongs to, as plain data: ``parts``, and a digest of the names and shapes of ``model``'s state."""
    shapes = {name: list(tensor.shape) for name, tensor in model.state_dict().items()}
    plain: dict[str, Any] = json.loads(canonical_json({**parts, "model": digest_of(shapes)}))
    return plain


def write_checkpoint(path: Path, checkpoint: dict[str, Any]) -> None:
    """Written beside, synced and renamed: a kill leaves the last checkpoint or this one, never a half."""
    with replacing(path) as part:
        torch.save(checkpoint, part)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read without unpickling anything but plain types and tensors. Raises RunError if the file is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()  # torch writes check sums and never looks at them
        if damaged is not None:
            raise zipfile.BadZipFile(f"bad check sum of {damaged}")
        checkpoint: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        if "vsslfw" not in checkpoint:
            raise ValueError("another program wrote it")
    except (OSError, RuntimeError, EOFError, ValueError, TypeError, zipfile.BadZipFile, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        hint = "Delete this file to train the stage from its beginning."
        raise RunError(Problem(f"the checkpoint cannot be read: {reason}", str(path), hint)) from error
    return checkpoint


def resumable(path: Path, configuration: dict[str, Any]) -> dict[str, Any] | None:
    """The checkpoint to go on from, if there is one. Raises UserError, with all that differs, if it has another configuration."""
    if not path.exists():
        return None
    checkpoint = read_checkpoint(path)
    found = dict(_flat(checkpoint["vsslfw"]["configuration"]))
    wanted = dict(_flat(configuration))
    # Provenance is recorded, not compared: a release that changes no cache_version must not lose a week's training.
    keys = [key for key in sorted(found | wanted) if found.get(key) != wanted.get(key) and not key.startswith("provenance")]
    tell_changes(
        "the checkpoint to go on from",
        checkpoint["vsslfw"]["configuration"].get("provenance", {}).get("components", ()),
        configuration.get("provenance", {}).get("components", ()),
    )
    problems = [Problem(f"{key} was {_said(found, key)} and is now {_said(wanted, key)}", str(path)) for key in keys]
    if problems:
        hint = "Choose another output folder, or delete the checkpoint to train the stage from its beginning."
        raise UserError(*problems, Problem(hint), title="The checkpoint was made with another configuration.")
    return checkpoint


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from _flat(below, f"{prefix}.{key}" if prefix else key)
    else:
        yield prefix, value


def _said(flat: dict[str, Any], key: str) -> str:
    return repr(flat[key]) if key in flat else "absent"
