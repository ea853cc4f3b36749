"""From labelled boxes to a detector's file: read the pictures, split by subject, train, and test on those who were left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vsslfw.data.manifest import Manifest
from vsslfw.data.pseudonyms import Pseudonyms
from vsslfw.data.table import summarise
from vsslfw.detection.candidates import Candidates, candidates
from vsslfw.detection.checkpoint import is_detector, write_detector
from vsslfw.detection.choose import Rule, choose
from vsslfw.detection.fit import strangers
from vsslfw.detection.folds import FEWER, Fold, crossed, held_out
from vsslfw.detection.geometry import Boxes
from vsslfw.detection.labels import Labels
from vsslfw.detection.model import ARCHITECTURES, PatientSSD
from vsslfw.detection.output import wrong_output
from vsslfw.detection.pictures import Pictures, read_pictures
from vsslfw.detection.scores import Score, by_subject
from vsslfw.detection.training import Plan, Progress, train_detector
from vsslfw.digest import digest_of
from vsslfw.errors import Problem, UserError, did_you_mean

FEWEST = 20
"""Pictures with a box, to train on: fewer are no training set."""


@dataclass(frozen=True)
class Order:
    """What is to be made. ``weights``: "imagenet", a file or none; ``folds`` with ``per_subject``: how many groups; none: one a subject."""

    arch: str = "ssdlite"
    backbone: str = "efficientnet_lite0"
    weights: str | None = "imagenet"
    plan: Plan = field(default_factory=Plan)
    frames_per_video: int = 24
    test_subjects: tuple[str, ...] = ()
    exclude_subjects: tuple[str, ...] = ()
    per_subject: bool = False
    folds: int | None = None
    size: tuple[int, int] | None = None
    """(H, W) that the network looks at; none: the architecture's own."""
    rule: Rule = field(default_factory=Rule)
    identify: bool = False
    """Subjects bear their ids in the scores, not pseudonyms."""


@dataclass(frozen=True)
class Told:
    """Who listens: to the videos read (done, of how many), to the start of each fold (number, of how many, fold), to each step."""

    read: Callable[[int, int], None] = lambda done, of: None
    fold: Callable[[int, int, Fold], None] = lambda number, of, fold: None
    step: Callable[[Progress], None] = lambda progress: None


@dataclass(frozen=True)
class Made:
    """A detector's file, and how good it is: scores by test subject and over all, each found by who had not seen them."""

    path: Path
    folds: list[Fold]
    scores: list[Score]
    pictures: int


def make_detector(manifest: Manifest, labels: Mapping[str, Labels], order: Order, out: Path, told: Told | None = None) -> Made:
    """Train, test and write ``out``. UserError, before anything is decoded, for boxes that do not fit the manifest."""
    told = told or Told()
    _check(manifest, labels, order, out)
    rows = [row for row in manifest.rows if row.video_id in labels]
    subjects = sorted({row.subject_id for row in rows})
    if order.per_subject:
        folds = crossed(subjects, folds=order.folds, exclude=order.exclude_subjects, seed=order.plan.seed)
    else:
        folds = [held_out(subjects, test=order.test_subjects, exclude=order.exclude_subjects, seed=order.plan.seed)]
    used = {subject for fold in folds for subject in (*fold.train, *fold.test)}
    size = order.size or ARCHITECTURES[order.arch]
    pictures = read_pictures([row for row in rows if row.subject_id in used], labels, size, of_each=order.frames_per_video, told=told.read)
    _check_pictures(folds, pictures, named=bool(order.test_subjects))
    members, parts, chosen, found = [], [], [], []
    for number, fold in enumerate(folds):
        told.fold(number, len(folds), fold)
        train, test = pictures.of(fold.train), pictures.of(fold.test)
        model = train_detector(train, order.arch, order.backbone, order.weights, order.plan, told=told.step)
        boxes, answers = answered(model, test, order.rule)
        members.append((model, fold.train, fold.test))
        parts.append(test)
        chosen.append(boxes)
        found += answers
    pseudonyms = Pseudonyms.of(manifest, 0).subjects
    names = {subject: subject for subject in pseudonyms} if order.identify else pseudonyms
    scores = _scores(parts, chosen, found, names)
    mean_iou = scores[-1].mean_iou
    boxes_digest = digest_of({video_id: one.digest() for video_id, one in labels.items()})
    made = {
        "plan": order.plan.as_dict(),
        "weights": None if order.weights is None else Path(order.weights).name,
        "frames_per_video": order.frames_per_video,
        "boxes": boxes_digest,
        "pictures": len(pictures),
        "mean_iou": None if mean_iou is None else round(mean_iou, 4),
        "cross_fitted": order.per_subject,
    }
    write_detector(out, members, salt=digest_of([manifest.digest, boxes_digest])[:16], made=made)
    return Made(out, folds, scores, len(pictures))


def answered(model: PatientSSD, pictures: Pictures, rule: Rule) -> tuple[Boxes, list[Candidates]]:
    """(n,4) chosen boxes, NaN for a miss, and all candidates; each video is judged as a whole, as in a run."""
    found = candidates(model, pictures.images, model.architecture.size)
    boxes = np.full((len(pictures), 4), np.nan)
    for video in dict.fromkeys(pictures.videos.tolist()):
        at = np.flatnonzero(pictures.videos == video)
        boxes[at] = choose([found[i] for i in at], rule)[0]
    return boxes, found


def _scores(parts: Sequence[Pictures], chosen: Sequence[Boxes], found: Sequence[Candidates], names: dict[str, str]) -> list[Score]:
    subjects = np.concatenate([part.subjects for part in parts])
    return by_subject(subjects, np.concatenate([part.boxes for part in parts]), np.concatenate(chosen), found, names)


def _check(manifest: Manifest, labels: Mapping[str, Labels], order: Order, out: Path) -> None:
    problems = [Problem(*wrong) for wrong in _wrong(order)]
    problems += wrong_output(out, replaces=is_detector(out), hint="it is no detector: choose another name")
    problems += strangers(labels, [row.video_id for row in manifest.rows])
    if problems:
        raise UserError(*summarise(problems))


def _check_pictures(folds: Sequence[Fold], pictures: Pictures, *, named: bool) -> None:
    """Before hours of training: every fold has what it needs to be trained and tested. ``named``: the test subjects were."""
    problems = []
    more = "label more, or let --frames take more of each video" + (f", or {FEWER} in --test-subjects" if named else "")
    for number, fold in enumerate(folds, 1):
        where = f"fold {number} of {len(folds)}" if len(folds) > 1 else ""
        train, test = pictures.of(fold.train), pictures.of(fold.test)
        boxed = int(np.isfinite(train.boxes[:, 0]).sum())
        if boxed < FEWEST:
            what = f"{boxed} labelled pictures with a box are too few to train on; {FEWEST} are needed"
            problems.append(Problem(what, where, more))
        if not len(test):
            what = f"none of its test subjects has a labelled picture: {', '.join(fold.test)}"
            problems.append(Problem(what, where, "exclude them (--exclude-subjects), or label pictures within their videos"))
    if problems:
        raise UserError(*problems, title="The pictures are not enough:")


def _wrong(order: Order) -> Iterable[tuple[str, str, str]]:
    if order.arch not in ARCHITECTURES:
        yield f'there is no architecture "{order.arch}"', "--arch", did_you_mean(order.arch, ARCHITECTURES)
    if order.folds is not None and not order.per_subject:
        yield "folds are of cross-fitting", "--folds", "give --per-subject with it"
    if order.per_subject and order.test_subjects:
        yield "with --per-subject every subject is tested once", "--test-subjects", "leave it out, or name them in --exclude-subjects"
    if order.size is not None and (min(order.size) < 64 or order.size[0] % 32 or order.size[1] % 32):
        yield (
            f"a picture of {order.size[0]} x {order.size[1]} cannot be halved five times",
            "--size",
            "multiples of 32 from 64 on are expected",
        )
