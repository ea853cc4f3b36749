"""A fit that was stopped goes on as if it had never stopped, and never from a checkpoint that is not its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from vsslfw.engine import CHECKPOINT, Training, fit, read_checkpoint
from vsslfw.errors import RunError, UserError
from vsslfw.seeds import Stream
from vsslfw.types import Batch, Loss

TRAINING = Training(epochs=4, batch_size=3, lr=0.01, weight_decay=1e-4, warmup=0.3, clip_norm=1.0)
PROVENANCE = {"encoder": {"name": "toy", "distribution": "vsslfw", "version": "0.1.0"}}
NEWER = {"encoder": {**PROVENANCE["encoder"], "version": "0.2.0"}}

Outcome = tuple[dict[str, Tensor], list[dict[str, Any]]]


class Toys:
    def __len__(self) -> int:
        return 8

    def sample(self, index: int, epoch: int) -> Batch:
        features = torch.randn(1, 2, 3, generator=torch.Generator().manual_seed(index + 1000 * epoch))
        clean = torch.tensor([[0, 1]])
        return Batch(features, clean, clean, clean >= 0, clean / 25)


class Toy(nn.Module):
    def __init__(self, width: int = 8) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.layers = nn.Sequential(nn.Linear(3, width), nn.Dropout(0.5), nn.Linear(width, 3))

    def step(self, batch: Batch) -> Loss:
        return Loss({"loss": (self.layers(batch.features) - batch.features).square().sum()}, batch.valid.sum())


def run(folder: Path, progress: Callable[[dict[str, Any]], None] | None = None, **changes: Any) -> Outcome:
    model = changes.pop("model", None) or Toy()
    options = {"stream": Stream(0, "fit"), "stage": "pretrain", "provenance": PROVENANCE, **changes}
    history = fit(model, Toys(), options.pop("training", TRAINING), folder=folder, progress=progress, **options)
    return model.state_dict(), history


class Killed(BaseException):
    pass


def killed_at(iteration: int) -> Callable[[dict[str, Any]], None]:
    def progress(state: dict[str, Any]) -> None:
        if state["iteration"] == iteration:
            raise Killed

    return progress


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run(tmp_path_factory.mktemp("uninterrupted"))


def assert_same(found: Outcome, expected: Outcome) -> None:
    assert found[1] == expected[1]
    assert all(torch.equal(found[0][name], expected[0][name]) for name in expected[0])


@pytest.mark.parametrize("iterations", [[2], [3], [5, 8], [4, 7, 10], [12]])
def test_stopped_anywhere_it_ends_bitwise_the_same(tmp_path: Path, uninterrupted: Any, iterations: list[int]) -> None:
    for iteration in iterations:
        with pytest.raises(Killed):
            run(tmp_path, killed_at(iteration))
    assert_same(run(tmp_path), uninterrupted)


def test_killed_by_the_system_it_ends_bitwise_the_same(tmp_path: Path, uninterrupted: Any) -> None:
    child = subprocess.Popen([sys.executable, __file__, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "in epoch 3\n"
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert len(read_checkpoint(tmp_path / CHECKPOINT)["vsslfw"]["history"]) == 2
    assert_same(run(tmp_path), uninterrupted)


def test_a_finished_fit_is_not_trained_again(tmp_path: Path, uninterrupted: Any) -> None:
    run(tmp_path)
    told: list[dict[str, Any]] = []
    assert_same(run(tmp_path, told.append), uninterrupted)
    assert [(state["epoch"], state["iteration"], state["iterations"]) for state in told] == [(4, 12, 12)]


def test_a_resumed_fit_tells_where_it_stands_first(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        run(tmp_path, killed_at(7))
    told: list[dict[str, Any]] = []
    run(tmp_path, told.append)
    assert [state["iteration"] for state in told] == [6, 7, 8, 9, 10, 11, 12]


def test_checkpoints_can_be_rarer(tmp_path: Path, uninterrupted: Any) -> None:
    with pytest.raises(Killed):
        run(tmp_path, killed_at(11), checkpoint_every=2)
    assert len(read_checkpoint(tmp_path / CHECKPOINT)["vsslfw"]["history"]) == 2
    assert_same(run(tmp_path, checkpoint_every=2), uninterrupted)


def test_a_checkpoint_is_plain_data_and_says_who_made_it(tmp_path: Path) -> None:
    _, history = run(tmp_path)
    checkpoint = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    assert checkpoint["vsslfw"]["configuration"]["provenance"] == PROVENANCE
    assert checkpoint["vsslfw"]["history"] == history
    assert checkpoint["meta"]["epoch"] == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"training": Training(epochs=4, batch_size=3, lr=0.02)}, "training.lr was 0.01 and is now 0.02"),
        ({"stage": "finetune"}, "stage was 'pretrain' and is now 'finetune'"),
        ({"stream": Stream(1, "fit")}, "stream was"),
        ({"model": Toy(9)}, "model was"),
    ],
)
def test_a_checkpoint_of_another_configuration_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    run(tmp_path)
    with pytest.raises(UserError, match="made with another configuration") as caught:
        run(tmp_path, **changes)
    assert message in str(caught.value)


def test_a_newer_release_of_a_component_does_not_lose_a_training(tmp_path: Path) -> None:
    _, history = run(tmp_path)
    assert run(tmp_path, provenance=NEWER)[1] == history


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


@pytest.mark.parametrize("damage", [cut, lambda data: b"", lambda data: b"not a checkpoint"], ids=["cut short", "empty", "other"])
def test_a_damaged_checkpoint_is_reported_and_not_used(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    run(tmp_path)
    path = tmp_path / CHECKPOINT
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(RunError, match="the checkpoint cannot be read") as caught:
        run(tmp_path)
    assert "Delete this file" in str(caught.value)


def test_a_flipped_bit_in_the_weights_is_found(tmp_path: Path) -> None:
    model = Toy()
    run(tmp_path, model=model)
    path = tmp_path / CHECKPOINT
    data, weights = path.read_bytes(), model.layers[0].weight.detach().numpy().tobytes()
    place = data.index(weights)
    path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    with pytest.raises(RunError, match="bad check sum"):
        run(tmp_path)


def test_a_file_that_unpickles_code_is_refused(tmp_path: Path) -> None:
    torch.save({"vsslfw": os.system}, tmp_path / CHECKPOINT)
    with pytest.raises(RunError, match="the checkpoint cannot be read"):
        run(tmp_path)


def _train_until_killed(folder: Path) -> None:
    def progress(state: dict[str, Any]) -> None:
        if state["epoch"] == 3:
            print("in epoch 3", flush=True)
            signal.pause()

    run(folder, progress)


if __name__ == "__main__":
    _train_until_killed(Path(sys.argv[1]))
