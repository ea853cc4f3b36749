"""Every audit names the fault that is planted for it, and is quiet where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from vsslfw.evaluation import run_audits
from vsslfw.evaluation.audits import AuditLine, FoldView, Footage, audit_folds
from vsslfw.evaluation.shortcuts import Shortcut, judged

ONE = Footage("V1", "A", "d1", label="ES", windows=((0.0, 10.0),))
TWO = Footage("V2", "B", "d2", label="PNES", windows=((0.0, 10.0),))
THREE = Footage("V3", "C", "d3", label="ES", windows=((0.0, 10.0),))
CLIP = Footage("C1", "B", "long", "contextual", windows=((50.0, 60.0),))
CLEAN = FoldView("A", train=(TWO, THREE), test=(ONE,), pretraining=(CLIP,))

SPLITS: dict[str, tuple[FoldView, str, str]] = {
    "a subject": (
        replace(CLEAN, train=(TWO, replace(THREE, subject="A"))),
        "No subject on two sides",
        "subject A is in training and in test",
    ),
    "a video": (replace(CLEAN, train=(TWO, THREE, ONE)), "No video on two sides", "video V1 is in training and in test"),
    "a content digest": (
        replace(CLEAN, train=(TWO, replace(THREE, digest="d1"))),
        "No file on two sides under two ids",
        "V1 has the same content as training video V3",
    ),
    "an overlapping window": (
        replace(CLEAN, train=(TWO, replace(THREE, digest="d1", windows=((9.5, 20.0),)))),
        "No moment on two sides",
        "shares 9.50-10.00 s with training video V3",
    ),
    "a window of pre-training": (
        replace(CLEAN, pretraining=(replace(CLIP, digest="d1", windows=((5.0, 15.0),)),)),
        "No moment on two sides",
        "shares 5.00-10.00 s with pre-training video C1",
    ),
    "labelled video of the test subject in pre-training": (
        replace(CLEAN, pretraining=(replace(CLIP, subject="A", role="labelled"),)),
        "No labelled video of a test subject in pre-training",
        "pre-training saw labelled video C1",
    ),
    "contextual video of the test subject where the recipe excludes it": (
        replace(CLEAN, pretraining=(replace(CLIP, subject="A"),)),
        "Contextual video of the test subject in pre-training",
        "1 contextual clip of A",
    ),
}


@pytest.mark.parametrize("planted", SPLITS)
def test_a_fault_of_the_split_is_named(planted: str) -> None:
    fold, check, said = SPLITS[planted]
    lines = audit_folds([fold], labelled=["V1"], classes=["ES", "PNES"], pretrain_subjects="exclude-test-subject")
    found = {line.check: line for line in lines}[check]
    assert found.outcome == "failed"
    assert said in found.detail


def test_the_clean_fold_fails_nothing() -> None:
    lines = audit_folds([CLEAN], labelled=["V1"], classes=["ES", "PNES"], pretrain_subjects="exclude-test-subject")
    assert {line.outcome for line in lines} <= {"ok", "noted"}


OWN = {"ES": 0.75, "PNES": 1.5}
INNER = [{"train": ["a", "b"], "test": ["c"]}]
FAULTS: dict[str, tuple[Callable[[], AuditLine], str, str]] = {
    "weights that know the test labels": (
        lambda: run_audits.class_weights_line({"P01": ({"ES": 1.0, "PNES": 1.0}, OWN)}),
        "failed",
        "fold P01: trained with ES 1.000",
    ),
    "weights of training alone": (lambda: run_audits.class_weights_line({"P01": (OWN, dict(OWN))}), "ok", "1 fold"),
    "a threshold that knows a tested video": (
        lambda: run_audits.threshold_line({"P01": (0.4, [{"train": ["a", "t"], "test": ["c"]}], {"a", "b", "c"}, {"t"})}),
        "failed",
        "an inner fold holds 1 tested video",
    ),
    "a threshold from a stranger": (
        lambda: run_audits.threshold_line({"P01": (0.4, [{"train": ["a"], "test": ["x"]}], {"a", "b", "c"}, {"t"})}),
        "failed",
        "not in training",
    ),
    "a threshold from nowhere": (lambda: run_audits.threshold_line({"P01": (0.4, [], {"a"}, {"t"})}), "failed", "comes from nowhere"),
    "a threshold of inner folds": (lambda: run_audits.threshold_line({"P01": (0.4, INNER, {"a", "b", "c"}, {"t"})}), "ok", "inner folds"),
    "boxes for one class alone": (
        lambda: run_audits.detector_line("boxes_csv", "boxes_csv", {"ES": (9, 10), "PNES": (2, 10)}),
        "warning",
        "ES: 9 of 10; PNES: 2 of 10",
    ),
    "boxes from who knows where": (
        lambda: run_audits.detector_line("boxes_csv", "it", {"ES": (9, 10), "PNES": (9, 10)}),
        "noted",
        "not known",
    ),
    "a detector that found nobody": (
        lambda: run_audits.detector_line("boxes_csv", "it", {"ES": (0, 10), "PNES": (0, 10)}),
        "warning",
        "found nobody in any video",
    ),
    "no detector": (lambda: run_audits.detector_line("whole_frame", "it", {"ES": (0, 10), "PNES": (0, 10)}), "noted", "no patient region"),
    "one class left out": (lambda: run_audits.left_out_line({"PNES": 4}, {"ES": 10, "PNES": 6}), "warning", "PNES: 4 of 10"),
    "a few of all left out": (lambda: run_audits.left_out_line({"PNES": 1, "ES": 1}, {"ES": 19, "PNES": 19}), "noted", "ES: 1 of 20"),
    "nothing left out": (lambda: run_audits.left_out_line({}, {"ES": 10, "PNES": 6}), "ok", "none of 16"),
    "three subjects of a class": (lambda: run_audits.balance_line({"ES": 30, "PNES": 3}, {"ES": 90, "PNES": 9}, 1), "noted", "PNES"),
    "enough subjects": (lambda: run_audits.balance_line({"ES": 30, "PNES": 30}, {"ES": 90, "PNES": 90}, 0), "ok", "ES: 30 subjects"),
    "one seed": (lambda: run_audits.seeds_line([]), "noted", "one seed"),
    "three seeds": (lambda: run_audits.seeds_line([0.5, 0.75, 0.6]), "ok", "0.500 to 0.750"),
    "reused from another version": (
        lambda: run_audits.reuse_line({"validate": (3, 4)}, ["encoder bert"]),
        "warning",
        "another version of encoder bert",
    ),
    "reused": (lambda: run_audits.reuse_line({"validate": (3, 4)}, []), "ok", "validate 3 of 4"),
    "a probe that is better": (
        lambda: run_audits.baselines_line({"beaten_by": ["features: mean"], "rows": [1] * 8}),
        "warning",
        "features: mean",
    ),
    "no better probe": (lambda: run_audits.baselines_line({"beaten_by": [], "rows": [1] * 8}), "ok", "no probe of 6"),
    "no comparison": (lambda: run_audits.baselines_line(None), "noted", "off"),
}


@pytest.mark.parametrize("planted", FAULTS)
def test_a_fault_of_the_run_is_named(planted: str) -> None:
    make, outcome, said = FAULTS[planted]
    line = make()
    assert line.outcome == outcome
    assert said in line.detail


def shortcut(key: str, p: float | None, balanced: float = 0.9, m: int = 999) -> Shortcut:
    return Shortcut(key, key, "", balanced, p, m)


def test_a_shortcut_warns_after_holm() -> None:
    lines = {line.key: line.outcome for line in judged([shortcut("site", 0.001), shortcut("length", 0.04), shortcut("rate", 0.8)], 0.5)}
    assert lines == {"site": "warning", "length": "ok", "rate": "ok"}, ".04 of two that are left is no warning"


def test_a_small_study_cannot_hide_its_shortcut() -> None:
    (line, *_) = judged([shortcut("site", 0.05, m=19), shortcut("length", 0.5, m=19)], 0.5)
    assert line.outcome == "warning"


def test_too_few_permutations_are_said() -> None:
    (line,) = judged([shortcut("site", 0.33, m=2)], 0.5)
    assert (line.outcome, line.detail) == ("noted", "too few permutations (2) to tell")


def test_worse_than_chance_is_no_shortcut() -> None:
    assert judged([shortcut("site", 0.001, balanced=0.3)], 0.5)[0].outcome == "ok"


def test_the_line_of_all_shortcuts_names_them() -> None:
    rows = [vars(line) for line in judged([shortcut("site", 0.001), shortcut("rate", 0.8)], 0.5)]
    line = run_audits.shortcuts_line(rows)
    assert (line.outcome, "site (balanced accuracy 0.900)" in line.detail) == ("warning", True)
    assert run_audits.shortcuts_line([]).outcome == "noted"
    assert np.isfinite(rows[0]["p"])
