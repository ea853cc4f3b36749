"""What must fit together: levels, lengths, sizes. One rule a function."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from vsslfw.recipe.components import Used
from vsslfw.recipe.tree import Finding, KeyPath

LEVELS = ("frame", "sequence", "feature")
MANY_FRAMES = 512
"""Frames at once in the backbone from which a note says what a batch of clips is: at 224 x 224 they take 0.3 GB before any layer."""


class NotKnownError(Exception):
    """A value that a rule needs has a problem of its own."""


@dataclass(frozen=True)
class Known:
    """The settings (defaults filled in) and components without a finding; asking for another raises NotKnownError."""

    values: dict[str, Any]
    wrong: frozenset[KeyPath]
    used: dict[KeyPath, Used]
    parts: dict[KeyPath, Any]

    def __call__(self, dotted: str) -> Any:
        path = tuple(dotted.split("."))
        value: Any = self.values
        for depth, key in enumerate(path):
            if path[: depth + 1] in self.wrong or not isinstance(value, dict) or key not in value:
                raise NotKnownError(dotted)
            value = value[key]
        return value

    def component(self, dotted: str) -> Used:
        """The component at a key."""
        used: Used = self._get(self.used, dotted)
        return used

    def built(self, dotted: str) -> Any:
        """The component at a key, built (`vsslfw.recipe.build`)."""
        return self._get(self.parts, dotted)

    def _get(self, entries: dict[KeyPath, Any], dotted: str) -> Any:
        path = tuple(dotted.split("."))
        if path not in entries:
            raise NotKnownError(dotted)
        return entries[path]

    @property
    def corruptions(self) -> list[Used]:
        """The corruptions in the order of the recipe."""
        return [used for used in self.used.values() if used.kind == "corruption"]


def check_rules(known: Known) -> list[Finding]:
    """All findings of all rules."""
    findings: list[Finding] = []
    for rule in RULES:
        try:
            findings.extend(rule(known))
        except NotKnownError:
            continue  # that value has a finding of its own already
    return findings


def _name(known: Known) -> Iterator[Finding]:
    """The name stands in the names of run folders."""
    name = known("name")
    if not re.fullmatch(r"\w[\w.-]*", name):
        fitting = re.sub(r"[^\w.-]+", "_", name).lstrip("._-") or "my_recipe"
        what = f"{name!r} cannot be part of a folder's name; expected letters, digits, '.', '_' and '-', with no '.' or '-' first"
        yield Finding(("name",), what, f'write "{fitting}"')


def _levels(known: Known) -> Iterator[Finding]:
    """Corruptions run frame, then sequence, then feature."""
    highest = 0
    for used in known.corruptions:
        level = getattr(used.cls, "level", None)
        if level not in LEVELS:
            yield Finding(used.path, f'"{used.name}" does not say its level; expected one of {", ".join(LEVELS)}')
            continue
        if LEVELS.index(level) < highest:
            what = f'"{used.name}" acts on level {level} and stands after one that acts on level {LEVELS[highest]}'
            yield Finding(used.path, what, "corruptions are listed in the order frame, sequence, feature")
        highest = max(highest, LEVELS.index(level))


def _online(known: Known) -> Iterator[Finding]:
    """Frame-level corruption changes the pictures, so their features cannot be computed once."""
    for used in known.corruptions:
        if getattr(used.cls, "level", None) == "frame" and known("extract.views") != "online":
            what = f'"{used.name}" acts on frames, so features cannot be cached; extract.views must be "online"'
            cost = f"every clip then goes through the backbone twice (clean and corrupted) in each of the {known('pretrain.epochs')} epochs"
            yield Finding(used.path, what, f'set extract.views="online"; {cost}', also=(("extract", "views"),))


def _clip_fits(known: Known) -> Iterator[Finding]:
    if known("pretrain.source") == "none":
        return
    seconds, fps, positions = known("contextual.clip_s"), known("video.fps"), known("positions")
    backbone = known.built("backbone")
    length, stride = backbone.clip_length, backbone.clip_stride
    frames = int(seconds * fps + 1e-6)
    count = 0 if frames < length else (frames - length) // stride + 1
    if count > positions:
        longest = ((positions - 1) * stride + length) / fps
        what = f"{seconds} s at {fps} frames per second fill {count} positions, and there are {positions}"
        hint = f"set positions={count}, or contextual.clip_s to {int(longest * 100) / 100} or less"
        yield Finding(("contextual", "clip_s"), what, hint, also=(("positions",), ("video", "fps")))
    elif count < 1:
        what = f"{seconds} s at {fps} frames per second give no feature: {frames} frames, and {length} are needed"
        yield Finding(("contextual", "clip_s"), what, also=(("video", "fps"),))


def _stride(known: Known) -> Iterator[Finding]:
    stride, positions = known("evaluate.stride"), known("positions")
    if stride is not None and stride > positions:
        what = f"a stride of {stride} skips frames: a window has {positions} positions"
        yield Finding(("evaluate", "stride"), what, also=(("positions",),))


def _micro_batch(known: Known) -> Iterator[Finding]:
    for stage in ("pretrain", "finetune"):
        micro, batch = known(f"{stage}.micro_batch"), known(f"{stage}.batch_size")
        if micro is not None and micro > batch:
            yield Finding(
                (stage, "micro_batch"), f"a micro_batch of {micro} is more than the batch_size, {batch}", also=((stage, "batch_size"),)
            )


def _positive(known: Known) -> Iterator[Finding]:
    classes, positive = known("labels.classes"), known("labels.positive")
    if classes is not None and positive is not None and positive not in classes:
        yield Finding(("labels", "positive"), f'"{positive}" is not among labels.classes', f"known: {', '.join(classes)}")
    if classes is not None and len(set(classes)) < len(classes):
        yield Finding(("labels", "classes"), "a class is named twice")


def _resize(known: Known) -> Iterator[Finding]:
    size, crop = known("video.resize"), known.built("backbone").frame_size
    if size is not None and (size[0] < crop[0] or size[1] < crop[1]):
        what = f"{size[0]} x {size[1]} is smaller than the crop of the backbone, {crop[0]} x {crop[1]}"
        yield Finding(("video", "resize"), what, also=(("backbone",),))


def _positions(known: Known) -> Iterator[Finding]:
    longest, positions = getattr(known.built("encoder"), "max_positions", None), known("positions")
    if isinstance(longest, int) and positions > longest:
        what = f"{positions} positions do not fit into the encoder: its max_positions is {longest}"
        hint = f"set positions={longest} or less, or encoder.max_positions={positions}"
        yield Finding(("positions",), what, hint, also=(("encoder", "max_positions"),))


def notes(known: Known) -> list[str]:
    """What is right, and still worth knowing before a run."""
    found = []
    backbone = known.parts.get(("backbone",))
    length, stride = (backbone.clip_length, backbone.clip_stride) if backbone else (1, 1)
    if stride < length and any(getattr(used.cls, "level", "") == "sequence" for used in known.corruptions):
        found.append(
            f"a feature covers {length} frames at a stride of {stride}: neighbours of a masked position show part of what it hides"
        )
    frames = known("extract.batch_size") * length
    if length > 1 and frames > MANY_FRAMES:
        found.append(f"extract.batch_size counts clips of {length} frames here: {frames} frames are in memory at once")
    sequence = [used for used in known.corruptions if getattr(used.cls, "level", "") == "sequence"]
    for used, later in itertools.pairwise(sequence):
        if getattr(used.cls, "changes_length", False):
            found.append(f'"{used.name}" leaves MASK in the tail it frees, and "{later.name}" behind it treats that tail like frames')
    if known("extract.views") == "online" and known("pretrain.source") != "none":
        epochs = known("pretrain.epochs")
        found.append(
            f'extract.views is "online": every clip goes through the backbone in each of the {epochs} epochs; views=4 computes 4 crops once'
        )
    return found


RULES: tuple[Callable[[Known], Iterator[Finding]], ...] = (
    _name,
    _levels,
    _online,
    _clip_fits,
    _stride,
    _micro_batch,
    _positive,
    _resize,
    _positions,
)
