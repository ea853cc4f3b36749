"""The feature store: one entry a clip, sharded by segment, in safetensors; a header is written last and makes it whole."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from vsslfw.atomic import read_json, replacing, write_json
from vsslfw.errors import RunError
from vsslfw.last_use import note_use

DTYPES = {"float16": torch.float16, "float32": torch.float32}


@dataclass(frozen=True)
class Shard:
    """A segment of an entry: its file's name, and the half-open range [start, stop) of its features in the entry."""

    file: str
    start: int
    stop: int


@dataclass(frozen=True)
class FoundShard:
    """A segment that was written before, the notes written with it, and whether it holds the crop boxes of its frames."""

    shard: Shard
    notes: dict[str, str]
    boxes: bool


@dataclass(frozen=True)
class FeatureEntry:
    """The features of one clip on disk: (views, K, D), presentation times (K,) seconds, and where they came from."""

    header: Path
    views: int
    length: int
    feature_dim: int
    shards: tuple[Shard, ...]
    provenance: dict[str, Any]

    @property
    def key(self) -> str:
        """The entry's key: a digest of all that its features depend on."""
        return self.header.stem

    def read(self, view: int = 0, start: int = 0, stop: int | None = None) -> tuple[Tensor, Tensor]:
        """Features (n, D) float32 and times (n,) float64 seconds of positions start..stop-1 of one view."""
        stop = self.length if stop is None else stop
        features, times = [], []
        for shard in self.shards:
            first, last = max(start, shard.start) - shard.start, min(stop, shard.stop) - shard.start
            if first >= last:
                continue
            with safe_open(self.header.parent / shard.file, framework="pt") as file:
                features.append(file.get_slice("features")[view, first:last].float())
                times.append(file.get_slice("times")[first:last])
        if not features:
            return torch.zeros(0, self.feature_dim), torch.zeros(0, dtype=torch.float64)
        return torch.cat(features), torch.cat(times)


class FeatureStore:
    """Entries below a folder, by key. An entry without its header does not exist; shards of one are taken up again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _header(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"

    def find(self, key: str) -> FeatureEntry | None:
        """The whole entry, or none."""
        header = self._header(key)
        if not header.is_file():
            return None
        content = read_json(header)
        shards = tuple(Shard(**shard) for shard in content["shards"])
        missing = [shard.file for shard in shards if not (header.parent / shard.file).is_file()]
        if missing:
            raise RunError(f"the feature store lost {missing[0]}, which {header} names; remove {header} and run again")
        note_use(header)
        return FeatureEntry(header, content["views"], content["length"], content["feature_dim"], shards, content["provenance"])

    def find_shard(self, key: str, number: int) -> FoundShard | None:
        """A finished segment of an entry that may not be whole yet; its range counts from 0."""
        path = self._shard_path(key, number)
        if not path.is_file():
            return None
        with safe_open(path, framework="pt") as file:
            shard = Shard(path.name, 0, file.get_slice("times").get_shape()[0])
            return FoundShard(shard, file.metadata(), "boxes" in file.keys())  # noqa: SIM118

    def write_shard(
        self,
        key: str,
        number: int,
        features: Tensor,
        times: Tensor,
        *,
        dtype: str,
        notes: dict[str, str],
        boxes: NDArray[np.float64] | None = None,
    ) -> Shard:
        """Write features (views, n, D), their times (n,) seconds, and the frames' crop boxes (m, 4) if any."""
        path = self._shard_path(key, number)
        tensors = {"features": features.to(DTYPES[dtype]).contiguous(), "times": times.to(torch.float64).contiguous()}
        if boxes is not None:
            tensors["boxes"] = torch.from_numpy(boxes)
        with replacing(path) as part:
            save_file(tensors, part, metadata=notes)
        return Shard(path.name, 0, features.shape[1])

    def finish(self, key: str, shards: list[Shard], *, views: int, feature_dim: int, provenance: dict[str, Any]) -> FeatureEntry:
        """Write the header: from here on the entry exists. Shards follow each other without a gap, whatever was lost between them."""
        ends = list(accumulate(shard.stop - shard.start for shard in shards))
        shards = [Shard(shard.file, start, stop) for shard, start, stop in zip(shards, [0, *ends], ends, strict=False)]
        content = {
            "views": views,
            "length": shards[-1].stop,
            "feature_dim": feature_dim,
            "shards": [shard.__dict__ for shard in shards],
            "provenance": provenance,
        }
        write_json(self._header(key), content)
        entry = self.find(key)
        assert entry is not None
        return entry

    def _shard_path(self, key: str, number: int) -> Path:
        return self.folder / key[:2] / f"{key}-{number:04d}.safetensors"
