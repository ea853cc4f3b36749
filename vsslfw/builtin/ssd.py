"""An SSD finds the patient (paper, section 4): trained on own boxes by ``vsslfw detector train``, run over each video once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from vsslfw.detection.geometry import Aspect, check_crop, grown
from vsslfw.detection.track import ON_MISS, OnMiss, Track
from vsslfw.digest import digest_of
from vsslfw.errors import Problem, RunError, UserError, did_you_mean
from vsslfw.interfaces import Detector, Examples, Location, Watched
from vsslfw.video import Probe
from vsslfw.weights import find_file

if TYPE_CHECKING:  # they bring torchvision, which the recipe check need not wait for
    from vsslfw.detection.checkpoint import Member
    from vsslfw.detection.model import PatientSSD

WHERE = "region.weights"
HINT = "Make one: vsslfw detector train boxes.csv --data videos.csv"


class _SSD(Detector):
    """What both architectures share."""

    check_with: ClassVar[Examples] = ()
    cache_version = 2
    arch: ClassVar[str]

    def __init__(
        self,
        *,
        weights: Location,
        every_s: float = 0.5,
        on_miss: OnMiss = "hold",
        margin: float = 0.1,
        aspect: Aspect = "keep",
        smooth_s: float = 0.3,
        min_score: float = 0.3,
    ) -> None:
        wrong = check_crop(margin, aspect)
        wrong += [] if every_s >= 0.04 else [f"every_s is {every_s:g}; seconds between two pictures are expected, 0.04 or more"]
        wrong += [] if smooth_s >= 0 else [f"smooth_s is {smooth_s:g}; 0 or more seconds are expected"]
        wrong += [] if 0 < min_score < 1 else [f"min_score is {min_score:g}; a score between 0 and 1 is expected"]
        wrong += [] if on_miss in ON_MISS else [f'on_miss is "{on_miss}"; {did_you_mean(on_miss, ON_MISS)}']
        if wrong:
            raise UserError(*(Problem(what, "region") for what in wrong))
        from vsslfw.detection.checkpoint import read_detector
        from vsslfw.detection.choose import Rule
        from vsslfw.detection.find import Watching

        self._file = read_detector(find_file(weights, HINT, where=WHERE))
        arch = self._file.members[0].architecture.arch
        if arch != self.arch:
            raise UserError(Problem(f"the detector in this file is an {arch}, not an {self.arch}", WHERE, f'write type="{arch}"'))
        self._on_miss, self._margin, self._aspect = on_miss, margin, aspect
        self._watching = Watching(every_s, smooth_s, Rule(min_score=min_score))
        self._watched: dict[str, Watched] = {}
        self._networks: dict[str, PatientSSD] = {}
        self._tracks: dict[str, Track] = {}

    def prepare(self, video_ids: Sequence[str]) -> str:
        """What the file holds; which videos it has seen is known when each is looked at."""
        members = self._file.members
        kind = f"{len(members)} networks, each without some of the subjects" if len(members) > 1 else "one network"
        seconds, score = self._watching.every_s, self._file.header["made"]["mean_iou"]
        good = "not tested: no test picture had a patient" if score is None else f"mean IoU {score:.2f} on subjects it had not seen"
        return f"{kind}, {good}; it looks every {seconds:g} s, misses: {self._on_miss}"

    def watch(self, video: Watched) -> None:
        """Note where the video is; nothing is read yet."""
        self._watched[video.video_id] = video

    def boxes(self, video_id: str, times: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64] | None:
        """(N, 4) boxes at ``times`` (N,) within the picture; NaN where a frame is left out; none if the whole picture is to be seen.

        The whole stretch of the video is looked at when its boxes are first asked for: a box depends on its time alone.
        """
        found = self._track(video_id).at(times, size)
        return None if found is None else grown(found, size, margin=self._margin, aspect=self._aspect)

    def fingerprint(self, video_id: str) -> str:
        """A digest of the network that looks at this video, and of the stretch that it looks at: the bed is found in all of it."""
        video = self._watched.get(video_id)
        stretch = None if video is None else [video.start_s, video.end_s, video.duration_s]
        return digest_of([self._member(video_id)[0].digest, stretch])

    def shares(self, video_id: str) -> Mapping[str, float]:
        """How often the patient was found."""
        return self._track(video_id).shares()

    def trained_on(self, video_id: str) -> bool | None:
        """Whether every network of the file was trained on this video's subject, as far as ids say."""
        return self._member(video_id)[1] if video_id in self._watched else None

    def _member(self, video_id: str) -> tuple[Member, bool]:
        video = self._watched.get(video_id)
        return self._file.member_for(None if video is None else video.subject_id)

    def _track(self, video_id: str) -> Track:
        if video_id not in self._tracks:
            if video_id not in self._watched:
                raise RunError(f'the detector "{self.arch}" was not told where the video {video_id} is')
            from vsslfw.detection.find import find_patient

            video, (member, _) = self._watched[video_id], self._member(video_id)
            if member.digest not in self._networks:
                self._networks[member.digest] = member.build()
            network, probed = self._networks[member.digest], Probe(duration_s=video.duration_s, size=video.size)
            labels = find_patient(network, video.path, probed, self._watching, start_s=video.start_s, end_s=video.end_s)
            self._tracks[video_id] = Track(labels, self._on_miss)
        return self._tracks[video_id]


class SSDLite(_SSD):
    """SSD with depthwise separable heads on pictures of 192 x 256 pixels: quick enough for a laptop.

    weights: a detector's file, from ``vsslfw detector train``; of a cross-fitted one each video gets a network that has
        not seen its subject.
    every_s: seconds between the pictures that it looks at; between them boxes are interpolated.
    on_miss: where nobody is found: "hold" keeps the last box, "whole_frame" shows the whole picture, "drop" leaves the frames out.
    margin: what is added on each side, as a share of the box's width and height.
    aspect: "keep" leaves the shape of a box, "frame" gives it the picture's, "square" makes it square.
    smooth_s: boxes are averaged over about so many seconds; 0 leaves them as they were found.
    min_score: a box with a lower score, an expected overlap, is nobody.
    """

    arch = "ssdlite"


class SSD300(_SSD):
    """SSD with full convolutions as heads on pictures of 300 x 300 pixels, as Liu et al. 2016; the paper's kind.

    weights: a detector's file, from ``vsslfw detector train --arch ssd300``; of a cross-fitted one each video gets a network that has
        not seen its subject.
    every_s: seconds between the pictures that it looks at; between them boxes are interpolated.
    on_miss: where nobody is found: "hold" keeps the last box, "whole_frame" shows the whole picture, "drop" leaves the frames out.
    margin: what is added on each side, as a share of the box's width and height.
    aspect: "keep" leaves the shape of a box, "frame" gives it the picture's, "square" makes it square.
    smooth_s: boxes are averaged over about so many seconds; 0 leaves them as they were found.
    min_score: a box with a lower score, an expected overlap, is nobody.
    """

    arch = "ssd300"
