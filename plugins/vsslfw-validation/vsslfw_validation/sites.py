"""Leave one site out: does a model work at a hospital, or on a camera, that it has never seen?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vsslfw.data.spelling import alike, nfc
from vsslfw.errors import did_you_mean

SHOWN = 5
"""How many subjects or videos a message names before it counts the others."""


class LeaveOneSiteOut:
    """split(X, y, groups) -> (train, test) indices: each site is tested once, by a model of the videos of all others.

    A subject belongs to one site: one with video at two would stand on both sides, and ValueError names it.

    column: the column of the manifest that holds the site: a hospital, a ward, a camera.
    """

    check_with: ClassVar[tuple[dict[str, Any], ...]] = ({"column": "subject_id"},)

    def __init__(self, *, column: str = "site") -> None:
        self.column = column

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Yield (train, test) indices, a site a fold, in the order of the sites' names."""
        from sklearn.model_selection import LeaveOneGroupOut

        sites = self._sites(X)
        yield from LeaveOneGroupOut().split(X, y, np.array(sites))

    def _sites(self, rows: Sequence[dict[str, str]]) -> list[str]:
        """The site of each video. ValueError with all that is wrong with them."""
        columns = {name for row in rows for name in row}
        if self.column not in columns:
            near = did_you_mean(self.column, columns - {"video_id", "subject_id", "label"})
            raise ValueError(f'column is "{self.column}", which the manifest does not have; {near}'.rstrip("; "))
        sites = [nfc(row.get(self.column, "").strip()) for row in rows]
        problems = _named("no site is given for video", [row["video_id"] for row, site in zip(rows, sites, strict=True) if not site])
        homes: dict[str, set[str]] = {}
        spellings: dict[str, set[str]] = {}
        for row, site in zip(rows, sites, strict=True):
            if site:
                homes.setdefault(row["subject_id"], set()).add(site)
                spellings.setdefault(alike(site), set()).add(site)
        moved = [f"{subject} ({', '.join(sorted(of))})" for subject, of in sorted(homes.items()) if len(of) > 1]
        problems += _named("one subject must have one site, or it stands on both sides; at several is", moved)
        problems += _named("these are two spellings of one site:", [" and ".join(sorted(s)) for s in spellings.values() if len(s) > 1])
        if not problems and len(spellings) < 2:
            problems = [f"all videos are of site {sites[0]}; two are needed"]
        if problems:
            raise ValueError(f"column {self.column}: {'; '.join(problems)}")
        return sites


def _named(what: str, names: Sequence[str]) -> list[str]:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return [f"{what} {', '.join(names[:SHOWN])}{more}"] if names else []
