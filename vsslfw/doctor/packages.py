"""Installed packages: versions against what vsslfw asks for, and packages that cannot stand beside each other."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import Requirement

from vsslfw.doctor.findings import Finding

VERSIONS, CLASHES = "versions", "packages that clash"
SHARED_CV2 = ("opencv-python", "opencv-contrib-python", "opencv-python-headless", "opencv-contrib-python-headless")
"""All of them install into the folder cv2/: the last one wins, and removing one breaks the others."""
MMENGINE = "mmengine-lite"


def versions() -> Iterator[Finding]:
    """Python, vsslfw, and each of its requirements."""
    yield Finding(VERSIONS, f"Python {platform.python_version()} ({sys.executable})")
    yield Finding(VERSIONS, f"vsslfw {metadata.version('vsslfw')}")
    for text in metadata.requires("vsslfw") or []:
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        todo = f"pip install '{requirement.name}{requirement.specifier}'"
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            yield Finding(VERSIONS, f"{requirement.name} is not installed", "problem", todo)
            continue
        if requirement.specifier.contains(version, prereleases=True):
            yield Finding(VERSIONS, f"{requirement.name} {version}")
        else:
            yield Finding(VERSIONS, f"{requirement.name} {version}; {requirement.specifier} is needed", "problem", todo)


def clashes() -> Iterator[Finding]:
    """Two OpenCV wheels, forks of mmengine, the successor of albumentations."""
    installed = {(distribution.metadata["Name"] or "").lower().replace("_", "-") for distribution in metadata.distributions()}
    cv2 = [name for name in SHARED_CV2 if name in installed]
    if len(cv2) > 1:
        todo = f"pip uninstall -y {' '.join(cv2)} && pip install opencv-python-headless"
        yield Finding(CLASHES, f"{' and '.join(cv2)} are both installed, and both install into cv2/", "problem", todo)
    else:
        yield Finding(CLASHES, f"one OpenCV: {cv2[0] if cv2 else 'none'}")
    owners = sorted({name.lower() for name in metadata.packages_distributions().get("mmengine", [])})
    forks = [name for name in owners if name != MMENGINE]
    if forks:
        todo = f"pip uninstall -y {' '.join(owners)} && pip install {MMENGINE}"
        yield Finding(CLASHES, f"the package mmengine is provided by {', '.join(owners)}; {MMENGINE} alone is tested", "problem", todo)
    else:
        yield Finding(CLASHES, f"one mmengine: {', '.join(owners) or 'none'}")
    if "albumentationsx" in installed:
        what = "albumentationsx is installed: it is AGPL, sends telemetry, and shares its folder with albumentations"
        yield Finding(CLASHES, what, "problem", "pip uninstall -y albumentationsx albumentations && pip install albumentations==2.0.8")
