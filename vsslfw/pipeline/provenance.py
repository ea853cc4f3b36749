"""Where a result comes from: components with distribution and version, the recipe, the machine's software."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any

from vsslfw.data.manifest import Manifest
from vsslfw.pipeline.keys import content_of
from vsslfw.plugins import Plugin
from vsslfw.recipe import Recipe

LIBRARIES = (
    "vsslfw",
    "torch",
    "torchvision",
    "transformers",
    "mmengine-lite",
    "av",
    "albumentations",
    "scikit-learn",
    "numpy",
    "safetensors",
)


def components_of(recipe: Recipe) -> list[dict[str, str]]:
    """Provenance of every component that the recipe names."""
    settings = recipe.settings
    named = [
        ("dataset", settings.data),
        ("detector", settings.pretrain.region),
        ("detector", settings.finetune.region),
        ("backbone", settings.backbone),
        *[("corruption", config) for config in settings.corruption],
        ("encoder", settings.encoder),
        ("head", settings.pretrain.head),
        ("head", settings.finetune.head),
        ("validation", settings.validation),
        ("executor", settings.executor),
    ]
    found = [recipe.registries.find(kind, config["type"]).provenance() for kind, config in named]
    return [component for number, component in enumerate(found) if component not in found[:number]]


def provenance_of(recipe: Recipe, *, synthetic: bool) -> dict[str, Any]:
    """What checkpoints, weights, feature files and runs record."""
    return {
        "data": "synthetic" if synthetic else "recorded",
        "recipe": {"name": recipe.settings.name, "profile": recipe.profile, "digest": recipe.digest},
        "components": components_of(recipe),
        "vsslfw": metadata.version("vsslfw"),
    }


def inputs_of(recipe: Recipe, manifest: Manifest) -> dict[str, str]:
    """Digests of what a recipe names only by where it lies: the manifest, files of weights, boxes."""
    files = {key: content_of(path) for key, path in recipe.paths().items() if not key.startswith("data.")}
    return {"manifest": manifest.digest, **files}


def environment(recipe: Recipe, device: str) -> dict[str, Any]:
    """Versions of what the result may depend on; no host name and no user name."""
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "device": device,
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
        "components": components_of(recipe),
        "plugins": [_recorded(plugin) for plugin in recipe.plugins.found],
    }


def _recorded(plugin: Plugin) -> dict[str, Any]:
    """What a run records of a plugin: no path of this machine, and no words of an error that may hold one."""
    known = plugin.without_paths()
    return {
        "name": known.name,
        "distribution": known.distribution,
        "version": known.version,
        "api": known.api,
        "state": known.state,
        **({"error": known.error} if known.error else {}),
        **({"digest": known.digest} if known.digest else {}),
    }
