"""No report is ever made from NaN, nor from a model that answers the same for everything (design reading 12)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vsslfw.engine import (
    CHECKPOINT,
    Classifier,
    PretextModel,
    Training,
    check_not_collapsed,
    check_tells_apart,
    evaluate_pretext,
    fit,
    predict,
)
from vsslfw.errors import RunError
from vsslfw.interfaces import Head, SequenceEncoder
from vsslfw.seeds import Stream
from vsslfw.types import Batch, Loss

TRAINING = Training(epochs=3, batch_size=2, lr=0.5, weight_decay=0.0)


def sample(index: int) -> Batch:
    clean = torch.tensor([[0, 1]])
    return Batch(torch.randn(1, 2, 3, generator=torch.Generator().manual_seed(index)), clean, clean, clean >= 0, clean / 25)


class Four:
    def __len__(self) -> int:
        return 4

    def sample(self, index: int, epoch: int) -> Batch:
        return sample(index)


class Diverges(nn.Module):
    """Its loss stops being finite in one epoch; or, after the last step, its weights do."""

    def __init__(self, at_step: int, *, weights: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))
        self.steps = 0
        self.at_step = at_step
        self.bad_gradient = weights

    def step(self, batch: Batch) -> Loss:
        self.steps += 1
        loss = (self.weight * batch.features).square().sum()
        if self.steps == self.at_step:
            loss = loss + (self.weight - self.weight.detach()).abs().sqrt().sum() if self.bad_gradient else loss * float("nan")
        return Loss({"loss": loss}, batch.valid.sum())


def test_a_loss_that_is_not_finite_stops_before_the_weights_are_touched(tmp_path: Path) -> None:
    model = Diverges(at_step=3)
    with pytest.raises(RunError) as caught:
        fit(model, Four(), TRAINING, folder=tmp_path, stream=Stream(0), stage="pretrain")
    message = str(caught.value)
    assert "pretrain: the loss is nan in epoch 2 of 3, at learning rate 0.3333" in message
    assert "`--profile stable`" in message
    assert torch.isfinite(model.weight).all()


def test_weights_that_are_not_finite_are_never_kept(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="the weights are not finite any more in epoch 3 of 3"):
        fit(Diverges(at_step=6, weights=True), Four(), TRAINING, folder=tmp_path, stream=Stream(0))
    checkpoint = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    assert checkpoint["meta"]["epoch"] == 2
    assert torch.isfinite(checkpoint["state_dict"]["model.weight"]).all()


class Passes(SequenceEncoder):
    """Hidden states are the features, at a scale; at scale 0 only the position shows."""

    hidden_dim = 3
    max_positions = 2

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        return self.scale * features + torch.arange(features.shape[1]).view(1, -1, 1)


class Restores(Head):
    task = "pretext"

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(3))

    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        return hidden + self.bias

    def loss(self, output: Tensor, batch: Batch) -> Loss:
        raise NotImplementedError


class Answers(Restores):
    task = "classification"

    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        return hidden.mean(1) + self.bias


@pytest.mark.parametrize(("scale", "collapsed"), [(0.0, True), (1e-5, True), (0.02, False), (1.0, False)])
def test_a_pretext_model_that_restores_the_same_for_every_clip_is_stopped(scale: float, collapsed: bool) -> None:
    model = PretextModel(Passes(scale), Restores(), mask_feature=torch.zeros(3))
    evaluation = evaluate_pretext(model, Four(), mean_feature=torch.zeros(3))
    if collapsed:
        with pytest.raises(RunError, match="over 4 clips its restored features differ"):
            check_not_collapsed(evaluation)
    else:
        assert check_not_collapsed(evaluation) == pytest.approx(scale, rel=1e-4)


def test_one_clip_alone_and_clips_that_are_the_same_cannot_show_a_collapse() -> None:
    assert check_not_collapsed({"clips": 1, "spread": {"model": None, "targets": None}}) is None
    assert check_not_collapsed({"clips": 5, "spread": {"model": 0.0, "targets": 0.0}}) is None


@pytest.mark.parametrize(("scale", "collapsed"), [(0.0, True), (1e-5, True), (0.02, False), (1.0, False)])
def test_a_classifier_that_answers_the_same_for_every_video_is_stopped(scale: float, collapsed: bool) -> None:
    probabilities = predict(Classifier(Passes(scale), Answers()), [sample(index) for index in range(4)])
    if collapsed:
        with pytest.raises(RunError, match="finetune: the classifier answers the same for everything: 4 training videos"):
            check_tells_apart(probabilities)
    else:
        assert check_tells_apart(probabilities) == pytest.approx(np.ptp(probabilities, axis=0).max())


def test_one_video_cannot_show_a_collapse() -> None:
    assert check_tells_apart(np.array([[0.5, 0.5]])) is None


def test_an_answer_that_is_not_finite_is_never_a_probability() -> None:
    broken = sample(1)
    broken.features[0, 0, 0] = float("nan")
    with pytest.raises(RunError, match="not finite for 1 of 2 windows"):
        predict(Classifier(Passes(1.0), Answers()), [sample(0), broken])


def test_a_learning_rate_far_too_high_collapses_a_real_encoder_and_a_modest_one_does_not(tmp_path: Path) -> None:
    from vsslfw.builtin.bert import Bert
    from vsslfw.builtin.feature_regression import FeatureRegression

    def trained(lr: float) -> dict[str, Any]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            encoder = Bert(3, hidden_dim=32, layers=6, heads=2, intermediate_dim=128, max_positions=2)
            model = PretextModel(encoder, FeatureRegression(32, 3), mask_feature=torch.zeros(3))
        fit(model, Four(), Training(epochs=40, batch_size=4, lr=lr), folder=tmp_path / str(lr), stream=Stream(0), checkpoint_every=None)
        return evaluate_pretext(model, Four(), mean_feature=torch.zeros(3))

    with pytest.raises(RunError, match="answers the same for everything"):
        check_not_collapsed(trained(0.1))
    relative = check_not_collapsed(trained(0.001))
    assert relative is not None
    assert relative > 0.01
