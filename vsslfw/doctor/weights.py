"""Which pre-trained weights are on this machine. Nothing is downloaded, so a file that is missing has to be brought."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from vsslfw.doctor.findings import Finding

GROUP = "weights"
DEMO = "vsslfw-efficientnet-lite"


def weights() -> Iterator[Finding]:
    """torchvision's ImageNet files of the ResNets, in torch hub's cache, and the demo's backbone."""
    import torch

    from vsslfw.builtin.resnet import DEPTHS, imagenet_file

    folder = Path(torch.hub.get_dir()) / "checkpoints"
    found = [imagenet_file(depth) for depth in DEPTHS]
    for depth, path in zip(DEPTHS, found, strict=True):
        if path.is_file():
            digest = path.stem.rpartition("-")[2]
            sound = _digest(path).startswith(digest)
            todo = "" if sound else f"Copy it again: its SHA-256 has to begin with {digest}"
            told = "" if sound else ", which is damaged"
            yield Finding(GROUP, f"resnet{depth}: {path.name}{told}", "ok" if sound else "problem", todo)
    if not found[DEPTHS.index(152)].is_file():
        todo = f"Put {found[-1].name} into {folder}, or name it: --set backbone.weights=FILE. The demo does not need it"
        yield Finding(GROUP, "the paper's ResNet-152 has no ImageNet weights here", "note", todo)
    try:
        yield Finding(GROUP, f"the demo's backbone: {DEMO} {metadata.version(DEMO)}, weights in its package")
    except metadata.PackageNotFoundError:
        yield Finding(GROUP, "the demo's backbone is not installed", "problem", f"pip install ./plugins/{DEMO}")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
