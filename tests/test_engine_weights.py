"""Weights on disk, and the probabilities that a classifier with them gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vsslfw.engine import Classifier, load_weights, predict, read_provenance, save_weights
from vsslfw.errors import UserError
from vsslfw.interfaces import Head, SequenceEncoder
from vsslfw.types import Batch, Loss

PROVENANCE = {"encoder": {"name": "toy", "distribution": "vsslfw", "version": "0.1.0"}}


def network(width: int = 4, layers: int = 1, seed: int = 0) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(*[nn.Linear(width, width) for _ in range(layers)], nn.BatchNorm1d(width))


def test_weights_come_back_with_who_made_them(tmp_path: Path) -> None:
    saved, loaded = network(seed=1), network(seed=2)
    save_weights(tmp_path / "w.safetensors", saved, PROVENANCE)
    assert load_weights(tmp_path / "w.safetensors", loaded) == PROVENANCE
    assert read_provenance(tmp_path / "w.safetensors") == PROVENANCE
    assert all(torch.equal(a, b) for a, b in zip(saved.state_dict().values(), loaded.state_dict().values(), strict=True))
    assert [path.name for path in tmp_path.iterdir()] == ["w.safetensors"]


def test_weights_that_do_not_fit_are_all_named_and_none_is_loaded(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.safetensors", network(4), PROVENANCE)
    other = network(5, layers=2)
    before = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    with pytest.raises(UserError) as caught:
        load_weights(tmp_path / "w.safetensors", other)
    message = str(caught.value)
    assert "0.weight is 4x4 in the file and 5x5 in the model" in message
    assert "2.running_mean is missing" in message
    assert "1.running_mean is in the file and not in the model" in message
    assert all(torch.equal(before[name], tensor) for name, tensor in other.state_dict().items())


@pytest.mark.parametrize(("content", "message"), [(None, "no such file"), (b"", "not a readable"), (b"x" * 99, "not a readable")])
def test_a_file_that_holds_no_weights_is_an_error(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "w.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        load_weights(path, network())


class Sums(SequenceEncoder):
    hidden_dim = 2
    max_positions = 3

    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        return features * valid.unsqueeze(-1)


class Logits(Head):
    task = "classification"

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(2))
        self.dropout = nn.Dropout(0.5)

    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        return self.dropout(hidden.sum(1) * self.scale)

    def loss(self, output: Tensor, batch: Batch) -> Loss:
        raise NotImplementedError


def window(first: float, second: float) -> Batch:
    clean = torch.tensor([[0, -2]])
    features = torch.tensor([[[first, second], [9.0, 9.0]]], dtype=torch.float16)
    return Batch(features, clean, clean, clean >= 0, torch.zeros(1, 2))


def test_probabilities_are_in_order_without_dropout_and_sum_to_one() -> None:
    model = Classifier(Sums(), Logits()).train()
    probabilities = predict(model, [window(0, 0), window(np.log(3), 0), window(-50, 50)])
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities, [[0.5, 0.5], [0.75, 0.25], [0, 1]], atol=1e-3)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-15)
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())
