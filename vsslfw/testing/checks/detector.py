"""Detectors: boxes inside the picture, one for each time."""

from __future__ import annotations

from typing import Any

import numpy as np

from vsslfw.testing.compare import EXACT, difference, shown
from vsslfw.testing.outcomes import doing, require
from vsslfw.testing.samples import boxes_calls, watched_videos
from vsslfw.testing.subjects import Subject

CLOSE = 1e-9  # an array of another length may be computed with other instructions


def check_boxes(subject: Subject) -> None:
    """(N,) times -> (N,4) boxes x1, y1, x2, y2 inside the picture of (H, W), x1 < x2 and y1 < y2; a row of NaN: nobody; or none at all."""
    detector = subject.build()
    for video, times, (height, width) in boxes_calls():
        did = f"asking for boxes at {len(times)} times in a picture of H, W = {height}, {width}"
        with doing(did):
            boxes = detector.boxes(video, times.copy(), (height, width))
        if boxes is None:
            continue
        right = isinstance(boxes, np.ndarray) and boxes.shape == (len(times), 4) and np.issubdtype(boxes.dtype, np.number)
        require(right, did, f"it gave {shown(boxes)}", f"give a {(len(times), 4)} array, or None for the whole picture")
        require(
            bool(np.all(np.isfinite(boxes).all(axis=1) | np.isnan(boxes).all(axis=1))),
            did,
            "some numbers of a box are not finite",
            "hold the last box, give the whole picture, or a row of NaN to leave the frame out, where nobody is found",
        )
        boxes = boxes[np.isfinite(boxes).all(axis=1)]
        x1, y1, x2, y2 = boxes.T
        require(
            bool(np.all((x1 < x2) & (y1 < y2))),
            did,
            f"a box has no area: {_first(boxes, (x1 >= x2) | (y1 >= y2))}",
            "x1, y1 is top left, x2, y2 bottom right",
        )
        outside = (x1 < 0) | (y1 < 0) | (x2 > width) | (y2 > height)
        require(
            not outside.any(),
            did,
            f"a box reaches outside: {_first(boxes, outside)}",
            "boxes.clip(0, [width, height, width, height]); size is (H, W)",
        )


def check_watch(subject: Subject) -> None:
    """watch(video) gives nothing, and leaves the boxes as they are when it is told of the same video again."""
    detector = subject.build()
    before = _all(detector)
    for video in watched_videos():
        with doing("calling watch() again"):
            said = detector.watch(video)
        require(said is None, "calling watch()", f"it gave {shown(said)}", "note where the video is; look at it when boxes are asked for")
    changed = difference(before, _all(detector), EXACT, "a box")
    require(not changed, "asking for boxes before and after watch() was called again", changed, "being told twice changes nothing")


def check_shares(subject: Subject) -> None:
    """shares(video_id) is empty, or numbers from 0 to 1 that add up to 1; trained_on(video_id) is True, False or None."""
    detector = subject.build()
    _all(detector)
    for video in ("V01", "V02"):
        with doing(f'asking shares("{video}") and trained_on("{video}")'):
            said, trained = dict(detector.shares(video)), detector.trained_on(video)
        right = all(0 <= value <= 1 for value in said.values()) and (not said or abs(sum(said.values()) - 1) < 0.01)
        require(right, f'asking shares("{video}")', f"it gave {shown(said)}", "give the share of each outcome, adding up to 1")
        require(
            trained in (True, False, None), f'asking trained_on("{video}")', f"it gave {shown(trained)}", "give None if it is not known"
        )


def check_order_of_times(subject: Subject) -> None:
    """A box depends on its own time alone, not on the order of the times or on the others."""
    detector = subject.build()
    for video, times, size in boxes_calls():
        order = np.random.default_rng(0).permutation(len(times))
        did = f"asking for boxes at {len(times)} times, in order, shuffled, and one by one"
        with doing(did):
            straight, shuffled = detector.boxes(video, times.copy(), size), detector.boxes(video, times[order], size)
            single = [detector.boxes(video, times[i : i + 1], size) for i in range(min(3, len(times)))]
        require(
            (straight is None) == (shuffled is None), did, "boxes once and none the other time", "decide by the video, not by its times"
        )
        if straight is None:
            continue
        said = difference(straight[order], shuffled, CLOSE, "a box") or next(
            (text for i, box in enumerate(single) if (text := difference(straight[i : i + 1], box, CLOSE, "a box"))), ""
        )
        require(not said, did, said, "do not sort, smooth or count over what happens to be asked for together")


def check_fingerprint(subject: Subject) -> None:
    """fingerprint(video_id) is text, the same for two that are built alike: it is part of the key of the video's features."""
    one, two = subject.build(), subject.build()
    for video in ("V01", "V02", "no such video"):
        with doing(f'asking fingerprint("{video}")'):
            found, again, other = one.fingerprint(video), one.fingerprint(video), two.fingerprint(video)
        did = f'asking fingerprint("{video}") twice, and one that is built alike'
        require(isinstance(found, str), did, f"it is {shown(found)}", "give text: vsslfw.digest.digest_of(what the boxes depend on)")
        require(found == again == other, did, f"{found}, {again} and {other}", "no time, id, path or random number goes into it")


def check_prepare(subject: Subject) -> None:
    """prepare(video_ids) gives text, which may be empty, and leaves the boxes as they are."""
    detector = subject.build()
    with doing("asking for boxes"):
        before = _all(detector)
    with doing("calling prepare() with the ids of three videos"):
        said = detector.prepare(["V01", "V02", "V03"])
    require(isinstance(said, str), "calling prepare() with the ids of three videos", f"it gave {shown(said)}", "give text, or an empty one")
    with doing("asking for boxes after prepare()"):
        changed = difference(before, _all(detector), EXACT, "a box")
    require(not changed, "asking for boxes before and after prepare()", changed, "prepare() checks and tells; it decides nothing")


def _all(detector: Any) -> list[Any]:
    return [detector.boxes(video, times, size) for video, times, size in boxes_calls()]


def _first(boxes: Any, wrong: Any) -> str:
    return ", ".join(f"{value:g}" for value in boxes[np.flatnonzero(wrong)[0]]) if np.any(wrong) else ""
