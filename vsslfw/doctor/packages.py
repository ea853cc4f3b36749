"""Installed packages: versions against what vsslfw asks for, and packages that cannot stand beside each other."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from vsslfw.doctor.findings import Finding

VERSIONS, CLASHES = "versions", "packages that clash"
SHARED_CV2 = ("opencv-python", "opencv-contrib-python", "opencv-python-headless", "opencv-contrib-python-headless")
"""All of them install into the folder cv2/: the last one wins, and removing one breaks the others."""
HEADLESS = "opencv-python-headless"
MMENGINE = "mmengine-lite"


def versions() -> Iterator[Finding]:
    """Python, vsslfw, and each of its requirements."""
    yield Finding(VERSIONS, f"Python {platform.python_version()} ({sys.executable})")
    yield Finding(VERSIONS, f"vsslfw {metadata.version('vsslfw')}")
    for text in metadata.requires("vsslfw") or []:
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            yield Finding(VERSIONS, f"{requirement.name} is not installed", "problem", mending(requirement))
            continue
        if requirement.specifier.contains(version, prereleases=True):
            yield Finding(VERSIONS, f"{requirement.name} {version}")
        else:
            yield Finding(VERSIONS, f"{requirement.name} {version}; {requirement.specifier} is needed", "problem", mending(requirement))


def mending(requirement: Requirement) -> str:
    """The command that installs it. Where another distribution holds its folder, that one has to go first."""
    install = f"pip install '{requirement.name}{requirement.specifier}'"
    holders = {HEADLESS: opencvs, MMENGINE: mmengines}.get(canonicalize_name(requirement.name))
    rivals = holders() if holders else []
    others = [name for name in rivals if name != requirement.name]
    return f"pip uninstall -y {' '.join(rivals)} && {install}" if others else install


def opencvs() -> list[str]:
    """The OpenCV wheels that are installed."""
    installed = _installed()
    return [name for name in SHARED_CV2 if name in installed]


def mmengines() -> list[str]:
    """The distributions that provide the package mmengine."""
    return sorted({canonicalize_name(name) for name in metadata.packages_distributions().get("mmengine", [])})


def clashes() -> Iterator[Finding]:
    """Two OpenCV wheels, forks of mmengine, the successor of albumentations."""
    cv2 = opencvs()
    if len(cv2) > 1:
        todo = f"pip uninstall -y {' '.join(cv2)} && pip install {HEADLESS}"
        yield Finding(CLASHES, f"{' and '.join(cv2)} are installed together, and all install into cv2/", "problem", todo)
    else:
        yield Finding(CLASHES, f"one OpenCV: {cv2[0] if cv2 else 'none'}")
    owners = mmengines()
    if any(name != MMENGINE for name in owners):
        todo = f"pip uninstall -y {' '.join(owners)} && pip install {MMENGINE}"
        yield Finding(CLASHES, f"the package mmengine is provided by {', '.join(owners)}; {MMENGINE} alone is tested", "problem", todo)
    else:
        yield Finding(CLASHES, f"one mmengine: {', '.join(owners) or 'none'}")
    if "albumentationsx" in _installed():
        what = "albumentationsx is installed: it is AGPL, sends telemetry, and shares its folder with albumentations"
        yield Finding(CLASHES, what, "problem", "pip uninstall -y albumentationsx albumentations && pip install albumentations==2.0.8")


def _installed() -> set[str]:
    return {canonicalize_name(distribution.metadata["Name"] or "") for distribution in metadata.distributions()}
