"""Whether what is installed can be imported: a version says nothing of a binary that does not fit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module

from vsslfw.doctor import packages
from vsslfw.doctor.findings import Finding

GROUP = "imports"
MODULES = ("torch", "torchvision", "transformers", "mmengine", "cv2", "av", "sklearn", "safetensors")
BOTH_TORCHES = "pip install --force-reinstall torch torchvision (both from the same place: torchvision is built for one torch)"
SWITCH = "NO_ALBUMENTATIONS_UPDATE"


def imports() -> Iterator[Finding]:
    """Each library with a binary, and albumentations as vsslfw imports it: with its look for updates switched off."""
    fine = []
    for name in MODULES:
        trouble = _trouble(name)
        if trouble is None:
            continue  # not installed: `packages.versions` has said so
        if trouble:
            yield Finding(GROUP, f"{name} {trouble}", "problem", _todo(name))
        else:
            fine.append(name)
    if fine:
        yield Finding(GROUP, f"can be imported: {', '.join(fine)}")
    yield from _albumentations()


def _trouble(name: str) -> str | None:
    """What is wrong with a module, nothing if it is fine, none if it is not installed."""
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        return None if error.name == name else _refused(error)
    except Exception as error:  # a binary that does not fit raises whatever it likes
        return _refused(error)
    hollow = getattr(module, "__file__", None) is None or (name == "cv2" and not hasattr(module, "resize"))
    return "is an empty folder: another package that used it was removed" if hollow else ""


def _refused(error: Exception) -> str:
    return f"cannot be imported: {type(error).__name__}: {' '.join(str(error).split())}"


def _todo(name: str) -> str:
    if name in ("torch", "torchvision"):
        return BOTH_TORCHES
    if name == "cv2":
        return f"pip uninstall -y {' '.join(packages.opencvs() or [packages.HEADLESS])} && pip install {packages.HEADLESS}"
    distribution = {"mmengine": packages.MMENGINE, "sklearn": "scikit-learn"}.get(name, name)
    return f"pip install --force-reinstall {distribution}"


def _albumentations() -> Iterator[Finding]:
    from vsslfw.video.frames import compose

    try:
        compose([], seed=0)
    except Exception as error:
        if not (isinstance(error, ModuleNotFoundError) and error.name == "albumentations"):
            yield Finding(GROUP, f"albumentations {_refused(error)}", "problem", "pip install --force-reinstall albumentations==2.0.8")
        return
    if os.environ.get(SWITCH) == "1":
        yield Finding(GROUP, f"albumentations can be imported; its look for updates is switched off ({SWITCH}=1, set by vsslfw)")
    else:
        yield Finding(GROUP, "albumentations looks for updates on the network when imported", "problem", f"Set {SWITCH}=1 and report this")
