"""Every video of a manifest -> the patient's boxes, each by a network that has not seen its subject, where there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vsslfw.data.manifest import Manifest
from vsslfw.detection.checkpoint import read_detector
from vsslfw.detection.find import Watching, find_patient
from vsslfw.detection.labels import Labels
from vsslfw.detection.model import PatientSSD
from vsslfw.video import probe
from vsslfw.weights import find_file


@dataclass(frozen=True)
class Found:
    """Boxes by video id, in the manifest's order; why the others have none; the videos whose subject trained the network that looked."""

    tracks: dict[str, Labels]
    failed: dict[str, str]
    seen: frozenset[str]

    def lines(self) -> Iterator[str]:
        """What a person should know: the share of pictures in which the patient was found, by video where it is not all of them.

        Videos bear their ids, as in the file of boxes.
        """
        for video_id, labels in self.tracks.items():
            share = labels.found.mean() if len(labels.times) else 0.0
            if share < 1:
                yield f"{video_id}: nobody found in {1 - share:.0%} of {len(labels.times)} pictures"
        for video_id, why in self.failed.items():
            yield f"{video_id}: left out ({why}); a run with these boxes sees it whole"
        whole = [int(labels.found.sum()) for labels in self.tracks.values()]
        of = sum(len(labels.times) for labels in self.tracks.values())
        yield f"Found in {sum(whole)} of {of} pictures of {len(self.tracks)} videos"
        if of and not sum(whole):
            yield "Nobody was found at all: lower --min-score, or train longer (--epochs) or on more boxes"
        if self.seen:
            yield f"{len(self.seen)} of these videos are of subjects that the detector was trained on: no test of it (docs/detector.md)"


def find_all(detector: Path, manifest: Manifest, watching: Watching, told: Callable[[int, int], None] = lambda done, of: None) -> Found:
    """Look at every row's stretch of its file. ``told`` hears (videos done, of how many). UserError if the detector cannot be read.

    Rows of one file that overlap are looked at one by one: a box belongs to a row.
    """
    file = read_detector(find_file(str(detector), where="DETECTOR"), where="DETECTOR")
    built: dict[str, PatientSSD] = {}
    tracks, failed, seen = {}, {}, set()
    for done, row in enumerate(manifest.rows):
        told(done, len(manifest.rows))
        member, trained = file.member_for(row.subject_id)
        seen |= {row.video_id} if trained else set()
        probed = probe(row.path)
        if probed.error:
            failed[row.video_id] = probed.error
            continue
        if member.digest not in built:
            built[member.digest] = member.build()
        model = built[member.digest]
        labels = find_patient(model, row.path, probed, watching, start_s=row.start_s, end_s=row.end_s)
        if len(labels.times):
            tracks[row.video_id] = labels
        else:
            failed[row.video_id] = "no picture of it could be read"
    told(len(manifest.rows), len(manifest.rows))
    return Found(tracks, failed, frozenset(seen))
