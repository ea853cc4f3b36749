"""What made a result, in a few words: one line of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vsslfw.caching.contents import Result
from vsslfw.caching.lookup import SHOWN
from vsslfw.caching.origins import read_origin
from vsslfw.errors import UserError

Inputs = Mapping[str, Any]


def few_words(result: Result) -> str:
    """Encoder, epochs, number of clips and the like."""
    if result.head is None:
        return "unfinished"
    try:
        inputs = read_origin(result).inputs
    except UserError:
        return "damaged"
    if inputs is None or result.stage not in WORDS:
        return "not recorded"
    try:
        return WORDS[result.stage](inputs)
    except (KeyError, TypeError, ValueError, IndexError):  # another version of vsslfw made it
        return "not recorded in a form that is known here"


def _features(inputs: Inputs) -> str:
    _, frames, fps = inputs["clip"]
    _, _, crop, views, _ = inputs["frames"]
    crops = "centre crop" if crop == "centre" else _count(views, "random crop")
    return f"{_type(inputs['backbone'])}, {_count(frames, 'frame')} at {fps:g} fps, {crops}"


def _pretrain(inputs: Inputs) -> str:
    noise = " + ".join(map(_type, inputs["corruption"])) or "no corruption"
    return f"{_type(inputs['encoder'])}, {_count(inputs['settings']['epochs'], 'epoch')}, {_count(len(inputs['clips']), 'clip')}, {noise}"


def _folds(inputs: Inputs) -> str:
    start = f"from pretrain {inputs['pretrain'][:SHOWN]}" if inputs["pretrain"] else "from scratch"
    trained = f"{_count(len(inputs['train']), 'video')} trained on, {len(inputs['test'])} tested"
    return f"{_type(inputs['encoder'])} + {_type(inputs['head'])}, {_count(inputs['settings']['epochs'], 'epoch')}, {trained}, {start}"


def _baselines(inputs: Inputs) -> str:
    return f"probe {inputs['probe']}, {_count(len(inputs['videos']), 'video')}, {_count(inputs['permutations'], 'permutation')}"


WORDS: dict[str, Callable[[Inputs], str]] = {"features": _features, "pretrain": _pretrain, "folds": _folds, "baselines": _baselines}


def _type(component: Inputs) -> str:
    return str(component["config"]["type"])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
