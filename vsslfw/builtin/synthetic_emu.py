"""The embedded data set: made EMU video with two seizure classes. No patient in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from vsslfw.errors import Problem, UserError, did_you_mean
from vsslfw.interfaces import Dataset, Examples


class SyntheticEMU(Dataset):
    """People in hospital beds, half of them with ES and half with PNES, drawn and encoded as H.264 on first use.

    A subject has one class, and a look, a bed, a room and a camera of their own. Light, blanket, lead-in, visits and duration are
    spread over each subject's videos without regard to the class: only the movement after the onset differs, and how much of it
    is a matter of ``level``. ES is a train of movement cycles whose period grows; PNES is made of the very same cycles, shuffled.
    The same parameters give the same bytes with the same codec build. The truth lies beside the manifest: boxes of the patient
    (boxes.csv), what happens when (truth.csv) and the angles of the joints (angles/).

    subjects: how many, from 2; with 8, four have ES and four PNES.
    level: easy (posture, synchrony and order), rhythm (the limbs' rhythm and phase, and order) or order (order alone).
    seed: another seed makes other people.
    seizures_per_subject: labelled videos of each.
    seizure_s: (shortest, longest) seconds of a labelled video, lead-in included.
    contextual_per_subject: videos of daily life of each, without a label.
    contextual_s: seconds of each of them.
    fps: frames per second.
    size: (H, W) of the picture in pixels, even numbers.
    """

    check_with: ClassVar[Examples] = (
        {"subjects": 2, "seizures_per_subject": 1, "seizure_s": (2.0, 2.0), "contextual_per_subject": 0, "fps": 5.0, "size": (64, 64)},
    )
    synthetic = True
    cache_version = 3

    def __init__(
        self,
        *,
        subjects: int = 8,
        seed: int = 0,
        level: str = "easy",
        seizures_per_subject: int = 6,
        seizure_s: tuple[float, float] = (8.0, 14.0),
        contextual_per_subject: int = 2,
        contextual_s: float = 32.0,
        fps: float = 25.0,
        size: tuple[int, int] = (240, 320),
    ) -> None:
        from vsslfw.data.synthetic.seizures import LEVELS

        checks = {
            f"subjects is {subjects}; at least 2 are needed, one of each class": subjects >= 2,
            f'level is "{level}"; {did_you_mean(level, LEVELS)}': level in LEVELS,
            f"seizures_per_subject is {seizures_per_subject}; at least 1 is needed": seizures_per_subject >= 1,
            f"seizure_s is {tuple(seizure_s)}; (shortest, longest) is expected, from 2 s on": 2 <= seizure_s[0] <= seizure_s[1],
            f"contextual_per_subject is {contextual_per_subject}; it cannot be negative": contextual_per_subject >= 0,
            f"contextual_s is {contextual_s}; at least 1 s is needed": contextual_s >= 1,
            f"fps is {fps}; 5 to 60 frames per second are possible": 5 <= fps <= 60,
            f"size is {tuple(size)}; (height, width) is expected, even, from 64 on": min(size) >= 64 and not (size[0] | size[1]) % 2,
        }
        problems = [Problem(what, "data") for what, right in checks.items() if not right]
        if problems:
            raise UserError(*problems)
        self._parameters: dict[str, Any] = {
            "subjects": subjects,
            "seed": seed,
            "level": level,
            "seizures_per_subject": seizures_per_subject,
            "seizure_s": (float(seizure_s[0]), float(seizure_s[1])),
            "contextual_per_subject": contextual_per_subject,
            "contextual_s": float(contextual_s),
            "fps": float(fps),
            "size": (int(size[0]), int(size[1])),
        }

    @property
    def videos(self) -> int:
        """How many there are to be."""
        parameters = self._parameters
        return int(parameters["subjects"] * (parameters["seizures_per_subject"] + parameters["contextual_per_subject"]))

    def manifest(self, folder: Path) -> Path:
        """Return ``folder/<digest of parameters and version>/videos.csv``; write the set first if it is not there."""
        from vsslfw.data.synthetic.writing import Design, write_set

        return write_set(folder, Design(**self._parameters), self.cache_version, self.told)

    def write(self, target: Path, told: Callable[[int, int], None] | None = None) -> Path:
        """Return ``target/videos.csv``; write the set first if it is not there. ``told`` hears (videos done, of how many).

        UserError if ``target`` holds anything else, or cannot be written.
        """
        from vsslfw.data.synthetic.writing import Design, write_into

        return write_into(target, Design(**self._parameters), self.cache_version, told)
