"""How long it takes to write what a study leaves: as when it was last done in this cache, else a first guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vsslfw.pipeline.origin import Costs

REPORT_S = 8.0
"""A run folder with its figures and report, where none was written yet."""
SWAP_S = 0.002
"""A swap of subjects in a contrast, likewise."""


@dataclass(frozen=True)
class Closing:
    """The last of a study: a run folder a variant, and the contrasts."""

    costs: Costs
    videos: int
    """Labelled: figures take longer for more of them."""
    metric: str
    runs: int
    contrasts: int
    permutations: int

    def report_s(self) -> float:
        """Seconds a run folder."""
        return self.costs.seconds_a_unit(self._report) or REPORT_S

    def contrasts_s(self) -> float:
        """Seconds of all contrasts."""
        return self.contrasts * self.permutations * (self.costs.seconds_a_unit(self._contrasts) or SWAP_S)

    def seconds(self) -> float:
        """Seconds of all."""
        return self.runs * self.report_s() + self.contrasts_s()

    def note_report(self, seconds: float) -> None:
        """One was written."""
        self.costs.note(self._report, 1, seconds)

    def note_contrasts(self, seconds: float) -> None:
        """All were computed."""
        self.costs.note(self._contrasts, self.contrasts * self.permutations, seconds)

    @property
    def _report(self) -> dict[str, Any]:
        return {"stage": "report", "videos": self.videos}

    @property
    def _contrasts(self) -> dict[str, Any]:
        return {"stage": "contrasts", "videos": self.videos, "metric": self.metric}
