"""Pseudonyms: what stands in artefacts instead of the ids of subjects and videos."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from vsslfw.data.manifest import Manifest


@dataclass(frozen=True)
class Pseudonyms:
    """Subject "P07", video "P07-V02": numbered in the order of SHA-256(seed, id), so that neither name nor manifest order shows.

    The same manifest and seed give the same pseudonyms; another subject in the manifest may move the numbers. Whoever
    holds the manifest and the seed can make the key again: they are pseudonyms, not anonymous.
    """

    subjects: dict[str, str]
    videos: dict[str, str]
    _owner: dict[str, str]

    @classmethod
    def of(cls, manifest: Manifest, seed: int) -> Pseudonyms:
        """The pseudonyms of every subject and video in a manifest."""
        owner = {row.video_id: row.subject_id for row in manifest.rows}
        subjects = _numbered("P", owner.values(), f"{seed}/subject")
        videos: dict[str, str] = {}
        for subject_id, pseudonym in subjects.items():
            own = (video_id for video_id, subject in owner.items() if subject == subject_id)
            videos |= _numbered(f"{pseudonym}-V", own, f"{seed}/video")
        return cls(subjects, videos, owner)

    def subject(self, subject_id: str) -> str:
        """The pseudonym of a subject of the manifest; KeyError for another."""
        return self.subjects[subject_id]

    def video(self, video_id: str) -> str:
        """The pseudonym of a video of the manifest, which names its subject's; KeyError for another."""
        return self.videos[video_id]

    def rows(self) -> list[tuple[str, str, str, str]]:
        """The private key, one row a video, in the order of the pseudonyms; the first row names the columns."""
        videos = sorted(self.videos, key=lambda video_id: self.videos[video_id])
        key = [(self.subjects[self._owner[v]], self.videos[v], self._owner[v], v) for v in videos]
        return [("subject", "video", "subject_id", "video_id"), *key]


def _numbered(prefix: str, names: Iterable[str], salt: str) -> dict[str, str]:
    order = sorted(set(names), key=lambda name: hashlib.sha256(f"{salt}/{name}".encode()).digest())
    width = max(2, len(str(len(order))))
    return {name: f"{prefix}{number:0{width}}" for number, name in enumerate(order, 1)}
