"""Audits: a clean comparison passes, and every planted fault is named by its line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from vsslfw.evaluation.audits import AuditLine, FoldView, Footage, audit_folds

CLASSES = ["ES", "PNES"]
VIDEOS = {
    f"P{n}-V1": Footage(f"P{n}-V1", f"P{n}", f"digest {n}", label=CLASSES[n % 2], windows=((0.0, 10.24), (5.0, 15.24))) for n in range(4)
}
CLIPS = tuple(Footage(f"P{n}-C1", f"P{n}", f"long {n}", "contextual", windows=((60.0, 70.0),)) for n in range(4))


def loso(*, exclude: bool = True) -> list[FoldView]:
    """Four subjects with one video each; the encoder of a fold saw contextual clips, without the test subject's if ``exclude``."""
    return [
        FoldView(
            name=test.subject,
            train=tuple(video for video in VIDEOS.values() if video is not test),
            test=(test,),
            pretraining=tuple(clip for clip in CLIPS if not (exclude and clip.subject == test.subject)),
        )
        for test in VIDEOS.values()
    ]


def audit(folds: list[FoldView], subjects: str = "exclude-test-subject") -> dict[str, AuditLine]:
    lines = audit_folds(folds, labelled=list(VIDEOS), classes=CLASSES, pretrain_subjects=subjects)  # type: ignore[arg-type]
    return {line.check: line for line in lines}


def failed(folds: list[FoldView], **options: str) -> dict[str, str]:
    return {line.check: line.detail for line in audit(folds, **options).values() if line.outcome == "failed"}


def test_a_clean_comparison_passes_every_check_and_says_what_was_checked() -> None:
    lines = audit(loso())
    assert [line.outcome for line in lines.values()] == ["ok"] * 8
    assert lines["No subject on two sides"].detail == "4 folds, 4 subjects compared"
    assert all(any(letter.isdigit() for letter in line.detail) for line in lines.values())


def plant(fold: FoldView, side: str, *footage: Footage) -> FoldView:
    return replace(fold, **{side: (*getattr(fold, side), *footage)})


own = VIDEOS["P0-V1"]
FAULTS: dict[str, tuple[Callable[[FoldView], FoldView], str, str]] = {
    "subject": (
        lambda fold: plant(fold, "train", Footage("P0-V2", "P0", "other file", label="ES")),
        "No subject on two sides",
        "fold P0: subject P0 is in training and in test",
    ),
    "video": (
        lambda fold: plant(fold, "train", replace(own, subject="P9")),
        "No video on two sides",
        "fold P0: video P0-V1 is in training and in test",
    ),
    "same file under two ids": (
        lambda fold: plant(fold, "train", replace(own, video="P9-V1", subject="P9", windows=((100.0, 110.0),))),
        "No file on two sides under two ids",
        "fold P0: test video P0-V1 has the same content as training video P9-V1",
    ),
    "moment in training": (
        lambda fold: plant(fold, "train", replace(own, video="P9-V1", subject="P9", windows=((15.0, 20.0),))),
        "No moment on two sides",
        "fold P0: test video P0-V1 shares 15.00-15.24 s with training video P9-V1",
    ),
    "moment in pre-training": (
        lambda fold: plant(fold, "pretraining", Footage("P9-C1", "P9", "digest 0", "contextual", windows=((12.0, 22.0),))),
        "No moment on two sides",
        "fold P0: test video P0-V1 shares 12.00-15.24 s with pre-training video P9-C1",
    ),
    "labelled video of the test subject": (
        lambda fold: plant(fold, "pretraining", Footage("P0-V2", "P0", "other file", "labelled")),
        "No labelled video of a test subject in pre-training",
        "fold P0: pre-training saw labelled video P0-V2 of the test subject",
    ),
    "the test video itself under another subject": (
        lambda fold: plant(fold, "pretraining", Footage("P9-V2", "P9", "digest 0", "labelled", windows=((100.0, 110.0),))),
        "No labelled video of a test subject in pre-training",
        "fold P0: pre-training saw labelled video P9-V2 of the test subject",
    ),
    "contextual video of the test subject": (
        lambda fold: plant(fold, "pretraining", CLIPS[0]),
        "Contextual video of the test subject in pre-training",
        "fold P0: pre-training saw 1 contextual clip of P0",
    ),
    "never tested": (
        lambda fold: replace(fold, test=()),
        "Every labelled video is tested exactly once",
        "video P0-V1 is never tested",
    ),
    "tested twice": (
        lambda fold: plant(fold, "test", VIDEOS["P1-V1"]),
        "Every labelled video is tested exactly once",
        "video P1-V1 is tested 2 times",
    ),
    "unknown video tested": (
        lambda fold: plant(fold, "test", Footage("P8-V1", "P8", "unheard of")),
        "Every labelled video is tested exactly once",
        "video P8-V1 is tested and is none of the labelled videos",
    ),
    "missing class": (
        lambda fold: replace(fold, train=tuple(video for video in fold.train if video.label == "ES")),
        "Every training fold has every class",
        "fold P0: no training video is PNES",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named_by_its_line(fault: str) -> None:
    break_it, check, said = FAULTS[fault]
    first, *others = loso()
    assert said in failed([break_it(first), *others]).get(check, "not failed")


def test_contextual_video_of_the_test_subject_is_noted_where_the_recipe_allows_it() -> None:
    line = audit(loso(exclude=False), "all")["Contextual video of the test subject in pre-training"]
    assert (line.outcome, line.detail) == ("noted", "the recipe allows it (pretrain.subjects = all): 4 clips in 4 of 4 folds")
    assert len(failed(loso(exclude=False), subjects="all")) == 0


def test_the_excluded_subject_is_found_by_the_file_too() -> None:
    disguised = Footage("P9-C1", "P9", "digest 0", "contextual", windows=((60.0, 70.0),))
    first, *others = loso()
    assert "Contextual video of the test subject in pre-training" in failed([plant(first, "pretraining", disguised), *others])


def test_stretches_that_touch_do_not_overlap() -> None:
    neighbour = Footage("P0-C2", "P0", "digest 0", "contextual", windows=((15.24, 25.24),))
    assert "No moment on two sides" not in failed([plant(loso()[0], "pretraining", neighbour), *loso()[1:]], subjects="all")


def test_footage_whose_windows_are_not_said_counts_as_a_whole_file() -> None:
    whole = Footage("P9-C1", "P9", "digest 0", "contextual")
    assert "No moment on two sides" in failed([plant(loso()[0], "pretraining", whole), *loso()[1:]])


def test_a_missing_digest_is_never_passed_over() -> None:
    folds = [
        replace(fold, train=tuple(replace(v, digest="") for v in fold.train), test=tuple(replace(v, digest="") for v in fold.test))
        for fold in loso()
    ]
    line = audit(folds)["No file on two sides under two ids"]
    assert (line.outcome, line.detail) == ("noted", "4 videos without a content digest could not be compared; 0 could")


def test_many_faults_are_counted_and_some_named() -> None:
    many = audit_folds([], labelled=[f"V{n}" for n in range(300)], classes=CLASSES)
    line = next(line for line in many if line.check == "Every labelled video is tested exactly once")
    assert "V4 is never tested; and 295 more" in line.detail


def test_no_pre_training_is_said() -> None:
    lines = audit([replace(fold, pretraining=()) for fold in loso()])
    assert lines["Contextual video of the test subject in pre-training"] == AuditLine(
        "Contextual video of the test subject in pre-training", "ok", "none; no fold was pre-trained"
    )
