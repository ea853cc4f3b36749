"""The feature store: what is written is read, in any window; an entry without its header does not exist."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vsslfw.data.store import FeatureStore, FoundShard, Shard
from vsslfw.errors import RunError

KEY = "ab" + "0" * 62


def write(store: FeatureStore, features: torch.Tensor, lengths: list[int], dtype: str = "float32") -> list[Shard]:
    shards, start = [], 0
    for number, length in enumerate(lengths):
        part = features[:, start : start + length]
        times = torch.arange(start, start + length) / 25
        shards.append(store.write_shard(KEY, number, part, times, dtype=dtype, notes={"error": ""}))
        start += length
    return shards


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(1, 3), st.data())
def test_any_window_of_any_view_is_read_back(lengths: list[int], views: int, data: st.DataObject) -> None:
    total = sum(lengths)
    start = data.draw(st.integers(0, total))
    stop = data.draw(st.integers(start, total))
    features = torch.randn(views, total, 5)
    with tempfile.TemporaryDirectory() as folder:
        store = FeatureStore(Path(folder))
        entry = store.finish(KEY, write(store, features, lengths), views=views, feature_dim=5, provenance={})
        for view in range(views):
            found, times = entry.read(view, start, stop)
            assert torch.equal(found, features[view, start:stop])
            assert torch.equal(times, (torch.arange(start, stop) / 25).double())


def test_float16_costs_less_than_a_thousandth(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    features = torch.randn(1, 40, 8)
    entry = store.finish(KEY, write(store, features, [40], "float16"), views=1, feature_dim=8, provenance={})
    found, _ = entry.read()
    assert found.dtype == torch.float32
    assert torch.allclose(found, features[0], rtol=1e-3, atol=1e-6)


def test_shards_without_a_header_are_no_entry_but_are_taken_up_again(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    (shard,) = write(store, torch.randn(1, 4, 3), [4])
    assert store.find(KEY) is None
    assert store.find_shard(KEY, 0) == FoundShard(shard, {"error": ""}, boxes=False)


def test_a_lost_shard_is_told_and_never_read_around(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    shards = write(store, torch.randn(1, 4, 3), [2, 2])
    store.finish(KEY, shards, views=1, feature_dim=3, provenance={})
    next(tmp_path.rglob(shards[1].file)).unlink()
    with pytest.raises(RunError, match="lost"):
        store.find(KEY)
