"""From samples to batches, in an order that depends on the epoch's number alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from vsslfw.seeds import Stream
from vsslfw.types import Batch


class Samples(Protocol):
    """What can be trained on: ``len`` samples, each a `Batch` of B = 1, drawn anew for each epoch."""

    def __len__(self) -> int: ...

    def sample(self, index: int, epoch: int) -> Batch:
        """Sample ``index`` as it is seen in ``epoch`` (from 0): the same for the same two numbers, whoever asks, whenever."""
        ...


def collate(batches: Sequence[Batch]) -> Batch:
    """One batch of all rows, in order. Raises ValueError if a field is there in some batches and not in others."""
    values: dict[str, Tensor | None] = {}
    for field in fields(Batch):
        parts = [part for part in (getattr(batch, field.name) for batch in batches) if part is not None]
        if parts and len(parts) != len(batches):
            raise ValueError(f"{field.name} is there in {len(parts)} of {len(batches)} batches")
        values[field.name] = torch.cat(parts) if parts else None
    return Batch(**values)  # type: ignore[arg-type]


def in_order(samples: Samples, batch_size: int, *, epoch: int = 0) -> Iterator[Batch]:
    """All samples once, in their own order: for evaluation."""
    for start in range(0, len(samples), batch_size):
        yield collate([samples.sample(index, epoch) for index in range(start, min(start + batch_size, len(samples)))])


def shuffled(samples: Samples, batch_size: int, stream: Stream, *, num_workers: int = 0) -> DataLoader[Batch]:
    """A loader whose epoch e (``loader.sampler.set_epoch(e)``) is the permutation of ``stream / e``; the last batch may be smaller."""
    return DataLoader(
        _Addressed(samples), batch_size=batch_size, sampler=EpochOrder(len(samples), stream), collate_fn=collate, num_workers=num_workers
    )


class EpochOrder(Sampler[tuple[int, int]]):
    """Yields (epoch, index). A sample's address says its epoch, so no worker process has to be told of it."""

    def __init__(self, length: int, stream: Stream) -> None:
        self.length = length
        self.stream = stream
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch of the next iteration; mmengine's DistSamplerSeedHook calls it."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[tuple[int, int]]:
        order = (self.stream / self.epoch).generator().permutation(self.length)
        return iter([(self.epoch, int(index)) for index in order])

    def __len__(self) -> int:
        return self.length


class _Addressed(Dataset[Batch]):
    metainfo: dict[str, Any] = {}  # noqa: RUF012  (mmengine's loop warns of a data set without it)

    def __init__(self, samples: Samples) -> None:
        self.samples = samples

    def __getitem__(self, address: tuple[int, int]) -> Batch:
        epoch, index = address
        return self.samples.sample(index, epoch)

    def __len__(self) -> int:
        return len(self.samples)
