"""Batches: how samples are put together, and in which order an epoch sees them."""

from __future__ import annotations

import pytest
import torch

from vsslfw.engine import collate
from vsslfw.engine.samples import EpochOrder, in_order, shuffled
from vsslfw.seeds import Stream
from vsslfw.types import Batch


def one(index: int, epoch: int = 0, *, label: int | None = None) -> Batch:
    """A sample of 2 positions whose features say who it is."""
    clean = torch.tensor([[0, 1]])
    return Batch(
        features=torch.full((1, 2, 3), float(index + 100 * epoch)),
        source=clean,
        target=clean,
        valid=clean >= 0,
        times=torch.tensor([[0.0, 0.04]]),
        labels=None if label is None else torch.tensor([label]),
        index=torch.tensor([index]),
    )


class Five:
    def __len__(self) -> int:
        return 5

    def sample(self, index: int, epoch: int) -> Batch:
        return one(index, epoch)


def test_collate_keeps_the_order_and_the_fields_that_are_there() -> None:
    batch = collate([one(3, label=1), one(1, label=0)])
    assert batch.features.shape == (2, 2, 3)
    assert batch.labels is not None
    assert batch.labels.tolist() == [1, 0]
    assert batch.index is not None
    assert batch.index.tolist() == [3, 1]
    assert batch.weights is None


def test_collate_refuses_a_field_that_only_some_samples_have() -> None:
    with pytest.raises(ValueError, match="labels is there in 1 of 2"):
        collate([one(0, label=1), one(1)])


def test_an_epochs_order_is_a_permutation_that_depends_on_its_number_alone() -> None:
    order = EpochOrder(50, Stream(0, "order"))
    order.set_epoch(3)
    third = list(order)
    assert sorted(third) == [(3, index) for index in range(50)]
    order.set_epoch(0)
    assert [index for _, index in order] != [index for _, index in third]

    resumed = EpochOrder(50, Stream(0, "order"))
    resumed.set_epoch(3)
    assert list(resumed) == third


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_gives_the_samples_of_its_epoch_with_or_without_worker_processes(workers: int) -> None:
    loader = shuffled(Five(), 2, Stream(0, "order"), num_workers=workers)
    for epoch in (0, 4):
        loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        batches = list(loader)
        assert [len(batch) for batch in batches] == [2, 2, 1]
        seen = [float(value) for batch in batches for value in batch.features[:, 0, 0]]
        expected = (Stream(0, "order") / epoch).generator().permutation(5) + 100 * epoch
        assert seen == expected.tolist()


def test_evaluation_takes_samples_in_their_own_order() -> None:
    assert [batch.features[:, 0, 0].tolist() for batch in in_order(Five(), 2)] == [[0, 1], [2, 3], [4]]
