"""Audits of a finished validation: what was trained with, who is in, what else explains the result. Plain values in, a line each out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from vsslfw.evaluation.audits import AuditLine, listed

FEW_SUBJECTS = 10
"""Of a class: below that no figure can be told from chance with any certainty."""


def class_weights_line(folds: Mapping[str, tuple[Mapping[str, float], Mapping[str, float]]]) -> AuditLine:
    """Fold -> (weights it was trained with, weights of its training labels alone)."""
    faults = [
        f"fold {name}: trained with {_weights(used)}, its training labels give {_weights(own)}"
        for name, (used, own) in folds.items()
        if used.keys() != own.keys() or any(not math.isclose(used[label], own[label], rel_tol=1e-9) for label in own)
    ]
    check = "Class weights know the training labels alone"
    return AuditLine(check, "failed", listed(faults)) if faults else AuditLine(check, "ok", f"recomputed in {_n(len(folds), 'fold')}")


def threshold_line(
    folds: Mapping[str, tuple[float | None, Sequence[Mapping[str, Sequence[str]]], Collection[str], Collection[str]]],
) -> AuditLine:
    """Fold -> (threshold, inner folds of what they trained and answered, keys of the training videos, keys of the tested ones)."""
    check = "No threshold knows a tested video"
    faults, chosen = [], 0
    for name, (threshold, inner, train, test) in folds.items():
        if threshold is None:
            continue
        chosen += 1
        seen = {key for part in inner for side in ("train", "test") for key in part[side]}
        if seen & (set(test) - set(train)):
            faults.append(f"fold {name}: an inner fold holds {_n(len(seen & set(test)), 'tested video')}")
        elif seen - set(train):
            faults.append(f"fold {name}: an inner fold holds {_n(len(seen - set(train)), 'video')} that is not in training")
        elif not inner:
            faults.append(f"fold {name}: the threshold {threshold:.3f} comes from nowhere")
    if faults:
        return AuditLine(check, "failed", listed(faults))
    fine = (
        f"chosen in inner folds of the training videos in {_n(chosen, 'fold')}"
        if chosen
        else "none was chosen: the most probable class is the answer"
    )
    return AuditLine(check, "ok", fine)


WHOLE = "whole_frame"
"""The detector that looks for nobody."""


def detector_line(
    detector: str,
    made_by: str,
    boxes: Mapping[str, tuple[int, int]],
    found: Mapping[str, float] | None = None,
    trained_on: tuple[int, int] | None = None,
) -> AuditLine:
    """Class -> (its videos with a patient region, all its videos): who has one, and what the detector may have seen.

    ``detector``: its name, `WHOLE` if none was asked for.
    ``found``: class -> mean share of the times at which its patients were found, if that is known. ``trained_on``: of how many videos the
    subject trained the detector, and of how many this is known.
    """
    check = "Patient regions"
    if not any(with_box for with_box, _ in boxes.values()):
        if detector != WHOLE:
            return AuditLine(check, "warning", f"{detector} was asked for, and found nobody in any video: all of them are seen whole")
        return AuditLine(check, "noted", f"{detector}: no patient region; the room around the patient is seen too, in every class alike")
    counts = "; ".join(f"{label}: {with_box} of {of}" for label, (with_box, of) in boxes.items())
    shares = [with_box / of for with_box, of in boxes.values() if of]
    if len(shares) > 1 and max(shares) - min(shares) > 0.1:
        return AuditLine(check, "warning", f"missing more often in one class than in another, which gives the class away ({counts})")
    missing = sum(of - with_box for with_box, of in boxes.values())
    said = f"{counts} videos; {f'{missing} are seen whole; ' if missing else ''}"
    if found:
        said += "found in " + ", ".join(f"{share:.0%} of the times in {label}" for label, share in found.items()) + "; "
        if max(found.values()) - min(found.values()) > 0.1:
            return AuditLine(check, "warning", f"{said}the patient is missed more often in one class, which may give it away")
    if trained_on is None or trained_on[1] < sum(of for _, of in boxes.values()):
        return AuditLine(check, "noted", f"{said}{made_by}: whether it was trained on test subjects is not known here")
    if trained_on[0]:
        return AuditLine(check, "warning", f"{said}{made_by}: it was trained on the subjects of {trained_on[0]} of these videos")
    return AuditLine(check, "ok", f"{said}{made_by}: no subject's boxes come from a network that was trained on them")


def left_out_line(left_out: Mapping[str, int], kept: Mapping[str, int]) -> AuditLine:
    """Class (or ``contextual``) -> videos that were left out, and that took part."""
    check = "Videos that were left out"
    gone = {name: number for name, number in left_out.items() if number}
    if not gone:
        return AuditLine(check, "ok", f"none of {sum(kept.values())}")
    counts = "; ".join(f"{name}: {number} of {number + kept.get(name, 0)}" for name, number in gone.items())
    shares = [left_out.get(name, 0) / (left_out.get(name, 0) + number) for name, number in kept.items() if name != "contextual" and number]
    uneven = len(shares) > 1 and max(shares) - min(shares) > 0.1
    return AuditLine(check, "warning" if uneven else "noted", f"{counts}{', more in one class than in another' if uneven else ''}")


def balance_line(subjects: Mapping[str, int], videos: Mapping[str, int], mixed: int) -> AuditLine:
    """Class -> its subjects, and its videos; ``mixed``: subjects with videos of several classes."""
    check = "Subjects of each class"
    counts = "; ".join(f"{name}: {_n(subjects[name], 'subject')}, {_n(videos[name], 'video')}" for name in videos)
    both = f"; {mixed} with several classes" if mixed else ""
    few = [name for name, number in subjects.items() if number < FEW_SUBJECTS]
    if few:
        return AuditLine(
            check, "noted", f"{counts}{both}. Fewer than {FEW_SUBJECTS} subjects are {' and '.join(few)}: little can be concluded"
        )
    return AuditLine(check, "ok", counts + both)


def seeds_line(balanced: Sequence[float | None]) -> AuditLine:
    """Balanced accuracy of each seed of fine-tuning; empty if there was one."""
    check = "Seeds"
    known = [value for value in balanced if value is not None]
    if len(balanced) < 2 or not known:
        return AuditLine(check, "noted", "one seed of fine-tuning: how much another one would change is not known (finetune.seeds)")
    spread = f"balanced accuracy {min(known):.3f} to {max(known):.3f}"
    return AuditLine(check, "ok", f"{len(balanced)} seeds, averaged within each video and never counted as more videos: {spread}")


def reuse_line(stages: Mapping[str, tuple[int, int]], changed: Sequence[str]) -> AuditLine:
    """Stage -> (parts reused, of how many); ``changed``: components that made a reused part in another version."""
    check = "Reused results"
    reused = ", ".join(f"{name} {n} of {of}" for name, (n, of) in stages.items() if n)
    if changed:
        return AuditLine(check, "warning", f"{reused}; made with another version of {', '.join(changed)}")
    return AuditLine(
        check, "ok", f"{reused}; same inputs, same settings, same versions" if reused else "none: all of it was computed in this run"
    )


def shortcuts_line(shortcuts: Sequence[Mapping[str, Any]]) -> AuditLine:
    """The shortcut table in one line."""
    check = "No shortcut to the label"
    found = [f"{line['name']}{_score(line)}" for line in shortcuts if line["outcome"] == "warning"]
    skipped = [str(line["name"]) for line in shortcuts if line["outcome"] == "noted"]
    tried = sum(line["balanced_accuracy"] is not None for line in shortcuts)
    if found:
        return AuditLine(check, "warning", f"the label is predictable from {listed(found)}")
    if not shortcuts:
        return AuditLine(check, "noted", "not looked for (statistics.baselines is off)")
    more = f"; not settled: {', '.join(skipped)}" if skipped else ""
    return AuditLine(check, "noted" if skipped else "ok", f"{tried} tried{more}")


def baselines_line(baselines: Mapping[str, Any] | None) -> AuditLine:
    """Whether the model is better than what is simpler."""
    check = "The model beats what is simpler"
    if baselines is None:
        return AuditLine(check, "noted", "not compared (statistics.baselines is off)")
    beaten = baselines["beaten_by"]
    if beaten:
        return AuditLine(check, "warning", f"no: {listed(beaten)} scored more over the same folds")
    return AuditLine(check, "ok", f"no probe of {len(baselines['rows']) - 2} has a higher balanced accuracy")


def _score(line: Mapping[str, Any]) -> str:
    value = line["balanced_accuracy"]
    return "" if value is None else f" (balanced accuracy {value:.3f})"


def _weights(weights: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in weights.items())


def _n(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def counted(labels: Sequence[str | None]) -> Counter[str]:
    """Videos by class; those without one count as contextual."""
    return Counter(label or "contextual" for label in labels)
