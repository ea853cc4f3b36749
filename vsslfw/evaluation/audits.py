"""Is the comparison clean? Each check is a line that says what was checked, and names the fault if there is one."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from vsslfw.evaluation.repeats import faults_of, repeats_of

Outcome = Literal["ok", "failed", "warning", "noted"]
SHOWN = 5
"""How many faults a line names before it counts the others."""
TOUCH_S = 1e-6
"""Stretches that only touch do not overlap; times are sums of floats."""


@dataclass(frozen=True)
class AuditLine:
    """One check: ``ok``, ``failed`` (the result must not be believed), ``warning`` (something was found that may explain the result) or
    ``noted`` (allowed by the recipe, to be known)."""

    check: str
    outcome: Outcome
    detail: str


@dataclass(frozen=True)
class Footage:
    """A stretch of one video on one side of a fold. Ids are pseudonyms, or not, as the caller gives them."""

    video: str
    subject: str
    digest: str
    """Digest of the file's content: the same file under two ids shows. "" if it is not known."""
    role: Literal["labelled", "contextual"] = "labelled"
    label: str | None = None
    windows: tuple[tuple[float, float], ...] = ((0.0, math.inf),)
    """(start, end) in seconds from the file's first frame: what of it may be shown to the model. The whole file unless said."""


@dataclass(frozen=True)
class FoldView:
    """What one fold saw, on either side. Folds that share a pre-training should share its tuple: it is then indexed once."""

    name: str
    train: tuple[Footage, ...]
    test: tuple[Footage, ...]
    pretraining: tuple[Footage, ...] = ()
    """Every clip that the encoder was pre-trained on before this fold; empty if it starts from scratch."""


def audit_folds(
    folds: Sequence[FoldView],
    *,
    labelled: Sequence[str],
    classes: Sequence[str],
    pretrain_subjects: Literal["all", "exclude-test-subject"] = "all",
) -> list[AuditLine]:
    """Check every fold; one line a check, in a fixed order.

    ``labelled`` are the ids of all labelled videos that take part, ``classes`` the K classes, ``pretrain_subjects`` the
    recipe's key. Details hold no other ids than those given.
    """
    indices: dict[int, _Index] = {}

    def pretraining(fold: FoldView) -> _Index:
        key = id(fold.pretraining)
        if key not in indices:
            indices[key] = _Index(fold.pretraining)
        return indices[key]

    return [
        _subjects(folds),
        _videos(folds),
        _content(folds),
        _windows(folds, pretraining),
        _labelled_pretraining(folds, pretraining),
        _contextual_pretraining(folds, pretraining, pretrain_subjects),
        _tested_once(folds, labelled),
        _training_classes(folds, classes),
    ]


class _Index:
    """Footage by subject and by content."""

    def __init__(self, footage: Sequence[Footage]) -> None:
        self.size = len(footage)
        self.by_subject: dict[str, list[Footage]] = defaultdict(list)
        self.by_digest: dict[str, list[Footage]] = defaultdict(list)
        self.by_video: dict[str, list[Footage]] = defaultdict(list)
        for item in footage:
            self.by_subject[item.subject].append(item)
            self.by_video[item.video].append(item)
            if item.digest:
                self.by_digest[item.digest].append(item)

    def same_file(self, item: Footage) -> Iterable[Footage]:
        """What shows the same file: by content if it is known, by video id anyway."""
        by_content = self.by_digest.get(item.digest, []) if item.digest else []
        yield from by_content
        yield from (other for other in self.by_video.get(item.video, []) if not item.digest or other.digest != item.digest)

    def of_subjects(self, items: Sequence[Footage]) -> Iterable[Footage]:
        """What shows a subject of ``items``: by subject id, or because the same file stands under another id."""
        known = set()
        for subject in sorted({item.subject for item in items}):
            for other in self.by_subject.get(subject, []):
                known.add(id(other))
                yield other
        for item in items:
            for other in self.same_file(item):
                if id(other) not in known:
                    known.add(id(other))
                    yield other


_Lookup = Callable[[FoldView], _Index]


def _line(check: str, faults: Sequence[str], fine: str) -> AuditLine:
    return AuditLine(check, "failed", listed(faults)) if faults else AuditLine(check, "ok", fine)


def listed(faults: Sequence[str]) -> str:
    """The first few, and a count of the others."""
    more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
    return "; ".join(faults[:SHOWN]) + more


def _subjects(folds: Sequence[FoldView]) -> AuditLine:
    faults = []
    for fold in folds:
        both = {item.subject for item in fold.train} & {item.subject for item in fold.test}
        faults += [f"fold {fold.name}: subject {subject} is in training and in test" for subject in sorted(both)]
    subjects = {item.subject for fold in folds for item in (*fold.train, *fold.test)}
    return _line("No subject on two sides", faults, f"{_n(folds, 'fold')}, {_n(subjects, 'subject')} compared")


def _videos(folds: Sequence[FoldView]) -> AuditLine:
    faults = []
    for fold in folds:
        both = {item.video for item in fold.train} & {item.video for item in fold.test}
        faults += [f"fold {fold.name}: video {video} is in training and in test" for video in sorted(both)]
    videos = {item.video for fold in folds for item in (*fold.train, *fold.test)}
    return _line("No video on two sides", faults, f"{_n(folds, 'fold')}, {_n(videos, 'video')} compared")


def _content(folds: Sequence[FoldView]) -> AuditLine:
    check = "No file on two sides under two ids"
    faults = []
    unknown: set[str] = set()
    known: set[str] = set()
    for fold in folds:
        train = _Index(fold.train)
        for item in fold.test:
            twins = {other.video for other in train.by_digest.get(item.digest, [])} - {item.video} if item.digest else set()
            faults += [f"fold {fold.name}: test video {item.video} has the same content as training video {twin}" for twin in sorted(twins)]
        for item in (*fold.train, *fold.test):
            (known if item.digest else unknown).add(item.video)
    if unknown and not faults:
        return AuditLine(check, "noted", f"{_n(unknown, 'video')} without a content digest could not be compared; {len(known)} could")
    return _line(check, faults, f"content digests of {_n(known, 'video')} compared in {_n(folds, 'fold')}")


def _windows(folds: Sequence[FoldView], pretraining: _Lookup) -> AuditLine:
    faults, compared = [], 0
    for fold in folds:
        sides = (("training", _Index(fold.train)), ("pre-training", pretraining(fold)))
        for item in fold.test:
            for side, index in sides:
                for other in index.same_file(item):
                    compared += len(item.windows) * len(other.windows)
                    shared = _overlap(item.windows, other.windows)
                    if shared:
                        moment = f"{shared[0]:.2f}-{shared[1]:.2f} s"
                        faults.append(f"fold {fold.name}: test video {item.video} shares {moment} with {side} video {other.video}")
    tested = sum(len(item.windows) for fold in folds for item in fold.test)
    fine = f"{tested} tested stretches; {compared} pairs of the same file compared with training and pre-training"
    return _line("No moment on two sides", faults, fine)


def _overlap(a: Sequence[tuple[float, float]], b: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    shared = ((max(x[0], y[0]), min(x[1], y[1])) for x in a for y in b)
    return next((part for part in shared if part[1] - part[0] > TOUCH_S), None)


def _labelled_pretraining(folds: Sequence[FoldView], pretraining: _Lookup) -> AuditLine:
    faults = []
    for fold in folds:
        seen = {item.video for item in pretraining(fold).of_subjects(fold.test) if item.role == "labelled"}
        faults += [f"fold {fold.name}: pre-training saw labelled video {video} of the test subject" for video in sorted(seen)]
    return _line("No labelled video of a test subject in pre-training", faults, _clips(folds, pretraining))


def _contextual_pretraining(folds: Sequence[FoldView], pretraining: _Lookup, subjects: str) -> AuditLine:
    check = "Contextual video of the test subject in pre-training"
    faults, clips = [], 0
    for fold in folds:
        seen = [item for item in pretraining(fold).of_subjects(fold.test) if item.role == "contextual"]
        clips += len(seen)
        if seen:
            who = ", ".join(sorted({item.subject for item in seen}))
            faults.append(f"fold {fold.name}: pre-training saw {_n(seen, 'contextual clip')} of {who}")
    if faults and subjects != "exclude-test-subject":
        detail = f"the recipe allows it (pretrain.subjects = {subjects}): {clips} clips in {len(faults)} of {_n(folds, 'fold')}"
        return AuditLine(check, "noted", detail)
    return _line(check, faults, f"none; {_clips(folds, pretraining)}")


def _tested_once(folds: Sequence[FoldView], labelled: Sequence[str]) -> AuditLine:
    tested = [[item.video for item in fold.test] for fold in folds]
    faults, repeats = faults_of(tested, labelled), max(repeats_of(tested), default=1)
    fine = f"{_n(labelled, 'labelled video')}, {_n(folds, 'fold')}"
    if repeats > 1 and not faults:
        return AuditLine("Every labelled video is tested exactly once in each repeat", "ok", f"{fine}, {repeats} repeats")
    return _line("Every labelled video is tested exactly once", faults, fine)


def _training_classes(folds: Sequence[FoldView], classes: Sequence[str]) -> AuditLine:
    faults = []
    for fold in folds:
        missing = [name for name in classes if name not in {item.label for item in fold.train}]
        faults += [f"fold {fold.name}: no training video is {name}" for name in missing]
    return _line("Every training fold has every class", faults, f"{_n(folds, 'fold')}, classes {', '.join(classes)}")


def _clips(folds: Sequence[FoldView], pretraining: _Lookup) -> str:
    sizes = sorted({pretraining(fold).size for fold in folds})
    if not any(sizes):
        return "no fold was pre-trained"
    clips = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    return f"{clips} pre-training clips compared in {_n(folds, 'fold')}"


def _n(items: Sequence[object] | set[str], what: str) -> str:
    return f"{len(items)} {what}{'' if len(items) == 1 else 's'}"
