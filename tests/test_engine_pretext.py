"""The pretext model, and its error beside three answers that need no learning; by hand-made cases."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vsslfw.engine import PretextModel, collate, evaluate_pretext
from vsslfw.engine.pretext import interpolate
from vsslfw.interfaces import FeatureCorruption, Head, SequenceEncoder
from vsslfw.plan import IGNORE, MASK, PAD, CorruptionPlan
from vsslfw.types import Batch, Loss

MASK_FEATURE = torch.tensor([100.0, 0.0])


class Identity(SequenceEncoder):
    hidden_dim = 2
    max_positions = 8

    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        return features


class Adds(Head):
    """Restores what it is shown, plus a number."""

    task = "pretext"

    def __init__(self, amount: float = 0.0) -> None:
        super().__init__()
        self.amount = nn.Parameter(torch.tensor(amount))

    def forward(self, hidden: Tensor, valid: Tensor) -> Tensor:
        return hidden + self.amount

    def loss(self, output: Tensor, batch: Batch) -> Loss:
        counts = batch.target != IGNORE
        return Loss({"loss": (output - batch.targets()).square().sum(-1)[counts].sum()}, counts.sum())


class Noise(FeatureCorruption):
    def __call__(self, features: Tensor, valid: Tensor, generator: np.random.Generator) -> Tensor:
        return features + valid.unsqueeze(-1) * torch.from_numpy(generator.normal(size=tuple(features.shape))).to(features.dtype)


def clip(source: list[int], target: list[int] | None = None, *, start: float = 0.0, seed: int = 0) -> Batch:
    """Frame i has the feature (start + i, 1); positions are one second apart; PAD has the feature (-7, -7)."""
    plan = CorruptionPlan(np.array(source), np.array(target or [i if shown != PAD else IGNORE for i, shown in enumerate(source)]))
    features = torch.stack([start + torch.arange(len(plan)), torch.ones(len(plan))], -1)
    features[~torch.tensor(plan.valid.copy())] = -7
    tensors = [torch.tensor(array.copy())[None] for array in (plan.source, plan.target, plan.valid)]
    return Batch(features[None], *tensors, times=torch.arange(len(plan), dtype=torch.float64)[None], seeds=torch.tensor([seed]))


class Listed:
    def __init__(self, *clips: Batch) -> None:
        self.clips = clips

    def __len__(self) -> int:
        return len(self.clips)

    def sample(self, index: int, epoch: int) -> Batch:
        return self.clips[index]


def model(amount: float = 0.0, **options: object) -> PretextModel:
    return PretextModel(Identity(), Adds(amount), mask_feature=MASK_FEATURE, **options)  # type: ignore[arg-type]


def test_the_model_is_shown_what_the_plan_says() -> None:
    shown = model()(clip([1, 0, MASK, 3, PAD]))
    assert shown[0].tolist() == [[1, 1], [0, 1], [100, 0], [3, 1], [-7, -7]]


def test_the_mask_is_a_buffer_or_learned() -> None:
    batch = clip([0, MASK])
    assert [name for name, _ in model().named_parameters()] == ["head.amount"]
    learned = model(learned_mask=True)
    assert torch.equal(learned.mask, MASK_FEATURE)
    learned.step(batch).sums["loss"].backward()
    assert learned.mask.grad is not None
    assert learned.mask.grad.tolist() == [198.0, -2.0]


def test_features_stored_in_float16_are_worked_on_in_float32() -> None:
    batch = clip([0, MASK])
    batch.features = batch.features.half()
    assert model()(batch).dtype == torch.float32
    assert float(model().step(batch).sums["loss"].detach()) == 99**2 + 1


def test_feature_corruption_depends_on_the_samples_seed_and_not_on_its_neighbours() -> None:
    noisy = model(feature_corruptions=[Noise(), Noise()])
    first, second = clip([0, 1, PAD], seed=1), clip([0, 1, PAD], seed=2)
    together = noisy(collate([first, second]))
    assert torch.equal(together, torch.cat([noisy(first), noisy(second)]))
    assert not torch.equal(together[0], together[1])
    assert together[:, 2].tolist() == [[-7, -7], [-7, -7]]


@pytest.mark.parametrize(
    ("known", "times", "expected"),
    [
        ([1, 1, 1, 1, 1], [0, 1, 2, 3, 4], [0, 10, 20, 30, 40]),
        ([1, 0, 0, 1, 1], [0, 1, 2, 3, 4], [0, 10, 20, 30, 40]),
        ([1, 0, 0, 1, 1], [0, 2, 2.5, 4, 5], [0, 15, 18.75, 30, 40]),  # times need not be even
        ([0, 0, 1, 0, 0], [0, 1, 2, 3, 4], [20, 20, 20, 20, 20]),
        ([0, 1, 0, 1, 0], [0, 1, 2, 3, 4], [10, 10, 20, 30, 30]),
        ([1, 0, 1, 1, 1], [0, 0, 0, 3, 4], [0, 0, 20, 30, 40]),  # equal times divide nothing by nothing
        ([0, 0, 0, 0, 0], [0, 1, 2, 3, 4], [0, 10, 20, 30, 40]),  # nothing to draw a line from: what is shown stays
    ],
)
def test_interpolation_over_time(known: list[int], times: list[float], expected: list[float]) -> None:
    shown = torch.tensor([0.0, 10, 20, 30, 40])
    found = interpolate(shown.view(1, 5, 1), torch.tensor([known]).bool(), torch.tensor([times], dtype=torch.float64))
    assert found.flatten().tolist() == expected


def test_the_four_answers_at_the_four_places() -> None:
    # Frames 0..5 are (i, 1); positions 1 and 2 are swapped, position 4 is masked, and one position is PAD.
    batch = clip([0, 2, 1, 3, MASK, 5, PAD])
    found = evaluate_pretext(model(2.0), Listed(batch), mean_feature=torch.tensor([2.5, 1.0]))
    masked = 102.0 - 4
    assert found["clips"] == 1
    assert found["frames"] == {"all": 6, "masked": 1, "moved": 2, "untouched": 3}
    assert found["copy"] == {"all": pytest.approx((96**2 + 1 + 2) / 6), "masked": 96**2 + 1, "moved": 1, "untouched": 0}
    mean = {"all": 17.5 / 6, "masked": 1.5**2, "moved": 1.25, "untouched": (6.25 + 0.25 + 6.25) / 3}
    assert found["mean"] == pytest.approx(mean)
    assert found["interpolation"] == {"all": pytest.approx(2 / 6), "masked": 0, "moved": 1, "untouched": 0}
    moved = (3**2 + 2**2 + 1**2 + 2**2) / 2
    assert found["model"]["masked"] == masked**2 + 1
    assert found["model"]["moved"] == moved
    assert found["model"]["untouched"] == 8
    assert found["model"]["all"] == pytest.approx((masked**2 + 1 + 2 * moved + 3 * 8) / 6)
    assert found["spread"] == {"model": None, "targets": None}


def test_a_place_where_nothing_counts_has_no_error() -> None:
    found = evaluate_pretext(model(), Listed(clip([0, 1, MASK], [IGNORE, IGNORE, 2])), mean_feature=torch.zeros(2))
    assert found["frames"] == {"all": 1, "masked": 1, "moved": 0, "untouched": 0}
    assert found["model"]["untouched"] is None
    assert found["copy"]["moved"] is None


@pytest.mark.parametrize("batch_size", [1, 2, 16])
def test_clips_of_any_length_in_batches_of_any_size_give_the_same(batch_size: int) -> None:
    clips = [clip([0, MASK, 2, PAD]), clip([1, 0, PAD, PAD], start=3), clip([0, 1, MASK, MASK], start=5)]
    found = evaluate_pretext(model(1.0), Listed(*clips), mean_feature=torch.ones(2), batch_size=batch_size)
    assert found["frames"] == {"all": 9, "masked": 3, "moved": 2, "untouched": 4}
    assert found["interpolation"]["masked"] == pytest.approx((0 + 1 + 4) / 3)
    spread = np.sqrt(np.mean([[np.var([0, 3, 5]), 0], [np.var([1, 4, 6]), 0], [np.var([2, 7]), 0]]))
    assert found["spread"]["targets"] == pytest.approx(spread)


def test_frame_level_corruption_is_judged_by_the_clean_features() -> None:
    batch = clip([0, 1])
    batch.clean = batch.features + 3
    found = evaluate_pretext(model(), Listed(batch), mean_feature=torch.zeros(2))
    assert found["copy"]["all"] == 18


def test_the_models_mode_comes_back() -> None:
    trained = model().train()
    evaluate_pretext(trained, Listed(clip([0, 1])), mean_feature=torch.zeros(2))
    assert trained.training
