"""The timestamps of a file's packets: rate, gaps, wrong stamps. Reads the whole file, decodes nothing, in constant memory."""

from __future__ import annotations

import heapq
from collections import Counter

import av

from vsslfw.scan.facts import Stretch, Timing
from vsslfw.video.clock import RESTART_S
from vsslfw.video.decode import GAP_S, GAP_STEPS
from vsslfw.video.opening import in_words, passes
from vsslfw.video.source import Source

REORDER = 32
"""Packets come in order of decoding; a presentation time is at most so many packets late."""
UNEVEN = 0.1
UNEVEN_S = 0.002
"""A step is uneven if it differs from the usual one by a tenth and by more than what rounding to milliseconds makes."""
VARIABLE_SHARE = 0.02
"""So many uneven steps make a rate variable."""
MOST_STEPS = 20_000
"""Different step lengths that are counted; more of them would not change the usual one."""


def timing(source: Source) -> Timing:
    """Read every packet of an open, unread source."""
    base = float(source.stream.time_base or 0)
    steps = _Steps()
    packets = dropped = without = 0
    broken, passing = "", False
    use_dts = source.container.format.name == "avi"  # its presentation times are made up where a codec has B-frames
    try:
        for packet in source.container.demux(source.stream):
            if not packet.size:
                continue
            packets += 1
            if packet.is_discard:
                dropped += 1
                continue
            stamp = packet.dts if use_dts or packet.pts is None else packet.pts
            if stamp is None or not base:
                without += 1
            else:
                decoded = None if packet.dts is None else packet.dts * base
                steps.push(stamp * base, (packet.duration or 0) * base, decoded, key=packet.is_keyframe)
    except (av.FFmpegError, OSError, ValueError, RuntimeError) as error:
        broken, passing = in_words(error), passes(error)
    steps.finish()
    without_times = without == packets - dropped
    span = without * source.clock.step_s if without_times else steps.passed + (steps.last_duration or steps.usual)
    return Timing(
        packets=packets,
        dropped=dropped,
        span_s=round(span, 6),
        rate=round(steps.count / steps.recorded, 4) if steps.recorded else None,
        variable=steps.uneven_share > VARIABLE_SHARE,
        without_stamp=without,
        not_increasing=steps.not_increasing,
        restarts=steps.restarts,
        gaps=steps.gaps,
        gaps_s=round(steps.passed - steps.recorded, 3),
        longest_gap=steps.longest_gap,
        broken=broken,
        passing=passing,
    )


class _Steps:
    """Presentation times in, as packets bring them; what lies between them out."""

    def __init__(self) -> None:
        self.passed = 0.0
        """Seconds from the first picture to the last; ``recorded`` of them are in no gap, and ``count`` steps are in those."""
        self.recorded = 0.0
        self.count = 0
        self.last_duration = 0.0
        self.not_increasing = self.restarts = self.gaps = 0
        self.longest_gap: Stretch | None = None
        self._waiting: list[tuple[float, float]] = []
        self._last: float | None = None
        self._decoded: float | None = None
        self._steps: Counter[int] = Counter()

    def push(self, time: float, duration: float, decoded: float | None, *, key: bool) -> None:
        """A packet's presentation time; its time of decoding, if it has one; whether it is a key frame."""
        if self._starts_anew(time, decoded if key else None):
            self.finish()
            self.restarts += 1
            self._last = None
        self._decoded = decoded
        heapq.heappush(self._waiting, (time, duration))
        if len(self._waiting) > REORDER:
            self._shown(*heapq.heappop(self._waiting))

    def _starts_anew(self, time: float, decoded: float | None) -> bool:
        """Whether a packet has another clock than those before it. ``decoded`` is of a key frame alone.

        B-frames come after the frame that they lead up to, and that one may stand behind a gap: what still finds its place
        among the packets that wait is late, not back. A key frame is never late; it tells where few packets were shown so far.
        """
        back = self._last is not None and time < self._last - RESTART_S
        return back or (decoded is not None and self._decoded is not None and decoded < self._decoded - RESTART_S)

    def finish(self) -> None:
        while self._waiting:
            self._shown(*heapq.heappop(self._waiting))

    def _shown(self, time: float, duration: float) -> None:
        step = None if self._last is None else time - self._last
        if step is not None and step <= 0:
            self.not_increasing += 1
            return
        self._last, self.last_duration = time, duration
        if step is None:
            return
        self.passed += step
        if step > GAP_S and self._steps and step > GAP_STEPS * self.usual:
            self.gaps += 1
            if self.longest_gap is None or step > self.longest_gap.length_s:
                self.longest_gap = Stretch(round(self.passed - step, 3), round(self.passed, 3))
            return
        self.recorded += step
        self.count += 1
        if len(self._steps) < MOST_STEPS or round(step * 1e4) in self._steps:
            self._steps[round(step * 1e4)] += 1

    @property
    def usual(self) -> float:
        """The commonest step in seconds; 0 before there is one."""
        return self._steps.most_common(1)[0][0] / 1e4 if self._steps else 0.0

    @property
    def uneven_share(self) -> float:
        middle, total = self._median(), sum(self._steps.values())
        uneven = sum(n for step, n in self._steps.items() if abs(step / 1e4 - middle) > max(UNEVEN * middle, UNEVEN_S))
        return uneven / total if total else 0.0

    def _median(self) -> float:
        left = sum(self._steps.values()) / 2
        for step in sorted(self._steps):
            left -= self._steps[step]
            if left <= 0:
                return step / 1e4
        return 0.0
