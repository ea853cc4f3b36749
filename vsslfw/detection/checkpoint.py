"""A detector on disk: safetensors, with a JSON header that says what it is and who trained it. Subjects are digests in it."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from vsslfw.atomic import replacing
from vsslfw.detection.model import Architecture, PatientSSD
from vsslfw.digest import digest_of
from vsslfw.errors import Problem, UserError
from vsslfw.weights import load_into

FORMAT = 1
KIND = "vsslfw detector"
DIGITS = 16
MAKE_ONE = "make one: vsslfw detector train boxes.csv --data videos.csv"


def subject_digest(subject_id: str, salt: str) -> str:
    """What stands for a subject: salted by the data set, so that two of them cannot be compared. A pseudonym, for whoever can guess ids."""
    return hashlib.sha256(f"vsslfw detector/{salt}/{subject_id}".encode()).hexdigest()[:DIGITS]


@dataclass(frozen=True)
class Member:
    """One network of a file, and who trained it and who did not, as digests."""

    architecture: Architecture
    train: frozenset[str]
    test: frozenset[str]
    state: dict[str, Tensor]
    digest: str

    def build(self) -> PatientSSD:
        """The network, in eval mode. Its trunk's own weights are in ``state``."""
        model = PatientSSD(self.architecture)
        load_into(model, self.state, path=Path("the detector's file"), what=f"a {self.architecture.arch}", where="region.weights")
        return model.to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload, no-any-return]


@dataclass(frozen=True)
class DetectorFile:
    """What a file holds: one network, or one for each group of subjects (cross-fitting)."""

    header: dict[str, Any]
    members: tuple[Member, ...]

    def subject(self, subject_id: str) -> str:
        """The digest that stands for a subject in this file."""
        return subject_digest(subject_id, self.header["salt"])

    def member_for(self, subject_id: str | None) -> tuple[Member, bool]:
        """The first network that was not trained on this subject, or the first of all; and whether it was trained on them.

        Without a subject: the first, and False.
        """
        name = None if subject_id is None else self.subject(subject_id)
        for member in self.members:
            if name not in member.train:
                return member, False
        return self.members[0], True


def write_detector(
    path: Path, members: Sequence[tuple[PatientSSD, Iterable[str], Iterable[str]]], *, salt: str, made: Mapping[str, Any]
) -> None:
    """Write networks with the ids of their training and test subjects. The same networks and ids give the same bytes."""
    tensors: dict[str, Tensor] = {}
    described = []
    for number, (model, train, test) in enumerate(members):
        tensors |= {f"{number}/{name}": tensor.contiguous().clone() for name, tensor in model.state_dict().items()}
        names = [sorted(subject_digest(subject, salt) for subject in subjects) for subjects in (train, test)]
        described.append({**model.architecture.as_dict(), "train": names[0], "test": names[1]})
    header = {
        "format": FORMAT,
        "kind": KIND,
        "salt": salt,
        "members": described,
        "made": {"vsslfw": version("vsslfw"), "torch": torch.__version__, "machine": platform.machine(), **made},
    }
    with replacing(path) as part:
        part.write_bytes(save(tensors, metadata={"vsslfw": json.dumps(header, sort_keys=True)}))


def is_detector(path: Path) -> bool:
    """Whether a file says that it is a detector, of whatever format."""
    try:
        with safe_open(path, "pt") as file:
            header = json.loads((file.metadata() or {}).get("vsslfw", "{}"))
    except (SafetensorError, OSError, ValueError):
        return False
    return bool(header.get("kind") == KIND)


def read_detector(path: Path, *, where: str = "region.weights") -> DetectorFile:
    """Read what `write_detector` wrote; nothing in it is executed. UserError if it is anything else."""
    try:
        with safe_open(path, "pt") as file:
            header = json.loads((file.metadata() or {}).get("vsslfw", "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise UserError(Problem(f"{path.name} cannot be read as a detector: {error}", where, MAKE_ONE)) from error
    if header.get("kind") != KIND:
        raise UserError(Problem(f"{path.name} is no detector", where, MAKE_ONE))
    if header["format"] != FORMAT:
        raise UserError(Problem(f"{path.name} is a detector of format {header['format']}; this version reads {FORMAT}", where))
    members = []
    for number, values in enumerate(header["members"]):
        prefix = f"{number}/"
        state = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
        digest = digest_of([values, {name: hashlib.sha256(_bytes(tensor)).hexdigest() for name, tensor in state.items()}])
        members.append(Member(Architecture.of(values), frozenset(values["train"]), frozenset(values["test"]), state, digest))
    return DetectorFile(header, tuple(members))


def _bytes(tensor: Tensor) -> bytes:
    return tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes()
