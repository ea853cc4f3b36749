"""Builds the components of a recipe to see whether they take their parameters and each other's shapes."""

from __future__ import annotations

import contextlib
import re
from typing import Any

from vsslfw.errors import UserError
from vsslfw.recipe.components import Used
from vsslfw.recipe.tree import Finding, KeyPath

STAND_IN = 512  # D where only the backbone itself could tell: then what is checked is that the parts can be built at all


def build_parts(used: dict[KeyPath, Used], classes: int) -> tuple[dict[KeyPath, Any], list[Finding]]:
    """Every component; of the backbone, which would load its weights, the `BackboneSpec`. Encoder and heads are built on torch's
    meta device: D goes from the backbone's spec into the encoder, E from the encoder into the heads, and no memory is needed."""
    parts: dict[KeyPath, Any] = {}
    findings: list[Finding] = []
    order = {"backbone": 0, "encoder": 1}
    for path, component in sorted(used.items(), key=lambda item: order.get(item[1].kind, 2)):
        feature_dim = getattr(parts.get(("backbone",)), "feature_dim", STAND_IN)
        arguments: tuple[int, ...] = ()
        if component.kind == "encoder":
            arguments = (feature_dim,)
        if component.kind == "head":
            hidden_dim = getattr(parts.get(("encoder",)), "hidden_dim", STAND_IN)
            arguments = (hidden_dim, classes if path[0] == "finetune" else feature_dim)
        try:
            if component.kind == "backbone":
                spec = component.cls.spec(**component.parameters)  # type: ignore[attr-defined]
                parts |= {path: spec} if spec else {}
                continue
            with _meta() if component.kind in ("encoder", "head") else contextlib.nullcontext():
                parts[path] = component.cls(*arguments, **component.parameters)
        except NotImplementedError:
            continue  # it cannot be built without memory: what does not fit shows when it is built for work
        except UserError as error:
            findings += [Finding(path, f"{problem.where}: {problem.what}".removeprefix(": "), problem.hint) for problem in error.problems]
        except Exception as error:
            findings.append(_refusal(component, error))
    return parts, findings


def _meta() -> contextlib.AbstractContextManager[Any]:
    import torch

    return torch.device("meta")


def _refusal(used: Used, error: Exception) -> Finding:
    """The parameters that the message names are the places to look at."""
    keys = dict.fromkeys(word for word in re.findall(r"\w+", str(error)) if word in used.parameters)
    paths = [(*used.path, key) for key in keys] or [used.path]
    kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
    return Finding(paths[0], f'{used.kind} "{used.name}" refuses this: {kind}{error}', also=tuple(paths[1:]))
