"""Facts -> remarks in words, and the verdict: ok, warn or unusable. The table of docs/index_videos.md says the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from vsslfw.scan.facts import Facts, Looks, Stretch, Timing

Verdict = Literal["ok", "warn", "unusable"]
Weight = Literal["note", "warn", "unusable"]
VERDICTS: tuple[Verdict, ...] = ("ok", "warn", "unusable")

MOST_LOST = 0.05
"""A run leaves out a video of which more is missing (`video.max_lost`)."""
FEW = 2
"""So many packets without a picture are how some codecs pack their pictures, and no loss."""
LEAST_SIDE = 32
"""Pixels: below this no movement of a body can be seen."""
SMALL_SIDE = 112
"""Pixels: the paper's frames."""
SLOW = 12.5
"""Frames a second: below half of the 25 that are sampled, each picture is shown twice or more."""
SHORT_S = 1.0
NEARLY_ALL = 0.95
MOSTLY = 0.5
SLACK_S = 1.0
"""Seconds by which a header may be wrong before it is worth a word: the last picture is shown for so long (`vsslfw.video`)."""


@dataclass(frozen=True)
class Remark:
    """One thing to know about a file: how much it weighs, and what it is in words."""

    weight: Weight
    words: str


def verdict_of(remarks: list[Remark]) -> Verdict:
    """The worst of them; a note is none."""
    weights = {remark.weight for remark in remarks}
    return "unusable" if "unusable" in weights else "warn" if "warn" in weights else "ok"


def remarks_on(facts: Facts) -> list[Remark]:
    """Everything to know about a file by its content, the worst first."""
    if facts.error:
        return [Remark("unusable", facts.error)]
    found = [*_completeness(facts), *_shape(facts), *_times(facts.timing, facts), *_pictures(facts.looks, facts)]
    return sorted(found, key=lambda remark: ("unusable", "warn", "note").index(remark.weight))


def _completeness(facts: Facts) -> Iterator[Remark]:
    declared, span, expected = facts.declared_s or 0.0, facts.timing.span_s, facts.expected_frames
    if expected == 1 or facts.decoded_frames == 1:
        yield Remark("unusable", "a single picture, no video")
    if declared - span > SLACK_S and span < (1 - MOST_LOST) * declared:
        words = f"broken off: its header declares {declared:.1f} s and it ends at {span:.1f} s (a row with an end_s before that can use it)"
        yield Remark("unusable", words)
    elif declared and span - declared > max(SLACK_S, MOST_LOST * declared):
        yield Remark("warn", f"its header declares {declared:.1f} s and it goes on to {span:.1f} s")
    if facts.timing.broken:
        yield Remark("warn", f"reading it stops before its end ({facts.timing.broken})")
    if facts.decoded_frames is not None:
        lost = max(0, expected - facts.decoded_frames)
        words = f"{facts.decoded_frames} of {expected} pictures decode" + (f": {facts.damage[0]}" if facts.damage else "")
        if lost > max(FEW, MOST_LOST * expected):
            yield Remark("unusable", words)
        elif lost > FEW or facts.damaged_places:
            more = f" (and {facts.damaged_places - 1} more places)" if facts.damaged_places > 1 else ""
            yield Remark("warn", words + more)
        elif lost:
            yield Remark("note", words)
    elif facts.looks.failed:
        tried = facts.looks.pictures + facts.looks.failed
        none = not facts.looks.pictures
        words = f"{facts.looks.failed} of the {tried} pictures that were looked at do not decode"
        yield Remark("unusable" if none else "warn", words + ("" if none else "; --full says how much is lost"))
    if facts.video_streams > 1:
        yield Remark("note", f"{facts.video_streams} video streams, of which the largest is read")


def _shape(facts: Facts) -> Iterator[Remark]:
    side, size = min(facts.height, facts.width), f"{facts.width} x {facts.height} pixels"
    if side < LEAST_SIDE:
        yield Remark("unusable", f"pictures of {size}: too small to show anybody")
    elif side < SMALL_SIDE:
        yield Remark("warn", f"pictures of {size}: smaller than the {SMALL_SIDE} pixels that are looked at")
    if facts.interlaced:
        yield Remark("note", "interlaced: made progressive when it is read")
    if facts.rotation:
        yield Remark("note", f"turned by {facts.rotation} degrees in the file: shown upright when it is read")


def _times(timing: Timing, facts: Facts) -> Iterator[Remark]:
    if timing.gaps and timing.longest_gap:
        gap = timing.longest_gap
        many = f"{timing.gaps} gaps, the longest" if timing.gaps > 1 else "a gap"
        words = f"{many} of {gap.length_s:.1f} s from {gap.start_s:.1f} s on, in which no picture was recorded"
        share = timing.gaps_s / timing.span_s if timing.span_s else 0.0
        yield Remark(
            "warn",
            words
            + (f"; {share:.0%} of it is missing, and above {MOST_LOST:.0%} a run leaves a labelled video out" if share > MOST_LOST else ""),
        )
    if timing.restarts:
        yield Remark("warn", f"its clock starts anew {_times_word(timing.restarts)}: recordings joined end to end")
    if timing.without_stamp and timing.without_stamp == facts.expected_frames:
        rate = f"{facts.nominal_rate:g}" if facts.nominal_rate else "25"
        yield Remark("warn", f"it has no timestamps: times are counted at {rate} frames a second")
    elif timing.without_stamp:
        yield Remark("warn", f"{timing.without_stamp} of {timing.packets} pictures have no timestamp")
    if timing.not_increasing:
        yield Remark("warn", f"{timing.not_increasing} of {timing.packets} timestamps do not increase")
    if timing.rate and timing.rate < SLOW and timing.packets > 1:
        yield Remark("warn", f"{timing.rate:.1f} frames a second: fast movement is not in it")
    if timing.variable:
        yield Remark("note", "variable frame rate: sampled by presentation time")
    if 0 < facts.duration_s < SHORT_S and facts.expected_frames > 1:
        yield Remark("warn", f"only {facts.duration_s:.2f} s long")


def _pictures(looks: Looks, facts: Facts) -> Iterator[Remark]:
    if not looks.pictures:
        return
    by = "" if facts.whole else f" (by {looks.pictures} looks)"
    if looks.black_share >= NEARLY_ALL:
        yield Remark("unusable", f"black from beginning to end{by}")
        return
    if looks.black:
        yield Remark("warn", f"black {_stretches(looks.black)}{by}")
    if not looks.moves and looks.pictures > 1 and facts.duration_s >= SHORT_S:
        yield Remark("warn", f"nothing moves from beginning to end{by}")
    elif looks.frozen:
        yield Remark("warn", f"frozen {_stretches(looks.frozen)}{by}")
    if looks.dark_share >= MOSTLY:
        yield Remark("warn", f"dark for {looks.dark_share:.0%} of its time{by}")
    if looks.grey_share >= MOSTLY:
        yield Remark("note", f"without colour for {looks.grey_share:.0%} of its time, as infra-red is{by}")


def _stretches(stretches: tuple[Stretch, ...]) -> str:
    shown = ", ".join(str(stretch) for stretch in stretches[:3])
    return shown + (f" and {len(stretches) - 3} times more" if len(stretches) > 3 else "")


def _times_word(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
