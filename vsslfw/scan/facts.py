"""What was found in the content of one file: plain values that JSON can hold. Neither its name nor its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Stretch:
    """A part of a video: seconds from its first picture."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Seconds."""
        return self.end_s - self.start_s

    def __str__(self) -> str:
        return f"{self.start_s:.1f} to {self.end_s:.1f} s"


@dataclass(frozen=True)
class Timing:
    """What the timestamps of all packets say; nothing is decoded for it."""

    packets: int = 0
    dropped: int = 0
    """Packets that an edit list of the container leaves out."""
    span_s: float = 0.0
    """From the first picture to the end of the last, by the timestamps."""
    rate: float | None = None
    """Pictures a second, measured, where something was recorded: gaps are left out."""
    variable: bool = False
    without_stamp: int = 0
    not_increasing: int = 0
    restarts: int = 0
    """Times at which the clock starts anew, more than a second back."""
    gaps: int = 0
    gaps_s: float = 0.0
    """Seconds in gaps, all together."""
    longest_gap: Stretch | None = None
    broken: str = ""
    """Why reading packets stopped before the end, in words."""
    passing: bool = False
    """Whether that was the disk, not the content."""


@dataclass(frozen=True)
class Looks:
    """What the pictures look like, as far as they were looked at."""

    pictures: int = 0
    """So many were looked at; so many ``failed`` to decode."""
    failed: int = 0
    grey_share: float = 0.0
    """Share of the time without colour: infra-red, or a grey camera."""
    dark_share: float = 0.0
    black_share: float = 0.0
    black: tuple[Stretch, ...] = ()
    frozen: tuple[Stretch, ...] = ()
    moves: bool = True
    """Whether any two pictures differ."""


@dataclass(frozen=True)
class Signature:
    """Very small pictures at the times ``seen`` (N,) x ``step_s`` seconds, so that copies can be told by how they change."""

    step_s: float = 0.0
    """A power of two: of two signatures, the times of the coarser are times of the finer."""
    seen: tuple[int, ...] = ()
    pictures: str = ""
    """(N, 8, 8) hundredths of grey levels as little-endian 16-bit numbers, in base64."""


@dataclass(frozen=True)
class Facts:
    """One file. ``error`` says in words why it is no video that can be read, and is empty otherwise."""

    error: str = ""
    passing: bool = False
    """Whether the disk failed on the way, so that another scan may find more: not to be remembered."""
    container: str = ""
    codec: str = ""
    pixel_format: str = ""
    colour_range: str = ""
    height: int = 0
    width: int = 0
    rotation: int = 0
    """Degrees counterclockwise that make pictures upright; height and width are of the upright picture."""
    interlaced: bool = False
    nominal_rate: float | None = None
    declared_frames: int | None = None
    declared_s: float | None = None
    video_streams: int = 0
    audio: bool = False
    whole: bool = False
    """Whether every picture was decoded, not some of them alone."""
    decoded_frames: int | None = None
    """None unless ``whole``."""
    damage: tuple[str, ...] = ()
    """Damaged places, in words; the first few."""
    damaged_places: int = 0
    timing: Timing = field(default_factory=Timing)
    looks: Looks = field(default_factory=Looks)
    signature: Signature = field(default_factory=Signature)
    strip: tuple[tuple[float, str], ...] = ()
    """(time in seconds, JPEG in base64): thumbnails in order of time."""

    @property
    def duration_s(self) -> float:
        """Seconds of video, by its timestamps; as declared where it has none."""
        return self.timing.span_s or self.declared_s or 0.0

    @property
    def expected_frames(self) -> int:
        """The pictures that should decode: the packets, less what an edit list leaves out."""
        return self.timing.packets - self.timing.dropped

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Facts:
        """The inverse of `to_dict`. Raises TypeError or KeyError on data of another make."""
        timing, looks = dict(data["timing"]), dict(data["looks"])
        timing["longest_gap"] = Stretch(**timing["longest_gap"]) if timing["longest_gap"] else None
        for name in ("black", "frozen"):
            looks[name] = tuple(Stretch(**one) for one in looks[name])
        nested: dict[str, Any] = {
            "timing": Timing(**timing),
            "looks": Looks(**looks),
            "signature": Signature(**{**data["signature"], "seen": tuple(data["signature"]["seen"])}),
            "damage": tuple(data["damage"]),
            "strip": tuple((float(time), str(jpeg)) for time, jpeg in data["strip"]),
        }
        return cls(**{one.name: nested.get(one.name, data[one.name]) for one in fields(cls)})
