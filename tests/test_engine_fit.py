"""The training loop: what one step is, what the same fit twice gives, and what it leaves behind."""

from __future__ import annotations

import logging
import random
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vsslfw.engine import Training, collate, fit
from vsslfw.engine.schedule import share_of_lr
from vsslfw.errors import RunError
from vsslfw.plan import CorruptionPlan
from vsslfw.seeds import Stream
from vsslfw.types import Batch, Loss

T, D = 6, 4


class Toys:
    """Clips of 1 to T frames, so that samples count differently in a mean over frames."""

    def __init__(self, length: int = 7) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length

    def sample(self, index: int, epoch: int) -> Batch:
        plan = CorruptionPlan.clean(1 + index % T, T)
        generator = torch.Generator().manual_seed(index)
        return Batch(
            features=torch.randn(1, T, D, generator=generator, dtype=torch.float64),
            source=torch.tensor(plan.source.copy())[None],
            target=torch.tensor(plan.target.copy())[None],
            valid=torch.tensor(plan.valid.copy())[None],
            times=torch.arange(T)[None] / 25,
        )


class Restorer(nn.Module):
    """A little model; its loss is the mean over real frames, as that of eq. (1)."""

    def __init__(self, dropout: float = 0.0, dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.layers = nn.Sequential(nn.Linear(D, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, D)).to(dtype)

    def step(self, batch: Batch) -> Loss:
        features = batch.features.to(self.layers[0].weight.dtype)
        error = (self.layers(features) - features.flip(-1)).square().sum(-1)
        return Loss({"loss": error[batch.valid].sum(), "frames": batch.valid.sum()}, batch.valid.sum())

    def vector(self) -> Tensor:
        return torch.cat([parameter.detach().flatten() for parameter in self.parameters()])


def plan(**changes: Any) -> Training:
    return Training(**{"epochs": 2, "batch_size": 4, "lr": 0.01, "weight_decay": 1e-4, **changes})


Outcome = tuple[Tensor, list[dict[str, Any]]]


def trained(folder: Path, training: Training, *, dropout: float = 0.0, seed: int = 0, **options: Any) -> Outcome:
    model = Restorer(dropout)
    history = fit(model, Toys(), training, folder=folder, stream=Stream(seed, "fit"), **options)
    return model.vector(), history


@pytest.mark.parametrize("micro_batch", [1, 2, 3])
@pytest.mark.parametrize("clip_norm", [None, 0.5])
def test_micro_batches_do_not_change_the_step(tmp_path: Path, micro_batch: int, clip_norm: float | None) -> None:
    whole, history = trained(tmp_path / "whole", plan(clip_norm=clip_norm))
    parts, history_of_parts = trained(tmp_path / "parts", plan(clip_norm=clip_norm, micro_batch=micro_batch))
    torch.testing.assert_close(parts, whole, rtol=1e-9, atol=1e-12)
    assert history_of_parts[-1]["loss"] == pytest.approx(history[-1]["loss"], rel=1e-9)


def test_a_step_is_adamw_on_the_mean_over_all_frames_of_the_batch(tmp_path: Path) -> None:
    model = Restorer()
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1)
    loss = model.step(collate([Toys().sample(index, 0) for index in range(7)]))
    mean = loss.sums["loss"] / loss.count
    mean.backward()
    optimiser.step()
    weights, history = trained(tmp_path, plan(epochs=1, batch_size=7, micro_batch=2, weight_decay=0.1))
    torch.testing.assert_close(weights, model.vector(), rtol=1e-9, atol=1e-12)
    assert history == [{"epoch": 1, "lr": 0.01, "loss": pytest.approx(mean.item()), "frames": 1.0}]


def test_the_gradient_of_the_mean_is_clipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    norms: list[float] = []

    def record(self: torch.optim.Optimizer, closure: None = None) -> None:
        norms.append(float(torch.cat([p.grad.flatten() for group in self.param_groups for p in group["params"]]).norm()))

    monkeypatch.setattr(torch.optim.AdamW, "step", record)
    trained(tmp_path / "free", plan())
    free, norms[:] = list(norms), []
    trained(tmp_path / "clipped", plan(clip_norm=1.0))
    assert min(free) > 1.5
    assert norms == pytest.approx([1.0] * len(norms), rel=1e-5)


@pytest.mark.parametrize(
    ("schedule", "warmup", "shares"),
    [
        ("linear", 0.0, [1.0, 0.75, 0.5, 0.25]),
        ("linear", 0.5, [0.5, 1.0, 1.0, 0.5]),
        ("constant", 0.0, [1.0, 1.0, 1.0, 1.0]),
        ("constant", 0.5, [0.5, 1.0, 1.0, 1.0]),
    ],
)
def test_the_learning_rate_of_each_iteration(tmp_path: Path, schedule: Any, warmup: float, shares: list[float]) -> None:
    assert [share_of_lr(i, 4, schedule, warmup) for i in range(4)] == shares
    _, history = trained(tmp_path, plan(epochs=4, batch_size=7, schedule=schedule, warmup=warmup))
    assert [epoch["lr"] for epoch in history] == [0.01 * share for share in shares]


def test_training_is_read_from_a_recipe_section() -> None:
    optimiser = SimpleNamespace(lr=0.005, weight_decay=1e-4, schedule="linear", warmup=0.0, clip_norm=None)
    section = SimpleNamespace(epochs=50, batch_size=16, micro_batch=None, precision="float32", optimiser=optimiser)
    assert Training.of(section) == Training(epochs=50, batch_size=16, lr=0.005, weight_decay=1e-4)


def test_the_same_fit_twice_is_bitwise_the_same_and_another_seed_is_not(tmp_path: Path) -> None:
    torch.manual_seed(1)
    first = trained(tmp_path / "first", plan(), dropout=0.5)
    torch.manual_seed(2)  # a caller's generator has no say
    again = trained(tmp_path / "again", plan(), dropout=0.5)
    other = trained(tmp_path / "other", plan(), dropout=0.5, seed=1)
    assert torch.equal(first[0], again[0])
    assert first[1] == again[1]
    assert not torch.equal(first[0], other[0])


def test_worker_processes_change_nothing(tmp_path: Path) -> None:
    assert torch.equal(trained(tmp_path / "0", plan())[0], trained(tmp_path / "2", plan(), num_workers=2)[0])


def test_bfloat16_runs_on_a_cpu_and_keeps_float32_weights(tmp_path: Path) -> None:
    seen = []

    class Watched(Restorer):
        def step(self, batch: Batch) -> Loss:
            seen.append(self.layers(batch.features.float()).dtype)
            return super().step(batch)

    model = Watched(dtype=torch.float32)
    history = fit(model, Toys(), plan(epochs=5, precision="bfloat16"), folder=tmp_path, stream=Stream(0))
    assert set(seen) == {torch.bfloat16}
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert history[-1]["loss"] < history[0]["loss"]


def test_the_callers_generators_are_left_as_they_were(tmp_path: Path) -> None:
    random.seed(1), np.random.seed(2), torch.manual_seed(3)
    expected = (random.random(), np.random.rand(), torch.rand(1))
    random.seed(1), np.random.seed(2), torch.manual_seed(3)
    trained(tmp_path, plan(), dropout=0.5)
    assert (random.random(), np.random.rand(), torch.rand(1)) == expected


def test_progress_counts_the_iterations_of_the_whole_fit(tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []
    trained(tmp_path, plan(), progress=told.append, stage="pretrain")
    assert [(state["epoch"], state["iteration"]) for state in told] == [(1, 1), (1, 2), (2, 3), (2, 4)]
    assert {(state["stage"], state["epochs"], state["iterations"]) for state in told} == {("pretrain", 2, 4)}
    assert all(state["loss"] > 0 for state in told)


def test_nothing_is_printed_and_one_log_and_one_checkpoint_are_kept(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    trained(tmp_path, plan(), stage="pretrain")
    trained(tmp_path, plan(), stage="pretrain")
    assert capfd.readouterr() == ("", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.pth", "training.log"]
    assert "pretrain: epoch 2/2, loss" in (tmp_path / "training.log").read_text()


def test_a_process_that_trains_many_folds_keeps_nothing_of_them(tmp_path: Path) -> None:
    from mmengine.logging import MessageHub, MMLogger
    from mmengine.registry import DefaultScope

    def kept() -> list[list[str]]:
        return [list(manager._instance_dict) for manager in (MMLogger, MessageHub, DefaultScope)]

    before, root = kept(), list(logging.getLogger().handlers)
    for fold in ("a", "b", "c"):
        trained(tmp_path / fold, plan(), checkpoint_every=None)
        assert [path.name for path in (tmp_path / fold).iterdir()] == ["training.log"]
    assert kept() == before
    assert logging.getLogger().handlers == root


def test_the_model_is_left_in_eval_mode(tmp_path: Path) -> None:
    model = Restorer()
    fit(model, Toys(), plan(), folder=tmp_path, stream=Stream(0))
    assert not model.training


def test_no_samples_and_no_targets_are_errors(tmp_path: Path) -> None:
    class NothingCounts(Restorer):
        def step(self, batch: Batch) -> Loss:
            loss = super().step(batch)
            return Loss({"loss": 0 * loss.sums["loss"]}, 0 * loss.count)

    with pytest.raises(RunError, match="pretrain: there is nothing to train on"):
        fit(Restorer(), Toys(0), plan(), folder=tmp_path, stream=Stream(0), stage="pretrain")
    with pytest.raises(RunError, match="nothing counted in the loss of epoch 1"):
        fit(NothingCounts(), Toys(), plan(), folder=tmp_path, stream=Stream(0))


def test_importing_the_engine_does_not_import_mmengines_runner_and_importing_that_warns_of_nothing() -> None:
    code = "import vsslfw.engine, sys; assert 'mmengine.runner' not in sys.modules; import vsslfw.engine.runner"
    done = subprocess.run([sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
