"""What the figures mean, in plain sentences: the same ones in the terminal and on the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from vsslfw.evaluation.metrics import compute_metrics
from vsslfw.evaluation.predictions import Prediction
from vsslfw.report.data import HeldOut, Pretraining

PLACES = {"masked": "masked frames", "moved": "moved frames", "untouched": "untouched frames", "all": "all real frames"}
ANSWERS = {
    "model": "the model",
    "copy": "copy the input",
    "mean": "the mean feature",
    "interpolation": "interpolation",
}

TILES = {"own": "its own frame", "moved": "another frame", "mask": "MASK", "pad": "PAD"}
PAPER_COUNTS = {("ES", "ES"): 181, ("ES", "PNES"): 54, ("PNES", "ES"): 15, ("PNES", "PNES"): 33}
"""(true, predicted) -> videos: the paper's Table 3."""
OF_PROBABILITIES = ("average_precision", "brier", "brier_skill")
"""Definitions that counts do not give."""


def figure(value: float | None) -> str:
    """Three decimals, or a dash where a figure is not defined."""
    return "–" if value is None else f"{value:.3f}"


def between(interval: Mapping[str, float | None] | None) -> str:
    """`` (.512 to .803)``, or nothing."""
    return f" ({interval['low']:.3f} to {interval['high']:.3f})" if interval and interval["low"] is not None else ""


def percent(metrics: Mapping[str, Any]) -> str:
    """The confidence of the intervals: ``95%``."""
    return f"{metrics.get('uncertainty', {}).get('confidence', 0.95):.0%}"


def levels(metrics: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The levels that there are, by name."""
    return [(name, level) for name, level in metrics.get("levels", {}).items() if level is not None]


def errors(predictions: Sequence[Prediction]) -> list[Prediction]:
    """The wrong answers, the surest first."""
    return sorted((p for p in predictions if p.label != p.predicted), key=lambda p: (-p.probabilities[p.predicted], p.video, p.repeat))


def better_probes(metrics: Mapping[str, Any]) -> list[str]:
    """A sentence if a probe beats the model: the first thing that anybody must read."""
    beaten = (metrics.get("baselines") or {}).get("beaten_by")
    if not beaten:
        return []
    rows = {row["name"]: row["balanced_accuracy"] for row in metrics["baselines"]["rows"]}
    best = max(beaten, key=lambda name: rows[name] or 0.0)
    others = f", and {count(len(beaten) - 1, 'other')}" if len(beaten) > 1 else ""
    own = figure(metrics["definitions"]["balanced_accuracy"]["value"])
    better = f"“{best}” has a balanced accuracy of {figure(rows[best])} over the same folds{others}"
    return [f"A simpler probe beats the model: {better}; the model {own}."]


def loss(value: float | None) -> str:
    """Four significant digits: losses have no common scale."""
    return "–" if value is None else f"{value:#.4g}".rstrip(".")


def duration(seconds: float) -> str:
    """``9.5 s``, ``12 min 30 s``, ``36.0 h``."""
    if round(seconds, 1) < 90:
        return f"{seconds:.1f} s"
    if round(seconds) < 5400:
        return f"{round(seconds) // 60} min {round(seconds) % 60:02d} s"
    return f"{seconds / 3600:.1f} h"


def count(number: int, what: str) -> str:
    """``1 video``, ``1,024 videos``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def number(value: float) -> str:
    """A whole number as it is, ``1,024``; the mean of several with two decimals at most, ``2.67``."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".rstrip("0").rstrip(".")


def counts(numbers: Mapping[str, float]) -> str:
    """``3 ES, 1 PNES``; means over repeats ``2.67 ES, 1.33 PNES``."""
    return ", ".join(f"{number(value)} {name}" for name, value in numbers.items()) or "none"


def repeats(metrics: Mapping[str, Any]) -> list[str]:
    """How often the split was repeated, and how far apart the repeats are; nothing if it was not."""
    if metrics["n_repeats"] == 1:
        return []
    lines = [f"The split was made {metrics['n_repeats']} times. {metrics['repeats_meaning']}"]
    for key in ("balanced_accuracy", "accuracy"):
        entry = metrics["definitions"][key]
        if entry["value"] is not None:
            name, low, high = entry["name"].capitalize(), min(entry["by_repeat"]), max(entry["by_repeat"])
            lines.append(f"{name} lies between {figure(low)} and {figure(high)} in single repeats.")
    return lines


def headline(metrics: Mapping[str, Any]) -> list[str]:
    """What was found, what the constant answer would have scored, and how little these numbers can carry."""
    definitions, constant = metrics["definitions"], metrics["constant_answer"]
    balanced, accuracy = definitions["balanced_accuracy"], definitions["accuracy"]
    videos, subjects = metrics["videos_by_class"], metrics["subjects_by_class"]
    by_class = "; ".join(f"{count(videos[name], f'{name} video')} of {count(subjects[name], 'subject')}" for name in metrics["classes"])
    lines = [
        *better_probes(metrics),
        f"{count(metrics['n_videos'], 'video')} of {count(metrics['n_subjects'], 'subject')} were tested in "
        f"{count(metrics['n_folds'], 'fold')}, each by a model that was not trained on it ({by_class}).",
    ]
    if balanced["value"] is not None:
        chance = 1 / len(metrics["classes"])
        lines.append(f"Balanced accuracy is {_against(balanced['value'], chance, metrics['n_videos'])}, which any constant answer scores.")
    lines.append(
        f"Accuracy is {_against(accuracy['value'], accuracy['constant'], metrics['n_videos'])}, which always answering {constant} scores."
    )
    lines += repeats(metrics)
    interval = balanced.get("interval")
    if interval:
        lines.append(
            f"The {percent(metrics)} interval of balanced accuracy is {figure(interval['low'])} to {figure(interval['high'])}: over "
            f"resampled subjects, of whom the smaller class has {int(interval['m'])}, and conditional on these fitted models."
        )
    else:
        lines.append(
            f"No interval: {balanced.get('interval_reason') or 'none was asked for.'} Videos of one subject are not independent, "
            f"so the {count(metrics['n_subjects'], 'subject')} carry the result, not the videos."
        )
    return lines


def cards(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The key figures: those that a constant answer cannot win come first; each with the constant answer's."""
    always = f"always {metrics['constant_answer']}:"
    names = ("balanced_accuracy", "f1_macro", "mcc", "accuracy")
    entries = [metrics["definitions"][name] for name in names]
    return [
        {"name": e["name"], "value": e["value"], "interval": e.get("interval"), "beside": always, "constant": e["constant"]}
        for e in entries
    ]


def paper() -> dict[str, Any]:
    """The paper's Table 3: its counts in words, and every definition computed from them beside the constant answer."""
    shares = {"ES": 0.5, "PNES": 0.5}  # unknown: what needs them is left out
    pairs = [pair for pair, times in PAPER_COUNTS.items() for _ in range(times)]
    predictions = [Prediction(f"P{i}", f"V{i}", f"P{i}", true, answer, shares, 1, 1.0) for i, (true, answer) in enumerate(pairs)]
    found = compute_metrics(predictions, ("ES", "PNES"), "ES")["definitions"]
    definitions = {key: entry for key, entry in found.items() if key not in OF_PROBABILITIES}
    counts = "; ".join(f"{times} {true} answered {answer}" for (true, answer), times in PAPER_COUNTS.items())
    return {"counts": counts, "definitions": list(definitions.values())}


def _against(value: float, other: float, videos: int) -> str:
    if math.isclose(value, other):
        side = "equal to"
    elif abs(value - other) * videos < 1:
        side = "less than one video away from"
    else:
        side = "above" if value > other else "below"
    return f"{figure(value)}: {side} {figure(other)}"


def best_trivial(answers: Mapping[str, float | None]) -> tuple[str, float] | None:
    """The trivial answer with the lowest loss."""
    known = [(value, name) for name, value in answers.items() if name != "model" and value is not None]
    return (min(known)[1], min(known)[0]) if known else None


def beats(answers: Mapping[str, float | None]) -> bool | None:
    """Whether the model's loss is below every trivial one; none if they cannot be compared, or a trivial answer is exactly right."""
    best, model = best_trivial(answers), answers.get("model")
    return None if best is None or model is None or best[1] == 0 else model < best[1]


def in_order(losses: Mapping[str, Mapping[str, float | None]]) -> list[tuple[str, Mapping[str, float | None]]]:
    """Places in the order of `PLACES`; what is not known there comes last."""
    return sorted(losses.items(), key=lambda item: list(PLACES).index(item[0]) if item[0] in PLACES else len(PLACES))


def verdicts(held_out: HeldOut) -> list[str]:
    """A sentence for each place."""
    lines = []
    for place, answers in in_order(held_out.losses):
        best, model, where = best_trivial(answers), answers.get("model"), PLACES.get(place, place)
        if best is None or model is None:
            lines.append(f"{where}: none was held out, so nothing can be said.")
            continue
        name = ANSWERS.get(best[0], best[0])
        if best[1] == 0:
            lines.append(f"{where}: “{name}” is exactly right there; the model's loss is {loss(model)}.")
            continue
        change = abs(model / best[1] - 1)
        side = f"{change:.0%} below" if model < best[1] else "equal to" if model == best[1] else f"{change:.0%} above"
        lines.append(f"{where}: the model's loss ({loss(model)}) is {side} the best trivial answer, “{name}” ({loss(best[1])}).")
    return [line[0].upper() + line[1:] for line in lines]


def learnt(pretrainings: Sequence[Pretraining]) -> str:
    """One sentence: did pre-training beat the trivial answers where something had to be restored?"""
    if not pretrainings:
        return "There was no pre-training: the encoder starts from scratch."
    measured = [p.held_out for p in pretrainings if p.held_out is not None]
    if not measured:
        return "No clip was held out, so whether pre-training learnt anything is not known."
    found = {place: [beats(held_out.losses[place]) for held_out in measured if place in held_out.losses] for place in ("masked", "moved")}
    known = {place: [result for result in results if result is not None] for place, results in found.items()}
    known = {place: results for place, results in known.items() if results}
    if not known:
        return "No masked or moved frame was held out, so whether pre-training learnt anything is not known."
    won = [place for place, results in known.items() if all(results)]
    lost = [place for place, results in known.items() if not any(results)]
    mixed = [place for place in known if place not in (*won, *lost)]
    parts = []
    if won:
        parts.append(f"beat every trivial answer at {' and '.join(won)} frames")
    for place in mixed:
        parts.append(
            f"beat every trivial answer at {place} frames in {sum(known[place])} of {count(len(known[place]), 'pre-training')} only"
        )
    if lost:
        parts.append(f"did not beat the trivial answers at {' and '.join(lost)} frames")
    end = ". Treat it as having learnt nothing." if len(lost) == len(known) else "."
    return "Pre-training " + "; it ".join(parts) + end


def audit_summary(outcomes: Sequence[str]) -> str:
    """``8 audits: 7 ok, 1 noted, 0 failed``."""
    ok, noted, warned, failed = (sum(outcome == kind for outcome in outcomes) for kind in ("ok", "noted", "warning", "failed"))
    warnings = f"{count(warned, 'warning')}, " if warned else ""
    return f"{count(len(outcomes), 'audit')}: {ok} ok, {noted} noted, {warnings}{failed} failed"
